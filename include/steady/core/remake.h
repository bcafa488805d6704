/*
 * Files that are missing and that only a build script can have made: the script must run again, or the build fails.
 *
 * A fresh clone lacks what git ignores. If a unit was built from such a file, a script wrote it: the one of the unit's
 * own package if there is one, else any script of the workspace's packages among the unit's dependencies.
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

#endif
