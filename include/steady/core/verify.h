/*
 * Which units were built from what the work tree holds now.
 *
 *	struct verification *v = NULL;
 *	verify(&request, &v, &err);			reads only
 *	for (size_t i = 0; i < t->count; i++)
 *		... v->unit[i].verdict, v->unit[i].reason ...
 *	v = verification_free(v);
 *
 * Evidence or rebuild: a unit is verified only if each of its inputs is proven to hold the bytes it was built from,
 * and each of its dependencies is the very build that it was built against. The proof is a record that binds to this
 * build or, where the build has none, the file system (core/place.h). A record's "changed" is final.
 */
#ifndef STEADY_CORE_VERIFY_H
#define STEADY_CORE_VERIFY_H

#include "steady/core/observe.h"
#include "steady/core/unitfiles.h"
#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/progress.h"

enum proof_verdict {
	/** Nothing to prove: no input that could change without cargo seeing it, and no such unit below. */
	VERDICT_IMMUTABLE,
	VERDICT_VERIFIED,
	/** Proven to have been built from something else. */
	VERDICT_CHANGED,
	/** Nothing proves what it was built from. */
	VERDICT_UNKNOWN,
	/** Of another workspace that shares the target directory (core/foreign.h): not judged. */
	VERDICT_ELSEWHERE,
};

struct unit_verdict {
	enum proof_verdict verdict;
	/** Why it must be rebuilt: names a file, a variable or a unit. NULL for units that stay. */
	const char *reason;
	/** The dependency that is the reason, or UNIT_NONE. */
	size_t cause;
	/** The record, if there is one that can be read (it may be of another build), or NULL. */
	const struct record *record;
	/** The record binds to this build. */
	bool bound;
	/** It binds by the outputs' digest, since its stamp was lost (core/lost.h). */
	bool rebound;
	/** What it stands on, where a unit above it has to know that; or zeros. */
	struct digest bedrock;
	/** There is a record that cannot be read: why. */
	const char *rejected;
	/** Verified by the file system, not by a record. */
	bool by_place;
	/** The package that cargo watches as a whole, or NULL. */
	const struct pkglist *package;
	/** Newest mtime that cargo will compare with the reference, zero if there is none. */
	struct timespec newest;
};

struct verify_request {
	struct target *target;
	struct unitfiles *files;
	struct observer *observer;
	const struct progress *progress;
};

/** What cargo itself sees of a unit's inputs, whatever the verdict. */
struct unit_watched {
	/** Newest mtime of those that it compares with the reference. */
	struct timespec newest;
	/** One of them is not there. */
	bool missing;
	/** The newest file of the whole package is another than the fingerprint says. */
	bool other_text;
};

struct verification {
	struct arena *mem;
	struct recordset *records;
	/** One for each unit of the target. */
	struct unit_verdict *unit;
	/** Its hash file is empty and can be written again (core/revive.h). */
	bool *revived;
	/** It was perhaps built against another build of what is below it (core/lost.h). */
	bool *shaken;
	struct unit_watched *watched;
	/** All units, dependencies first. */
	size_t *order;
	/** The directory's stamps were lost on the way: order comes from the records. */
	bool lost;
	/** When the inputs were looked at: later edits have later stamps. */
	struct timespec looked;
};

int verify(const struct verify_request *request, struct verification **ret, struct err *err);
/** Accepts NULL, returns NULL. */
struct verification *verification_free(struct verification *v);
void verification_cleanup(struct verification **v);
#define CLEANUP_VERIFICATION CLEANUP(verification_cleanup)

/** What keeps the unit from being judged by its inputs: an unfinished build, a fingerprint that is not understood.
 * NULL if nothing does. */
const char *unit_unfit(const struct unit *u);
const char *verdict_name(enum proof_verdict verdict);
/** True for VERDICT_IMMUTABLE and VERDICT_VERIFIED. */
bool verdict_stays(enum proof_verdict verdict);

#endif
