/*
 * Files that hold one of a few strings, found by reading them: values compiled into binaries, paths in an
 * OUT_DIR.
 */
#ifndef STEADY_CORE_EMBEDDED_H
#define STEADY_CORE_EMBEDDED_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

/** 1 if the regular file holds one of the needles, 0 if not, -errno where it cannot be read. */
int embedded_in_file(int dirfd, const char *path, const struct span *needle, size_t count, struct err *err);

/** Skips a file of a tree; the path is relative to the same directory as the tree's. */
typedef bool embedded_skip(const char *path, void *ctx);
/**
 * Searches the files of a tree, links not followed. 1 and *ret_path (in mem) at the first hit, 0 without one,
 * -E2BIG where the tree is too large to be searched, other errors where a part cannot be read. A missing tree
 * is 0.
 */
int embedded_in_tree(int dirfd, const char *path, const struct span *needle, size_t count,
	embedded_skip *skip, void *ctx, struct arena *mem, const char **ret_path, struct err *err);

#endif
