/*
 * What must happen in a target directory so that cargo finds the units Fresh that are proven unchanged, and no other.
 *
 *	struct stamps_plan *plan = stamps_make_plan(target, files, verification);	pure: reads only
 *	stamps_invalidate(target, plan, &err);						under cargo's locks
 *	stamps_settle(target, plan, &err);
 *	plan = stamps_plan_free(plan);
 *
 * Sources are never touched. In this order, so that an end at any point leaves nothing but needless rebuilds:
 *	1. units that must be rebuilt are invalidated: their reference is set aside (core/aside.h), a doc unit's hash
 *	   file is emptied, the files in the OUT_DIR of a script that must run are dated back, since make and cmake
 *	   trust their times. Always: where every input is newer than all of them, make builds again whatever has an
 *	   input below it, dated back or not; and files that the script reads without saying so may have old times;
 *	2. references of verified units that were set aside are put back;
 *	3. from the bottom up, verified units get their stamps: the reference not less than the newest input (exactly
 *	   that if it has to be raised), the outputs not less than those of the dependencies, nothing later than
 *	   the look at the inputs.
 *
 * Where the stamps were lost on the way, everything that stays gets one stamp instead (equal is fresh for cargo): that
 * of the newest input.
 */
#ifndef STEADY_CORE_STAMPS_H
#define STEADY_CORE_STAMPS_H

#include "steady/core/unitfiles.h"
#include "steady/core/verify.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

enum stamp_act {
	/** Rename `path` to `to`. */
	STAMP_SET_ASIDE,
	/** Empty the file. */
	STAMP_EMPTY,
	/** Date all files below the directory back. */
	STAMP_AGE,
	/** Remove a file that was set aside before cargo made a new one. */
	STAMP_DROP,
	/** Write the unit's hash to its emptied hash file. */
	STAMP_REVIVE,
	/** Rename `path` to `to`. */
	STAMP_PUT_BACK,
	/** Set the file's mtime. */
	STAMP_SET,
	/** Set the mtime of all files below the directory. */
	STAMP_SET_TREE,
};

struct stamp_step {
	enum stamp_act act;
	size_t unit;
	/** Relative to the build directory; from the unit's name, never from a record. */
	const char *path, *to;
	struct timespec mtime;
};

struct stamps_plan {
	struct arena *mem;
	/** In the order of application. */
	struct stamp_step *step;
	size_t count;
	/** Steps that invalidate, and those that write hashes again: the first of them. */
	size_t invalidating;
	/** Steps of each kind. */
	size_t acts[STAMP_SET_TREE + 1];
};

struct stamps_plan *stamps_make_plan(
	const struct target *t, struct unitfiles *files, const struct verification *v);
/** The first part: what makes cargo build units. */
int stamps_invalidate(const struct target *t, const struct stamps_plan *plan, struct err *err);
/** The rest: what makes it keep units. */
int stamps_settle(const struct target *t, const struct stamps_plan *plan, struct err *err);
/** Accepts NULL, returns NULL. */
struct stamps_plan *stamps_plan_free(struct stamps_plan *plan);
void stamps_plan_cleanup(struct stamps_plan **plan);
#define CLEANUP_STAMPS_PLAN CLEANUP(stamps_plan_cleanup)

/** Does the directory below the build directory hold a file that is not dated back? */
bool stamps_has_fresh_files(const struct target *t, const char *directory);

#endif
