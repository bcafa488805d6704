/*
 * Why `restore` set a unit's reference aside: cargo knows only that the file is missing.
 *
 * The inputs are looked at once more, as `restore` looks at them, and nothing is changed. Where that finds nothing (the old
 * bytes came back), that is said.
 */
#ifndef STEADY_CORE_ASIDEWHY_H
#define STEADY_CORE_ASIDEWHY_H

#include "steady/core/explain.h"
#include "steady/core/locate.h"

struct digestcache;

/** Fills explain->aside for the causes that are such units. `where` must have a workspace root; `digests` may be NULL. */
int asidewhy_find(struct explain *explain, struct unitfiles *files, const struct location *where,
	struct digestcache *digests, struct err *err);

#endif
