#include "packcache_priv.h"

#include "steady/util/mem.h"

#include <stdlib.h>

struct packed *packed_new(struct slab *slab, size_t len, size_t slack, int type)
{
	size_t size = sizeof(struct packed) + len + slack;
	struct packed *object = slab_take(slab, size);
	*object = (struct packed){.bytes = (unsigned char *)(object + 1),
		.len = len,
		.type = type,
		.refs = 1,
		.slab = slab,
		.size = size};
	return object;
}

struct packed *packed_wrap(unsigned char *bytes, size_t len, int type)
{
	struct packed *object = xcalloc(1, sizeof(*object));
	object->bytes = bytes;
	object->len = len;
	object->type = type;
	object->refs = 1;
	return object;
}

struct packed *packed_release(struct packed *object)
{
	if (object == NULL || --object->refs != 0)
		return NULL;
	if (object->slab != NULL) {
		slab_give(object->slab, object, object->size);
	} else {
		free(object->bytes);
		free(object);
	}
	return NULL;
}

void packcache_init(struct packcache *c, size_t max_bytes)
{
	c->max_bytes = max_bytes;
	slab_init(&c->slab, max_bytes);
}

uint64_t packcache_key(size_t file, uint64_t offset)
{
	return (uint64_t)file << 44 | offset;
}

static struct packed **bucket_of(struct packcache *c, uint64_t key)
{
	return &c->bucket[(key * 0x9e3779b97f4a7c15u) >> 49];
}

static void unlink_object(struct packcache *c, struct packed *object)
{
	if (object->newer != NULL)
		object->newer->older = object->older;
	else
		c->newest = object->older;
	if (object->older != NULL)
		object->older->newer = object->newer;
	else
		c->oldest = object->newer;
}

static void link_newest(struct packcache *c, struct packed *object)
{
	object->newer = NULL;
	object->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = object;
	else
		c->oldest = object;
	c->newest = object;
}

static size_t weight(const struct packed *object)
{
	return object->len + sizeof(*object);
}

static void drop_oldest(struct packcache *c)
{
	struct packed *object = c->oldest;
	struct packed **at = bucket_of(c, object->key);
	while (*at != object)
		at = &(*at)->chain;
	*at = object->chain;
	unlink_object(c, object);
	c->bytes -= weight(object);
	(void)packed_release(object);
}

void packcache_release(struct packcache *c)
{
	while (c->oldest != NULL)
		drop_oldest(c);
	slab_release(&c->slab);
}

struct packed *packcache_get(struct packcache *c, uint64_t key)
{
	struct packed *object = *bucket_of(c, key);
	while (object != NULL && object->key != key)
		object = object->chain;
	if (object == NULL)
		return NULL;
	if (object != c->newest) {
		unlink_object(c, object);
		link_newest(c, object);
	}
	object->refs++;
	return object;
}

void packcache_put(struct packcache *c, uint64_t key, struct packed *object)
{
	struct packed **bucket = bucket_of(c, key);
	object->key = key;
	object->chain = *bucket;
	*bucket = object;
	link_newest(c, object);
	object->refs++;
	c->bytes += weight(object);
	while (c->bytes > c->max_bytes && c->oldest != object)
		drop_oldest(c);
}
