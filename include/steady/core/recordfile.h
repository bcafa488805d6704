/*
 * Where a unit's record lies, and whether it speaks of the build that is there.
 *
 * `<fingerprint directory>/steady-<base>`: it lives and dies with the unit, cargo ignores it, caches keep it.
 */
#ifndef STEADY_CORE_RECORDFILE_H
#define STEADY_CORE_RECORDFILE_H

#include "steady/core/unitfiles.h"
#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#define RECORDFILE_PREFIX "steady-"

/** Relative to the build directory. */
char *recordfile_path(struct arena *mem, const struct unit *u);
/** 0; FSIO_MISSING; -errno for one that cannot be used, with the reason. */
int recordfile_load(
	const struct target *t, const struct unit *u, struct arena *mem, struct record *ret, struct err *err);
/** Replaces the record; *ret_bytes is what it takes. Not synced: a record that is lost is a rebuild. */
int recordfile_save(const struct target *t, struct unit *u, const struct record *record, size_t *ret_bytes,
	struct err *err);

/** Is the hash file's text the recorded one? */
bool record_has_hash(const struct record *record, const struct unit *u);

/** Does the record speak of the build that is there? */
enum record_bond {
	/** Its hash is another, or there is no stamp. */
	BOND_NONE,
	/** Of the same hash, but of another start. */
	BOND_OTHER,
	/**
	 * The stamp that is there has whole seconds and is about the recorded one, as archives leave it. Two builds may
	 * be started in a second: it is this one if the outputs are (core/outdigest.h).
	 */
	BOND_COARSE,
	/** It was started in the recorded nanosecond. */
	BOND_EXACT,
};
enum record_bond record_bond(const struct record *record, const struct unit_files *files);
/** Is the start that is there the recorded one, to the nanosecond? */
bool record_has_start(const struct record *record, const struct unit_files *files);

#endif
