/*
 * The records of all units, read on several threads.
 *
 *	struct recordset *records = recordset_load(target);
 *	const struct recordset_entry *e = recordset_get(records, i);
 *	if (e->record != NULL && record_bond(e->record, files) == BOND_EXACT)
 *		...
 *	records = recordset_free(records);
 */
#ifndef STEADY_CORE_RECORDSET_H
#define STEADY_CORE_RECORDSET_H

#include "steady/core/recordfile.h"
#include "steady/core/target.h"
#include "steady/util/base.h"

struct recordset_entry {
	/** NULL if there is none that can be read. */
	struct record *record;
	/** There is one that cannot be read: why. */
	const char *rejected;
};

struct recordset;

/** Never fails; never NULL. */
struct recordset *recordset_load(const struct target *t);
/** Lives as long as the set. */
const struct recordset_entry *recordset_get(const struct recordset *records, size_t unit);
/** Accepts NULL, returns NULL. */
struct recordset *recordset_free(struct recordset *records);

#endif
