/*
 * What the inputs of units are like now, whatever their kind (see enum input_kind).
 *
 *	struct observer *o = observer_new(&options);
 *	const struct observation *seen = observer_want(o, INPUT_TREE, "/ws/proto");	any number
 *	observer_look(o, progress);
 *	if (seen->state == OBSERVED)
 *		... seen->digest ...
 *	o = observer_free(o);
 *
 * `save` and `restore` ask the same questions here, and so get answers that can be compared. Nothing is written, no
 * program is run. Each file is read once.
 */
#ifndef STEADY_CORE_OBSERVE_H
#define STEADY_CORE_OBSERVE_H

#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/progress.h"
#include "steady/util/span.h"

#include <sys/stat.h>
#include <time.h>

struct digestcache;
struct pkglist;

enum observation_state {
	OBSERVED,
	/** Nothing is there (for INPUT_ABSENT this is OBSERVED, and something there is OBSERVED_OTHER). */
	OBSERVED_MISSING,
	/** There, but of another kind than asked for. */
	OBSERVED_OTHER,
	/** It, or something that belongs to it, cannot be read: see `why`. */
	OBSERVED_UNREADABLE,
};

struct observation {
	enum observation_state state;
	uint64_t size;
	struct digest digest;
	/** The newest mtime that cargo would see, following links. Zero if there is none. */
	struct timespec mtime;
	/** The newest mtime or ctime of all that was looked at. */
	struct timespec youngest;
	/** INPUT_PACKAGE: the files, or NULL. */
	const struct pkglist *package;
	/** INPUT_ENVIRONMENT: the list that the digest is of, as much of it as a record takes. */
	const char *text;
	/** What is in the way, or NULL. */
	const char *why;
};

struct observer_options {
	/** Absolute, without a slash at the end. */
	const char *workspace_root;
	/** cargo's minor version (95 for 1.95), 0 if it is not known. */
	unsigned minor;
	/** Digests known from earlier runs (core/digestcache.h); may be NULL. */
	struct digestcache *digests;
};

struct observer;

struct observer *observer_new(const struct observer_options *options);
/** Accepts NULL, returns NULL. */
struct observer *observer_free(struct observer *o);
void observer_cleanup(struct observer **o);
#define CLEANUP_OBSERVER CLEANUP(observer_cleanup)

/**
 * `path` is absolute (for INPUT_GLOB the pattern, for INPUT_ENVIRONMENT and INPUT_ENVIRONMENT_PATH what core/pyscripts.h
 * says), and copied. The answer is filled by observer_look and lives as
 * long as the observer.
 */
const struct observation *observer_want(struct observer *o, enum input_kind kind, const char *path);
/** INPUT_FILE, for a path that was listed as a regular file: its kind is not asked for before it is opened. */
const struct observation *observer_want_file(struct observer *o, const char *path);
/** The file had these bytes, see core/contents.h. */
void observer_hint(struct observer *o, const char *path, struct span bytes, const struct stat *st,
	struct timespec read_at);
/** When the file was changed last, if it was looked at already; `ctx` is the observer. */
bool observer_changed(const void *ctx, const char *path, struct timespec *ret);
/** Answers everything wanted since the last time. */
void observer_look(struct observer *o, const struct progress *progress);
/** When the last look began, less the clock's tick: what is written later has a later stamp. */
struct timespec observer_looked(const struct observer *o);
/** Files hashed and bytes read so far. */
void observer_counts(const struct observer *o, size_t *ret_files, uint64_t *ret_bytes);

/** The kind that the thing at `path` has now: INPUT_FILE, INPUT_TREE or INPUT_ABSENT. */
enum input_kind observer_kind_of(const char *path);

struct ways;
/** The ways to files as the observer found them (core/way.h); the observer keeps them. */
struct ways *observer_ways(struct observer *o);

struct pkggit;
/** The repositories that the observer asks (core/pkggit.h); the observer keeps them. */
struct pkggit *observer_git(struct observer *o);

#endif
