/*
 * Units of other workspaces in a target directory that several share (build.target-dir in the user's own configuration).
 *
 * cargo will not ask for them from here, and their inputs lie elsewhere: they are neither judged by what lies here under
 * the same names, nor touched. A unit is one of them if the target directory lies outside the workspace, the workspace's
 * Cargo.lock does not know its package, and no manifest here has that name where the package would lie; and what
 * stands on such a unit is one too.
 */
#ifndef STEADY_CORE_FOREIGN_H
#define STEADY_CORE_FOREIGN_H

#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/** For each unit, in mem. `order` has dependencies first. */
bool *foreign_find(const struct target *t, struct unitfiles *files, const size_t *order, struct arena *mem);

#endif
