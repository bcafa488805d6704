#include "steady/util/strmap.h"

#include "steady/util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_SLOTS ((size_t)16)

struct entry {
	struct span key;
	void *value;
	uint64_t hash;
};

struct strmap {
	/** Keys; NULL if they are the caller's. */
	struct arena *mem;
	/** In the order of insertion. */
	VEC(struct entry) all;
	/** Open addressing: index + 1 into `all`, 0 where nothing is; a power of two, at most three quarters full. */
	uint32_t *slot;
	size_t slots;
	/** Differs in each process: whoever names files cannot choose names that collide. */
	uint64_t seed;
};

static struct strmap *map_new(struct arena *mem)
{
	struct strmap *m = xcalloc(1, sizeof(*m));
	m->mem = mem;
	m->seed = (uint64_t)(uintptr_t)m;
	return m;
}

struct strmap *strmap_new(void)
{
	return map_new(arena_new());
}

struct strmap *strmap_new_borrowing(void)
{
	return map_new(NULL);
}

struct strmap *strmap_free(struct strmap *m)
{
	if (m == NULL)
		return NULL;
	vec_release(&m->all);
	(void)arena_free(m->mem);
	free(m->slot);
	free(m);
	return NULL;
}

void strmap_cleanup(struct strmap **m)
{
	*m = strmap_free(*m);
}

static uint64_t hash_of(const struct strmap *m, struct span key)
{
	return XXH3_64bits_withSeed(key.ptr, key.len, m->seed);
}

/* The slot of the key, or the free one where it belongs. There must be free slots. */
static size_t slot_of(const struct strmap *m, struct span key, uint64_t hash)
{
	size_t at = (size_t)hash & (m->slots - 1);
	for (; m->slot[at] != 0; at = (at + 1) & (m->slots - 1)) {
		const struct entry *e = &m->all.data[m->slot[at] - 1];
		if (e->hash == hash && span_eq(e->key, key))
			break;
	}
	return at;
}

static void grow(struct strmap *m)
{
	size_t slots = m->slots != 0 ? m->slots * 2 : FIRST_SLOTS;
	free(m->slot);
	m->slot = xcalloc(slots, sizeof(*m->slot));
	m->slots = slots;
	for (size_t i = 0; i < m->all.len; i++) {
		size_t at = (size_t)m->all.data[i].hash & (slots - 1);
		while (m->slot[at] != 0)
			at = (at + 1) & (slots - 1);
		m->slot[at] = (uint32_t)(i + 1);
	}
}

void *strmap_get(const struct strmap *m, struct span key)
{
	if (m->slots == 0)
		return NULL;
	size_t at = slot_of(m, key, hash_of(m, key));
	return m->slot[at] != 0 ? m->all.data[m->slot[at] - 1].value : NULL;
}

void *strmap_put(struct strmap *m, struct span key, void *value)
{
	if (m->all.len == UINT32_MAX - 1)
		abort();
	if (m->all.len >= m->slots / 4 * 3)
		grow(m);
	uint64_t hash = hash_of(m, key);
	size_t at = slot_of(m, key, hash);
	if (m->slot[at] != 0) {
		struct entry *e = &m->all.data[m->slot[at] - 1];
		void *old = e->value;
		e->value = value;
		return old;
	}
	if (m->mem != NULL)
		key = span_make(arena_strndup(m->mem, key.ptr, key.len), key.len);
	*vec_add(&m->all) = (struct entry){key, value, hash};
	m->slot[at] = (uint32_t)m->all.len;
	return NULL;
}

size_t strmap_count(const struct strmap *m)
{
	return m->all.len;
}

int strmap_each(const struct strmap *m, int (*fn)(struct span key, void *value, void *ctx), void *ctx)
{
	for (size_t i = 0; i < m->all.len; i++) {
		int stop = fn(m->all.data[i].key, m->all.data[i].value, ctx);
		if (stop != 0)
			return stop;
	}
	return 0;
}
