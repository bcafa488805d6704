/*
 * Writing records: what `save` does after a build.
 *
 *	struct recording *r = NULL;
 *	recording_make(&request, &r, &err);		reads only
 *	recording_write(target, r, &err);		under cargo's locks
 *	r = recording_free(r);
 *
 * A record is written only with proof that the inputs, as they are now, are what the unit was built from: it was built
 * in this place after the mark of this work tree (core/mark.h) or where the file system itself is certain
 * (core/place.h), and everything it read is older than its start. A record that binds to the build already stays.
 */
#ifndef STEADY_CORE_RECORDING_H
#define STEADY_CORE_RECORDING_H

#include "steady/core/observe.h"
#include "steady/core/unitfiles.h"
#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/progress.h"

enum recorded {
	/** Nothing to prove: no input that could change unseen, and no such unit below. */
	RECORDED_NEEDLESS,
	/** A record that binds was there. */
	RECORDED_KEPT,
	RECORDED_NEW,
	/** No record, see the reason. */
	RECORDED_REFUSED,
	/** Not asked for. */
	RECORDED_SKIPPED,
};

struct unit_recording {
	enum recorded state;
	const char *reason;
	/** RECORDED_NEW and RECORDED_KEPT. */
	struct record *record;
	/** RECORDED_NEW, once written: size of the file. */
	size_t bytes;
};

struct recording_mark {
	const char *profile;
	/** There is one, left at this time. */
	bool marked;
	struct timespec left;
	/** It was left where the throw-away Python environment was named that is named now. */
	bool in_environment;
};

struct recording_request {
	struct target *target;
	struct unitfiles *files;
	struct observer *observer;
	const struct progress *progress;
	/** What the marks say about each profile. */
	const struct recording_mark *mark;
	size_t nmark;
	/** Only units for which this says so; NULL: all. */
	bool (*wanted)(const struct unit *u, const void *ctx);
	const void *ctx;
};

struct recording {
	struct arena *mem;
	struct recordset *records;
	struct unit_recording *unit;
	/** Units in each state. */
	size_t states[RECORDED_SKIPPED + 1];
	/** Written so far. */
	uint64_t bytes;
	/** What scripts may have written; the observer's ways use it. NULL if nobody asked. */
	struct sides *sides;
};

int recording_make(const struct recording_request *request, struct recording **ret, struct err *err);
int recording_write(const struct target *t, struct recording *r, struct err *err);
/** Accepts NULL, returns NULL. */
struct recording *recording_free(struct recording *r);
void recording_cleanup(struct recording **r);
#define CLEANUP_RECORDING CLEANUP(recording_cleanup)

const char *recorded_name(enum recorded state);

#endif
