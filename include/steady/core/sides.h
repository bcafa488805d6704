/*
 * Side outputs: what build scripts wrote into the workspace itself.
 *
 * A script that generates src/gen.rs or dist/ leaves files that git ignores or does not know. A fresh clone lacks them
 * while the script counts as run. So they are recorded with the script, and when one is missing it runs again.
 *
 *	struct sides *sides = sides_find(&options);		one walk
 *	const char **path;
 *	size_t count = sides_between(sides, git, mem, start, end, &path);
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
	/** Older files are of no interest. */
	struct timespec since;
};

struct sides;

struct sides *sides_find(const struct sides_options *options);
/** Accepts NULL, returns NULL. */
struct sides *sides_free(struct sides *sides);
void sides_cleanup(struct sides **sides);
#define CLEANUP_SIDES CLEANUP(sides_cleanup)

/** Absolute paths, sorted, in mem. Files that git tracks are none; where git cannot be asked neither are any. */
size_t sides_between(struct sides *sides, struct pkggit *git, struct arena *mem, struct timespec start,
	struct timespec end, const char ***ret);

#endif
