/*
 * What files hold now, each hashed once however many units read it.
 *
 *	struct contents *contents = contents_new(digests);
 *	const struct content *c = contents_want(contents, "/ws/src/lib.rs");	any number
 *	contents_settle(contents, progress);		stat, read and hash, on several threads
 *	if (c->state == CONTENT_FILE)
 *		... c->digest ...
 *	contents = contents_free(contents);
 *
 * contents_settle ends with a moment at which everything wanted since the last time held what is reported: a file that
 * was written to while it was read, or so lately that a later write could carry the same stamp, is waited for and read
 * again (git's rule for racy entries). Every later write therefore has a stamp newer than all stamps reported. What
 * never comes to rest is CONTENT_UNREADABLE.
 *
 * Links are followed, as the compiler follows them. Only regular files are opened. With a digest cache a file that is
 * known not to have been written since it was hashed is not read again.
 */
#ifndef STEADY_CORE_CONTENTS_H
#define STEADY_CORE_CONTENTS_H

#include "steady/core/digestcache.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/progress.h"
#include "steady/util/span.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

enum content_state {
	CONTENT_MISSING,
	CONTENT_FILE,
	CONTENT_DIRECTORY,
	/** A FIFO, a device, no permission, too large, never at rest. */
	CONTENT_UNREADABLE,
};

struct content {
	const char *path;
	enum content_state state;
	/** CONTENT_FILE only. */
	uint64_t size;
	struct digest digest;
	/** Zero where nothing is there. */
	struct timespec mtime, ctime;
	dev_t dev;
	ino_t ino;
	/** errno behind CONTENT_UNREADABLE, or 0. */
	int error;
	/** When it was read last, and is it known for a regular file; ours to keep. */
	struct timespec read_at;
	bool is_file;
};

struct contents;

/** `digests` may be NULL: all is hashed. It must outlive the contents. */
struct contents *contents_new(struct digestcache *digests);
/** Accepts NULL, returns NULL. */
struct contents *contents_free(struct contents *c);

/** `path` is absolute and copied. The answer holds after contents_settle and lives as long as the contents. */
const struct content *contents_want(struct contents *c, const char *path);
/** The same for a path that was listed as a regular file: it is opened without asking for its kind before, if it is no link. */
const struct content *contents_want_file(struct contents *c, const char *path);
/**
 * Whoever reads a file anyway saves the second reading: it had these stamps and then these bytes, at `read_at` or later.
 * Where it still has the stamps, and they are no younger than git's rule allows, the bytes are taken for the file's.
 */
void contents_hint(struct contents *c, const char *path, struct span bytes, const struct stat *st,
	struct timespec read_at);
/** What is known of the path already, or NULL if nobody wanted it. */
const struct content *contents_find(const struct contents *c, const char *path);
/** May be called again after more was wanted, which alone is looked at then. */
void contents_settle(struct contents *c, const struct progress *progress);
/** When the last pass of contents_settle began, less the clock's tick. */
struct timespec contents_settled_at(const struct contents *c);
/** Files hashed and bytes read so far. */
void contents_counts(const struct contents *c, size_t *ret_files, uint64_t *ret_bytes);

#endif
