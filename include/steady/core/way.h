/*
 * The way to a file: the directories and symbolic links that resolving its path passes through.
 *
 * What a path means can change without any change of the file at its end: a link gets another text, a directory is
 * renamed and another takes its place. Links are inputs of their own; a directory that took another's place shows in
 * its ctime.
 *
 *	struct ways *ways = ways_new("/ws");
 *	ways_follow(ways, "/ws/a/link/b.rs", visit, ctx);
 *	ways = ways_free(ways);
 *
 * The way to a path below the workspace root begins below that root, to any other path below the nearest directory
 * that both have above them. What was looked at once is not looked at again.
 */
#ifndef STEADY_CORE_WAY_H
#define STEADY_CORE_WAY_H

#include "steady/util/base.h"
#include "steady/util/fsio.h"

#include <time.h>

enum way_kind {
	/** A directory; never the last component itself. */
	WAY_DIRECTORY,
	/** A symbolic link, `text` is where it leads; the last component too. */
	WAY_LINK,
};

struct way_step {
	enum way_kind kind;
	/** Absolute, without links in its own way. */
	const char *path;
	/** WAY_LINK only. */
	const char *text;
	struct timespec mtime, ctime;
};

struct ways;

/** See ways_follow. */
#define WAYS_FILE 1

/** `root` is absolute, without a slash at the end. */
struct ways *ways_new(const char *root);
/** Accepts NULL, returns NULL. */
struct ways *ways_free(struct ways *w);

/** From now on the directory is no step: others write to it all the time, so that its times say nothing. */
void ways_pass_over(struct ways *w, const char *directory);

/**
 * Somebody looked at the directory already: its path, without links below the root, and its entries, which must outlive the
 * ways' use. Its times are in `times`, NULL if it shall be looked at all the same.
 */
void ways_know(
	struct ways *w, const char *directory, const struct dir_list *list, const struct way_step *times);

/**
 * Visits the steps to the absolute `path` in the order in which the kernel takes them. Stops where nothing is there.
 * 0; WAYS_FILE if the path's directory was listed, and then it was a regular file; or -ELOOP for a path that leads in circles.
 */
int ways_follow(
	struct ways *w, const char *path, void (*visit)(const struct way_step *step, void *ctx), void *ctx);

#endif
