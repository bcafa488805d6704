#include "steady/util/strmap.h"

#include "steady/util/mem.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	void *value;
	size_t len;
	char key[];
};

struct strmap {
	struct entry *head;
};

struct strmap *strmap_new(void)
{
	return xcalloc(1, sizeof(struct strmap));
}

struct strmap *strmap_free(struct strmap *m)
{
	if (m == NULL)
		return NULL;
	struct entry *e, *next;
	HASH_ITER(hh, m->head, e, next)
	{
		HASH_DEL(m->head, e);
		free(e);
	}
	free(m);
	return NULL;
}

void strmap_cleanup(struct strmap **m)
{
	*m = strmap_free(*m);
}

static struct entry *find(const struct strmap *m, struct span key)
{
	struct entry *e = NULL;
	const char *bytes = key.len != 0 ? key.ptr : "";
	HASH_FIND(hh, m->head, bytes, key.len, e);
	return e;
}

void *strmap_get(const struct strmap *m, struct span key)
{
	struct entry *e = find(m, key);
	return e != NULL ? e->value : NULL;
}

void *strmap_put(struct strmap *m, struct span key, void *value)
{
	struct entry *e = find(m, key);
	if (e != NULL) {
		void *old = e->value;
		e->value = value;
		return old;
	}
	e = xcalloc(1, sizeof(*e) + key.len + 1);
	if (key.len != 0)
		memcpy(e->key, key.ptr, key.len);
	e->len = key.len;
	e->value = value;
	HASH_ADD_KEYPTR(hh, m->head, e->key, e->len, e);
	return NULL;
}

size_t strmap_count(const struct strmap *m)
{
	return HASH_COUNT(m->head);
}

int strmap_each(const struct strmap *m, int (*fn)(struct span key, void *value, void *ctx), void *ctx)
{
	for (struct entry *e = m->head; e != NULL; e = e->hh.next) {
		int stop = fn(span_make(e->key, e->len), e->value, ctx);
		if (stop != 0)
			return stop;
	}
	return 0;
}
