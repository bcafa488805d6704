/*
 * The modification time of an input as cargo sees it (cargo_util::paths::mtime_recursive).
 *
 * A file's is that of what the path leads to. A directory's is the newest of the whole tree below it, reached
 * through links: the directory itself, its sub-directories and files, and of a link the newer of its own and
 * its target's. Dangling links, links to a directory on the way and what cannot be read do not count. Nothing
 * is opened but directories.
 */
#ifndef STEADY_CORE_MTIMEWALK_H
#define STEADY_CORE_MTIMEWALK_H

#include "steady/util/base.h"
#include "steady/util/err.h"

#include <time.h>

/** Entries after which a tree is given up (-E2BIG): links to directories can make one endless for practical
 * ends. */
#define MTIMEWALK_MAX_ENTRIES ((size_t)4000000)

/** FSIO_MISSING (1) where cargo would say that the file is missing: absent, a dangling link, not allowed. */
int mtime_recursive(const char *path, struct timespec *ret, struct err *err);
/** The same with a limit of one's own. *ret_entries is set in any case: how many entries were looked at. */
int mtime_recursive_within(
	const char *path, size_t limit, size_t *ret_entries, struct timespec *ret, struct err *err);

#endif
