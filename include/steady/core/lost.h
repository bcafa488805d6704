/*
 * Target directories whose time stamps were lost on the way: `tar -m`, `cp -r`, archives that keep whole seconds, a
 * clock that was set.
 *
 * A record binds to the time when cargo started the unit. Where not one record of a build directory agrees with what
 * is there, but outputs have the recorded digests, the stamps were lost in bulk and the units are the recorded ones;
 * their order is that of the bindings alone. A single unit that was built again is not taken for that: the others'
 * records agree.
 *
 *	struct lost *l = lost_find(target, files, observer, verdicts, mem);
 *	...
 *	lost_rebind(target, files, verification, &err);	once the stamps are settled
 */
#ifndef STEADY_CORE_LOST_H
#define STEADY_CORE_LOST_H

#include "steady/core/verify.h"

/**
 * Were the stamps lost? Then the verdicts whose records are those of the units there are marked `bound` and `rebound`.
 * Reads outputs where it must.
 */
bool lost_find(const struct verify_request *request, struct unit_verdict *verdict);
/** Binds the records of `rebound` units to the stamps that are there now. */
int lost_rebind(
	const struct target *t, struct unitfiles *files, const struct verification *v, struct err *err);

#endif
