/*
 * References set aside: the file that cargo compares inputs with, renamed so that cargo builds the unit, and everything
 * above it, again.
 *
 * `dep-<base>` becomes `steady-aside-<base>` beside it, a script's `output` (`stdout`) becomes `steady-aside-output`
 * (`steady-aside-stdout`). Renaming keeps the mtime and can be undone while cargo has not built the unit again.
 */
#ifndef STEADY_CORE_ASIDE_H
#define STEADY_CORE_ASIDE_H

#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

#define ASIDE_PREFIX "steady-aside-"

enum aside_state {
	ASIDE_NONE,
	/** There, and cargo could read it. */
	ASIDE_USABLE,
	ASIDE_DAMAGED,
};

/** Where the output of a script's run goes. */
char *aside_path_of_run(struct arena *mem, const struct unit *run);
/** Where the unit's reference goes; NULL for units without one. */
char *aside_path(struct arena *mem, const struct unit_files *files);
/** Is one there? *ret_mtime (if one is) is its time. */
enum aside_state aside_look(
	const struct target *t, const struct unit_files *files, struct timespec *ret_mtime);

#endif
