#include "steady/util/slab.h"

#include "steady/util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define USE_MALLOC true
#else
#define USE_MALLOC false
#endif

/* Sizes are multiples of this; a piece on the free list holds an address. */
#define UNIT ((size_t)16)
/* What the kernel's large pages are aligned to. */
#define LARGE_PAGE ((size_t)2 << 20)

void slab_init(struct slab *s, size_t max_bytes)
{
	*s = (struct slab){.map_len = max_bytes + LARGE_PAGE};
	void *map = MAP_FAILED;
	if (!USE_MALLOC)
		map = mmap(NULL, s->map_len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return;
	s->map = map;
	size_t skipped = (LARGE_PAGE - (uintptr_t)s->map % LARGE_PAGE) % LARGE_PAGE;
	s->next = s->map + skipped;
	s->end = s->next + max_bytes;
#ifdef MADV_HUGEPAGE
	(void)madvise(s->next, max_bytes, MADV_HUGEPAGE);
#endif
}

void slab_release(struct slab *s)
{
	if (s->map != NULL)
		(void)munmap(s->map, s->map_len);
	*s = (struct slab){.map = NULL};
}

/* The class of a size, which is rounded up to what the class's pieces have; SLAB_CLASSES for what is too large. */
static unsigned class_of(size_t *size)
{
	size_t units = (*size + UNIT - 1) / UNIT;
	unsigned shift = 0;
	if (units == 0)
		units = 1;
	/* Three bits behind the highest one tell sizes apart. */
	if (units >= 16)
		shift = 63u - (unsigned)__builtin_clzll(units) - 3u;
	size_t rounded = (units + ((size_t)1 << shift) - 1) >> shift;
	*size = (rounded << shift) * UNIT;
	size_t number = shift * 8 + rounded;
	return number < SLAB_CLASSES ? (unsigned)number : SLAB_CLASSES;
}

void *slab_take(struct slab *s, size_t size)
{
	size_t rounded = size;
	unsigned class = class_of(&rounded);
	if (s->map == NULL || class == SLAB_CLASSES)
		return xmalloc(size);
	void *piece = s->given[class];
	if (piece != NULL) {
		memcpy(&s->given[class], piece, sizeof(piece));
		return piece;
	}
	if ((size_t)(s->end - s->next) < rounded)
		return xmalloc(size);
	piece = s->next;
	s->next += rounded;
	return piece;
}

void slab_give(struct slab *s, void *piece, size_t size)
{
	char *at = piece;
	if (s->map == NULL || at < s->map || at >= s->end) {
		free(piece);
		return;
	}
	unsigned class = class_of(&size);
	memcpy(piece, &s->given[class], sizeof(piece));
	s->given[class] = piece;
}
