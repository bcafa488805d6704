/*
 * Units whose macros may read directories.
 *
 * Some macros embed whatever lies in a directory: assets, templates, migrations. cargo is not told of files that are
 * added later, so a cached unit would go without them where a cold build has them. Such macros are known by the name of
 * their package, found anywhere among a unit's dependencies.
 */
#ifndef STEADY_CORE_MACROS_H
#define STEADY_CORE_MACROS_H

#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/** For each unit: is such a package below it? In mem. */
bool *macros_find(const struct target *t, struct arena *mem);
/** Is it the name of such a package? */
bool macros_reads_directories(const char *package);

#endif
