/*
 * Which paths of a repository are meant: git's pathspecs without their magic. One names a file, a directory with
 * all below it, or, with wildcards, every path that matches as a whole ('*' matches slashes too).
 */
#ifndef STEADY_CORE_PATHSPEC_H
#define STEADY_CORE_PATHSPEC_H

#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

struct pathspec {
	/** Relative to the work tree, normalised; "" is all of it. */
	struct span *item;
	/** As the user wrote them. */
	const char *const *given;
	/** No items mean every path. */
	size_t count;
};

/**
 * `prefix` is the directory, relative to the work tree, that the words are relative to; ":/" before a word makes
 * it relative to the work tree. -EINVAL for other magic (":!", ":(...)") and for paths that leave the work tree.
 */
int pathspec_make(const char *prefix, const char *const *given, size_t count, struct arena *mem,
	struct pathspec *ret, struct err *err);
/** The first item that matches from item `from` on, or count. */
size_t pathspec_match(const struct pathspec *p, struct span path, size_t from);
bool pathspec_matches(const struct pathspec *p, struct span path);

#endif
