/*
 * Which records speak of the builds that are there, also where time stamps were lost on the way.
 *
 * A record binds to the time when cargo started the unit. Two ways to lose it:
 *
 *	- Archives that keep whole seconds (tar without pax headers, zip). The stamp that is there is about the recorded
 *	  one. This is decided for each unit: units that were built since the last journey have lost their stamps, those
 *	  that came with it were bound to whole seconds then.
 *	- `tar -m`, `cp -r`, a clock that was set: not one stamp of the build directory is about a recorded one.
 *
 * Then the unit is the recorded one if what it left behind is: its outputs and its dep-info file, byte for byte. Of two
 * builds with one hash file and equal outputs it makes no difference which is there, neither for dependents nor for
 * whoever runs the program: what is there is what the recorded inputs gave. That it read other files then would show in
 * its dep-info. So a stamp of whole seconds never binds alone, since two builds may be started in one second.
 *
 * Of a dependency that needs no record the one that is above it holds a digest (core/bedrock.h).
 *
 *	lost_find(request, verification);
 *	...
 *	lost_rebind(target, files, verification, &err);	once the stamps are settled
 */
#ifndef STEADY_CORE_LOST_H
#define STEADY_CORE_LOST_H

#include "steady/core/verify.h"

/**
 * Fills in `bound`, `rebound`, `bedrock` and v->shaken, from v->unit's records and v->order. Sets v->lost where all stamps
 * were lost. Reads outputs where it must.
 */
void lost_find(const struct verify_request *request, struct verification *v);
/** Binds the records of `rebound` units to the stamps that are there now. */
int lost_rebind(
	const struct target *t, struct unitfiles *files, const struct verification *v, struct err *err);

#endif
