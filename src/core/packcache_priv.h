/* Objects read lately, by where they lie; the least recently used go first. */
#ifndef STEADY_CORE_PACKCACHE_PRIV_H
#define STEADY_CORE_PACKCACHE_PRIV_H

#include "packs_priv.h"
#include "steady/util/slab.h"

#define PACKCACHE_BUCKETS (1u << 15)

struct packcache {
	struct packed *bucket[PACKCACHE_BUCKETS];
	struct packed *newest, *oldest;
	size_t bytes, max_bytes;
	/* Where the objects are, those not kept any more too. */
	struct slab slab;
};

void packcache_init(struct packcache *c, size_t max_bytes);
void packcache_release(struct packcache *c);
/** An object of `len` bytes to be filled, with `slack` more behind them. */
struct packed *packed_new(struct slab *slab, size_t len, size_t slack, int type);
/** A key for an entry; packs are far smaller than 2^44 bytes. */
uint64_t packcache_key(size_t file, uint64_t offset);
/** With a reference for the caller, or NULL. */
struct packed *packcache_get(struct packcache *c, uint64_t key);
/** Keeps a reference of its own. The object must not be in a cache yet. */
void packcache_put(struct packcache *c, uint64_t key, struct packed *object);

#endif
