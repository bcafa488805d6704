/*
 * Files that are missing and that only a build script can have made: the script must run again, or the build fails.
 *
 * A fresh clone lacks what git ignores. If a unit was built from such a file, a script wrote it: the one of the unit's
 * own package if there is one, else any script of the workspace's packages among the unit's dependencies.
 *
 * A cache may also lack what a script left in its OUT_DIR: files that something was compiled from, libraries that it told
 * the linker of. Then that script must run again, whatever package it is of.
 */
#ifndef STEADY_CORE_REMAKE_H
#define STEADY_CORE_REMAKE_H

#include "steady/core/inputs.h"
#include "steady/core/pkggit.h"
#include "steady/util/base.h"

struct remake_request {
	const struct target *target;
	const struct inputs_context *context;
	struct pkggit *git;
	/** For each unit: the file that it has to make again, or NULL. Filled by remake_mark. */
	const char **remake;
};

/** The unit was built from the file at this absolute path, which is missing; the path must live on. */
void remake_mark(const struct remake_request *request, size_t unit, const char *path);
/** The same for whatever is missing of the inputs of a unit that nothing proves. */
void remake_look(const struct remake_request *request, size_t unit, const struct unit_inputs *inputs);
/** Marks the scripts whose OUT_DIR lacks a file that the unit was compiled from. What is put into `remake` lives in mem. */
void remake_look_out_dir(const struct remake_request *request, size_t unit, struct arena *mem);
/** The unit will be built again: marks its package's script if that told the linker of a library which its OUT_DIR lacks. True if
 * one was marked. */
bool remake_look_linked(const struct remake_request *request, size_t unit, struct arena *mem);

#endif
