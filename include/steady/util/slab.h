/*
 * Memory for very many pieces that come and go, below a fixed limit: what a cache holds.
 *
 * One stretch of address space is reserved, in which the kernel may use large pages; memory is taken as it is needed.
 * (Touching some ten thousand pages one by one cost an eighth of the walk over history.) Pieces that have been given
 * back serve again for pieces of about the same size. What does not fit comes from malloc.
 *
 *	struct slab slab;
 *	slab_init(&slab, (size_t)96 << 20);
 *	void *piece = slab_take(&slab, size);
 *	slab_give(&slab, piece, size);
 *	slab_release(&slab);
 */
#ifndef STEADY_UTIL_SLAB_H
#define STEADY_UTIL_SLAB_H

#include "steady/util/base.h"

/* Eight sizes for each power of two, up to eight mebibytes. */
#define SLAB_CLASSES 136u

struct slab {
	/** The mapping, and the part of it that is used. */
	char *map, *next, *end;
	size_t map_len;
	/** Pieces given back, by size; each holds the address of the next. */
	void *given[SLAB_CLASSES];
};

/** Without address space, and under the address sanitizer, which sees more in malloc, all comes from malloc. */
void slab_init(struct slab *s, size_t max_bytes);
/** Pieces that came from malloc must have been given back. */
void slab_release(struct slab *s);
/** Uninitialised, aligned for any type. */
void *slab_take(struct slab *s, size_t size) __attribute__((returns_nonnull));
/** Accepts NULL. `size` is that of slab_take. */
void slab_give(struct slab *s, void *piece, size_t size);

#endif
