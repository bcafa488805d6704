/*
 * The text of the sources that a unit was compiled from.
 *
 *	bool runs_git = unitsources_any(files, unit, speaks_of_git);
 *
 * For guesses about what a build script does, where not knowing means the worst.
 */
#ifndef STEADY_CORE_UNITSOURCES_H
#define STEADY_CORE_UNITSOURCES_H

#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/span.h"

/** Does any source match, of those that cargo's dep-info names? What cannot be read, or is not named, counts as matching. */
bool unitsources_any(struct unitfiles *files, size_t unit, bool (*match)(struct span text));

#endif
