/*
 * Units whose hash file cargo emptied for a build that never came to them.
 *
 * cargo empties the hash files of all units that it is going to build when it plans, and writes invoked.timestamp when it
 * starts one. Where a build failed or was cancelled before, the unit is still the one that its record tells of: the
 * JSON gives the recorded hash, and the unit was started when the record says. Such a unit is judged as if its hash file
 * were whole; if it is verified, the hash is written back.
 */
#ifndef STEADY_CORE_REVIVE_H
#define STEADY_CORE_REVIVE_H

#include "steady/core/recordset.h"
#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/**
 * Gives units whose emptied hash may be the recorded one that hash, in memory, and links the graph anew. For each unit:
 * is it one? In mem. It must not stay unless its record binds to it.
 */
bool *revive_find(struct target *t, const struct recordset *records, struct arena *mem);

#endif
