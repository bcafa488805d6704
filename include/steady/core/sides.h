/*
 * Side outputs: what build scripts wrote into the workspace itself.
 *
 * A script that generates src/gen.rs or dist/ leaves files that git ignores or does not know. A fresh clone lacks them
 * while the script counts as run. So they are recorded with the script, and when one is missing it runs again. And where
 * what a script wrote into its own package is tracked, a clone may hold other bytes than it would write: when they
 * differ, it runs again.
 *
 *	struct sides *sides = sides_find(&options);		one walk, in several threads: names
 *	sides_tell(sides, ways);				which others need not ask for then
 *	sides_date(sides, known, ctx);				and times, of what was not looked at otherwise
 *	const char **path;
 *	size_t count = sides_between(sides, git, mem, &when, &path);
 *	sides = sides_free(sides);
 *
 * A file is a script's if its ctime lies between the script's start and its `output`. Of scripts that ran at the same time
 * the one in whose package it lies is taken for the author, and where there is none, each of them.
 */
#ifndef STEADY_CORE_SIDES_H
#define STEADY_CORE_SIDES_H

#include "steady/core/pkggit.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

#include <time.h>

/** Of more files than this the directories are named. */
#define SIDES_MAX ((size_t)2000)

struct sides_options {
	/** Absolute. Nothing is looked for in the build and target directories and in repositories' own. */
	const char *workspace_root, *build_dir, *target_dir;
	/** Packages outside the workspace whose scripts ran, absolute. */
	const char *const *package;
	size_t npackage;
	/** Older files are of no interest. */
	struct timespec since;
};

struct sides;

/** The options must outlive the sides. */
struct sides *sides_find(const struct sides_options *options);

struct ways;
/** What lies in the directories, for core/way.h; `ways` must not be asked any more when the sides are freed. */
void sides_tell(const struct sides *sides, struct ways *ways);
/**
 * When each file was changed: says `known`, or else it is looked at. `known` may be NULL, and is called in several threads.
 */
void sides_date(struct sides *sides, bool (*known)(const void *ctx, const char *path, struct timespec *ret),
	const void *ctx);

/** Accepts NULL, returns NULL. */
struct sides *sides_free(struct sides *sides);
void sides_cleanup(struct sides **sides);
#define CLEANUP_SIDES CLEANUP(sides_cleanup)

/** One run of a script. */
struct sides_run {
	struct timespec start, end;
	/** The root of its package, below which files count that git tracks; NULL: they count nowhere. */
	const char *package;
};

/** Absolute paths, sorted, in mem. Where git cannot be asked there are none. */
size_t sides_between(struct sides *sides, struct pkggit *git, struct arena *mem, const struct sides_run *run,
	const char ***ret);

#endif
