/*
 * One look at a build directory with everything that judging its units takes: what `restore`, `save` and the shim share.
 *
 *	struct keeper *k = NULL;
 *	keeper_open(&options, &k, &err);		under cargo's locks, unless only reading
 *	keeper_adopt(k, NULL, &err);			k->adoption, and the rest follows it
 *	keeper_verify(k, progress, &err);		k->verification, k->plan
 *	keeper_restore(k, &err);			carries the plan out and leaves the mark
 *	keeper_record(k, &wanted, progress, &err);	k->recording
 *	recording_write(k->target, k->recording, &err);
 *	keeper_adopt(k, NULL, &err);			where it was not done before: records first, since they follow
 *	k = keeper_close(k);
 */
#ifndef STEADY_CORE_KEEPER_H
#define STEADY_CORE_KEEPER_H

#include "steady/core/adopt.h"
#include "steady/core/journal.h"
#include "steady/core/locate.h"
#include "steady/core/observe.h"
#include "steady/core/recording.h"
#include "steady/core/rewrite.h"
#include "steady/core/stamps.h"
#include "steady/core/target.h"
#include "steady/core/unitfiles.h"
#include "steady/core/verify.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/progress.h"

struct digestcache;

struct keeper_options {
	/** Must have a workspace root. */
	const struct location *where;
	/** Only the directories of this profile ("debug"), for a caller that locked no other; NULL: all. */
	const char *profile;
	/** Change nothing, not even what an interrupted run left. */
	bool read_only;
	/** Where stashed outputs may lie (core/stash.h), to be brought back; NULL: nowhere. */
	const char *stash;
	/** Digests known from earlier runs (core/digestcache.h); NULL: all is hashed. It must outlive the keeper. */
	struct digestcache *digests;
};

struct keeper {
	const struct location *where;
	const char *profile;
	bool read_only;
	/** What became of an interrupted change. */
	enum journal_outcome recovered;
	/** Files brought back from the stash. */
	size_t unstashed;
	struct target *target;
	struct unitfiles *files;
	struct observer *observer;
	/** After keeper_adopt, if there was anything to adopt; and the target as it was, which the plan speaks of. */
	struct adoption *adoption;
	struct target *unadopted;
	struct unitfiles *unadopted_files;
	/** After keeper_verify. */
	struct verification *verification;
	struct stamps_plan *plan;
	/** Texts of newest files, and the hashes above them. */
	struct rewrite_plan *rehash;
	/** After keeper_record; `marked`: `restore` ran in this work tree before something was built. */
	struct recording *recording;
	bool marked;
};

/** Which units to record; NULL members mean all. */
struct keeper_wanted {
	const char *const *package;
	size_t npackage;
	const char *profile;
};

int keeper_open(const struct keeper_options *options, struct keeper **ret, struct err *err);
/** Accepts NULL, returns NULL. */
struct keeper *keeper_close(struct keeper *k);
void keeper_cleanup(struct keeper **k);
#define CLEANUP_KEEPER CLEANUP(keeper_cleanup)

/**
 * Recorded throw-away environments become their interpreter's alias: `alias`, or NULL for that of the interpreter that the
 * user's environment names. Nothing is written if the keeper only reads. No alias is no error.
 */
int keeper_adopt(struct keeper *k, const struct alias *alias, struct err *err);
int keeper_verify(struct keeper *k, const struct progress *progress, struct err *err);
int keeper_restore(struct keeper *k, struct err *err);
int keeper_record(struct keeper *k, const struct keeper_wanted *wanted, const struct progress *progress,
	struct err *err);

/** Makes the build directory, if it is not there, as cargo makes a target directory (with CACHEDIR.TAG). */
int keeper_make(const struct location *where, struct err *err);
/** Takes away again what keeper_make made and a mark in it, if nothing else has come to it since. */
void keeper_unmake(const char *build_dir);
/** As keeper_make, and leaves the mark. */
int keeper_prepare(const struct location *where, struct err *err);

#endif
