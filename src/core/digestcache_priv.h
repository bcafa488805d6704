/*
 * What digestcache.c (the table) and digestfile.c (the file it lies in) share.
 */
#ifndef STEADY_SRC_CORE_DIGESTCACHE_PRIV_H
#define STEADY_SRC_CORE_DIGESTCACHE_PRIV_H

#include "steady/core/digestcache.h"
#include "steady/util/mem.h"

/* A table has at most this many slots: 64 MiB. */
#define DIGESTCACHE_MAX_SLOTS ((size_t)1 << 20)

/** One file; an inode of 0 is a free slot. */
struct slot {
	uint64_t dev, ino, size;
	int64_t mtime, ctime;
	uint32_t mtime_ns, ctime_ns;
	struct digest digest;
};

struct device {
	dev_t dev;
	bool is_local;
};

struct digestcache {
	/** -1: nowhere. */
	int dirfd;
	char name[DIGEST_HEX_LEN + 1];
	struct slot *slot;
	size_t slots, count;
	/** For each slot: put in this run. */
	bool *seen;
	size_t nseen;
	/** The most files that one run asked for. */
	size_t most;
	/** The newest time of reading among the entries. */
	struct timespec newest;
	bool changed;
	VEC(struct device) devices;
};

/** Fills the empty table from the file; leaves it empty if the file cannot be used. */
void digestfile_load(struct digestcache *cache);
/** Replaces the file. False if it could not. */
bool digestfile_save(struct digestcache *cache);

#endif
