/*
 * Digests of files as they were hashed before, so that a repeated run costs a stat for each file.
 *
 *	struct digestcache *cache = digestcache_open(dirfd, "/ws");
 *	if (!digestcache_find(cache, &st, &digest)) {
 *		... hash the file ...
 *		digestcache_put(cache, path, &st, read_at, &digest);
 *	}
 *	digestcache_write(cache);
 *	cache = digestcache_free(cache);
 *
 * An entry is found by device, inode, size, mtime and ctime, all exact. ctime cannot be set, so the entry of a file that
 * was written since is not found, whatever became of its size and mtime. What that leaves open is closed here:
 *
 * - A file written within a tick of the clock after its last change could keep its stamps: kept is only what was at rest
 *   when it was read (the rule of git's index).
 * - The clock may be set back: with entries from the future nothing is found.
 * - Only file systems of this machine keep ctime as POSIX demands (util/mount.h); of others nothing is kept.
 * - Inodes and times of another machine mean nothing here, and a cache that a stranger filled could name those that this
 *   machine will use. The file lies in the user's own directory, never in a target directory or a work tree. It is
 *   believed if only the user can have written it, and if it never travelled: it names the start of the machine, its own
 *   inode, and the time of its last write, which must be its mtime and its ctime. An archive or a copy fails that.
 *
 * Unusable is the same as empty: files are hashed again.
 *
 * The file, in this machine's byte order: struct header, then a table of struct slot (digestcache.c), a power of two of
 * them, at most three quarters full, found by open addressing; XXH3-64 over all of it. At most 64 MiB.
 */
#ifndef STEADY_CORE_DIGESTCACHE_H
#define STEADY_CORE_DIGESTCACHE_H

#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/err.h"

#include <sys/stat.h>
#include <time.h>

/** More files of this kind than this are not kept; the one that was not written to for longest goes first. */
#define DIGESTCACHE_MAX_FILES ((size_t)32)

struct digestcache;

/**
 * `dirfd` is the directory where such files lie, one for each workspace; -1: nothing is found at first, and nothing
 * written. Never NULL. Entries live in memory, so that a second look in one process profits too.
 */
struct digestcache *digestcache_open(int dirfd, const char *workspace_root);
/** Accepts NULL, returns NULL. */
struct digestcache *digestcache_free(struct digestcache *cache);
void digestcache_cleanup(struct digestcache **cache);
#define CLEANUP_DIGESTCACHE CLEANUP(digestcache_cleanup)

/** No digest is known (or the cache NULL). Any thread. */
bool digestcache_is_empty(const struct digestcache *cache);
/** What the regular file with this stat held when it was hashed. False if that is not known (or the cache NULL). Any thread. */
bool digestcache_find(const struct digestcache *cache, const struct stat *st, struct digest *ret);
/**
 * What the file held; `at` is the time before it was read, and `st` its stat from before and behind. Entries of files that
 * are not at rest or not on a file system of this machine are left out. Accepts NULL. One thread.
 */
void digestcache_put(struct digestcache *cache, const char *path, const struct stat *st, struct timespec at,
	const struct digest *digest);
/** Writes the file if anything was added. A failure is none: what is missing is hashed again. */
void digestcache_write(struct digestcache *cache);

/** Until when a write could still leave the stamps that the file has. */
struct timespec digestcache_quiet_from(struct timespec mtime, struct timespec ctime);

#endif
