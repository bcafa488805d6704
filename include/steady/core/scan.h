/*
 * What is in a build directory, beyond its graph: throw-away interpreter paths, recorded interpreters,
 * versions.
 *
 *	struct scan *s = scan_new(target);
 *	... s->sightings, s->interpreter ...
 *	s = scan_free(s);
 *
 * Reads only, and needs no lock: what a cargo at work changes meanwhile shows in part.
 */
#ifndef STEADY_CORE_SCAN_H
#define STEADY_CORE_SCAN_H

#include "steady/core/sighting.h"
#include "steady/core/target.h"
#include "steady/util/base.h"

/** An interpreter that configs in the tree tell of. */
struct scan_interpreter {
	/** The first config that does. */
	const struct config_sighting *seen;
	/** How many configs say the same. */
	size_t configs;
	/** Its path lies in a throw-away environment. */
	bool ephemeral;
};

struct scan {
	const struct target *target;
	/** In the order of the units. */
	struct sighting_list sightings;
	struct config_list configs;
	/** Distinct ones. */
	struct scan_interpreter *interpreter;
	size_t ninterpreter;
	/** Numbers over all units: of packages, and of units by what their hash file proves. */
	size_t packages, verified, failed, without_hash;
	struct arena *mem;
	struct arena **part;
	size_t npart;
};

/** Also fills in the units' versions where rustc's .d files tell them, if `versions` is set. */
struct scan *scan_new(struct target *t, bool versions);
/** Accepts NULL, returns NULL. The target stays. */
struct scan *scan_free(struct scan *s);
void scan_cleanup(struct scan **s);
#define CLEANUP_SCAN CLEANUP(scan_cleanup)

#endif
