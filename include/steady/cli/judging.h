/*
 * Judging the units of the target directory around a change of the sources' times.
 *
 *	judging_begin(call, dry_run, &j, &err);		takes cargo's locks
 *	judging_before(j, &err);			records, adopts, proves, invalidates
 *	... set the times ...
 *	judging_after(j, &tally, &err);			settles what stays fresh against the new times
 *	j = judging_end(j);
 *
 * Lower times make cargo call every crate fresh. So what is not proven to be unchanged is invalidated before they
 * are set. What only the file system proves (core/place.h) is recorded then, since stamping ends that proof, and throw-away
 * environments are adopted (core/adopt.h), since what a record says of one is compared with the environment of now. After it
 * the units are judged once more, by their records: files in OUT_DIRs and hashes of newest files follow the new times.
 */
#ifndef STEADY_CLI_JUDGING_H
#define STEADY_CLI_JUDGING_H

#include "steady/cli/command.h"

struct cJSON;
struct digestcache;
struct judging;
struct keeper;
struct location;

struct judging_tally {
	/** There was a target directory to judge. */
	bool judged;
	size_t units, fresh;
};

/** Leaves NULL in *ret, which all functions accept, where there is no workspace or nothing has been built. */
int judging_begin(const struct call *call, bool dry_run, struct judging **ret, struct err *err);
int judging_before(struct judging *j, struct err *err);
int judging_after(struct judging *j, struct judging_tally *ret, struct err *err);
/** What judging_before does, for a caller that holds cargo's locks and judges again itself. *ret, to be closed, knows what was
 * adopted. */
int judging_prepare(const struct call *call, const struct location *where, struct digestcache *digests,
	struct keeper **ret, struct err *err);
struct judging *judging_end(struct judging *j);
void judging_cleanup(struct judging **j);
#define CLEANUP_JUDGING CLEANUP(judging_cleanup)

/** "Kept 5 of 7 units fresh", or nothing. */
void judging_say(struct ui *ui, const struct judging_tally *tally);
/** targets_judged, units, fresh: into a report's summary. */
void judging_report(struct cJSON *summary, const struct judging_tally *tally);

#endif
