/*
 * Objects straight from the pack files, for the walk over history.
 *
 * The walk reads a tree or two for every commit there is; libgit2's object database takes several locks,
 * copies each object twice and keeps too small a cache of delta bases for that (measured: twice the time of
 * git's own walk). A reader knows what the pack formats say (git's gitformat-pack(5): index version 2, whole
 * objects, offset and reference deltas) and nothing else: whatever it cannot find or read, loose objects
 * among it, is left to libgit2.
 *
 * Not for several threads; each has a reader of its own. Files are mapped, all bounds are checked.
 */
#ifndef STEADY_CORE_PACKS_PRIV_H
#define STEADY_CORE_PACKS_PRIV_H

#include "steady/util/base.h"

#define PACK_COMMIT 1
#define PACK_TREE 2

/** An object's bytes, counted references. */
struct packed {
	unsigned char *bytes;
	size_t len;
	int type;
	unsigned refs;
	/* The rest is the cache's. */
	uint64_t key;
	struct packed *chain, *newer, *older;
	/* NULL where `bytes` is a buffer of its own, from malloc. */
	struct slab *slab;
	size_t size;
};

struct packs;
struct packfile;

/** Maps the packs below `objects_dir` (NULL for none; those that cannot be read are left out); cache_bytes of objects are
 * kept. */
struct packs *packs_open(const char *objects_dir, size_t cache_bytes);
/** One more pack, which has been checked; taken over. */
void packs_add(struct packs *p, const struct packfile *file);
/** Accepts NULL, returns NULL. Every object must have been released. */
struct packs *packs_free(struct packs *p);
/** The object, to be given to packed_release(), or NULL if the packs do not hold it whole. */
struct packed *packs_read(struct packs *p, const unsigned char id[20]);
/**
 * The first bytes of an object that is stored whole, without caching: at most `room`, and what `compressed` bytes
 * of the pack hold. 0 where it is not of this type or not stored whole. What comes after is not looked at, so
 * damage there is not noticed.
 */
size_t packs_read_start(
	struct packs *p, const unsigned char id[20], int type, size_t compressed, void *buf, size_t room);
/** A buffer that came from elsewhere, in the same dress; takes `bytes` (from malloc) over. */
struct packed *packed_wrap(unsigned char *bytes, size_t len, int type);
/** Accepts NULL, returns NULL. */
struct packed *packed_release(struct packed *object);

#endif
