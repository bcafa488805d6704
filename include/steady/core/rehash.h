/*
 * New hashes for changed fingerprints and for everything above them.
 *
 * A fingerprint holds the hashes of its dependencies, so a change runs upwards through the graph, across
 * profiles and triples. Equal hashes mean equal contents, so one old hash has one new hash: whoever edits a
 * unit must edit every unit with the same hash in the same way (rehash_twins).
 */
#ifndef STEADY_CORE_REHASH_H
#define STEADY_CORE_REHASH_H

#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

struct rehash_unit {
	/** Does the unit's hash change? */
	bool changed;
	uint64_t hash;
	/** With new locals and new hashes of dependencies; valid if changed. */
	struct fingerprint fingerprint;
};

struct rehash {
	/** One for each unit of the target. */
	struct rehash_unit *unit;
	/** Indices of the changed units, dependencies before dependents. */
	size_t *order;
	size_t count;
};

/**
 * edited[i] is the new fingerprint of unit i (its dependencies' hashes still old), or NULL if it is not
 * edited itself. Only verified units change. Everything returned lives in mem.
 */
void rehash_compute(const struct target *t, const struct fingerprint *const edited[], struct arena *mem,
	struct rehash *ret);

/** Hash to units: the units with one hash are next to each other. */
struct rehash_index;
struct rehash_index *rehash_index_new(const struct target *t, struct arena *mem);
/** The units that have this hash and are verified: *ret_count of them, indices into the target. */
const size_t *rehash_twins(const struct rehash_index *index, uint64_t hash, size_t *ret_count);

#endif
