#include "steady/core/bedrock.h"

#include "steady/core/outdigest.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <stdlib.h>

struct ground {
	/* NULL: not asked for. */
	struct outdigest *outputs;
	struct digest digest;
	bool known;
};

struct bedrock {
	struct arena *mem;
	const struct target *t;
	struct unitfiles *files;
	struct observer *observer;
	const size_t *order;
	struct ground *ground;
};

struct bedrock *bedrock_new(
	const struct target *t, struct unitfiles *files, struct observer *observer, const size_t *order)
{
	struct bedrock *b = xcalloc(1, sizeof(*b));
	*b = (struct bedrock){arena_new(), t, files, observer, order, NULL};
	b->ground = arena_array(b->mem, t->count, sizeof(*b->ground));
	return b;
}

struct bedrock *bedrock_free(struct bedrock *b)
{
	if (b == NULL)
		return NULL;
	(void)arena_free(b->mem);
	free(b);
	return NULL;
}

/* Calls visit for the unit and those below it, until that says that a unit has been met before. */
static void go_down(const struct bedrock *b, size_t unit,
	bool (*visit)(const struct bedrock *, size_t, void *), void *ctx)
{
	VEC(size_t) pending = VEC_INIT;
	*vec_add(&pending) = unit;
	while (pending.len != 0) {
		size_t i = pending.data[--pending.len];
		const struct unit *u = &b->t->unit[i];
		if (!visit(b, i, ctx))
			continue;
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
			if (u->dep[d] != UNIT_NONE)
				*vec_add(&pending) = u->dep[d];
		}
	}
	vec_release(&pending);
}

static bool want_one(const struct bedrock *b, size_t i, void *ctx)
{
	bool *any = ctx;
	if (b->ground[i].outputs != NULL)
		return false;
	b->ground[i].outputs = outdigest_want(b->observer, b->files, b->mem, i);
	*any = true;
	return true;
}

bool bedrock_want(struct bedrock *b, size_t unit)
{
	bool any = false;
	go_down(b, unit, want_one, &any);
	return any;
}

static bool flag_one(const struct bedrock *b, size_t i, void *ctx)
{
	bool *flags = ctx;
	const struct fingerprint *fp = b->t->unit[i].fingerprint;
	if (flags[i] || fp == NULL || fp->ndep == 0)
		return false;
	flags[i] = true;
	return true;
}

void bedrock_flag(const struct bedrock *b, size_t unit, bool *flags)
{
	go_down(b, unit, flag_one, flags);
}

/* Dependencies come first in the order; one that does not (in a circle) is not known. */
static struct digest stands_on(const struct bedrock *b, size_t i)
{
	static const struct digest none = {{0}};
	const struct unit *u = &b->t->unit[i];
	CLEANUP_STR struct str text = STR_INIT;
	struct digest own = outdigest_get(b->ground[i].outputs);
	if (digest_eq(&own, &none) || u->fingerprint == NULL)
		return none;
	str_add_mem(&text, own.byte, sizeof(own.byte));
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		const struct ground *below = u->dep[d] == UNIT_NONE ? NULL : &b->ground[u->dep[d]];
		if (below == NULL || !below->known || digest_eq(&below->digest, &none))
			return none;
		str_add_mem(&text, below->digest.byte, sizeof(below->digest.byte));
	}
	return digest_of(str_span(&text));
}

struct digest bedrock_get(struct bedrock *b, size_t unit)
{
	for (size_t n = 0; !b->ground[unit].known && n < b->t->count; n++) {
		size_t i = b->order[n];
		if (b->ground[i].outputs == NULL || b->ground[i].known)
			continue;
		b->ground[i].digest = stands_on(b, i);
		b->ground[i].known = true;
	}
	return b->ground[unit].digest;
}
