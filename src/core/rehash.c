#include "steady/core/rehash.h"

#include <stdlib.h>
#include <string.h>

struct pair {
	uint64_t hash;
	size_t unit;
};

struct rehash_index {
	struct pair *pair;
	/* The units alone, in the same order, to hand out slices of. */
	size_t *unit;
	size_t count;
};

static int by_hash(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->unit > y->unit) - (x->unit < y->unit);
}

struct rehash_index *rehash_index_new(const struct target *t, struct arena *mem)
{
	struct rehash_index *index = arena_alloc(mem, sizeof(*index));
	index->pair = arena_array(mem, t->count, sizeof(*index->pair));
	index->unit = arena_array(mem, t->count, sizeof(*index->unit));
	for (size_t i = 0; i < t->count; i++) {
		if (t->unit[i].proof == PROOF_VERIFIED)
			index->pair[index->count++] = (struct pair){t->unit[i].hash, i};
	}
	if (index->count != 0)
		qsort(index->pair, index->count, sizeof(*index->pair), by_hash);
	for (size_t i = 0; i < index->count; i++)
		index->unit[i] = index->pair[i].unit;
	return index;
}

const size_t *rehash_twins(const struct rehash_index *index, uint64_t hash, size_t *ret_count)
{
	size_t low = 0, high = index->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->pair[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	size_t end = low;
	while (end < index->count && index->pair[end].hash == hash)
		end++;
	*ret_count = end - low;
	return index->unit + low;
}

enum state { UNSEEN, OPEN, DONE };

struct walk {
	const struct target *t;
	const struct fingerprint *const *edited;
	const struct rehash_index *index;
	struct arena *mem;
	struct rehash *result;
	unsigned char *state;
	VEC(size_t) stack;
};

/* The unit that stands for a hash, or UNIT_NONE. */
static size_t representative(const struct rehash_index *index, uint64_t hash)
{
	size_t count;
	const size_t *twins = rehash_twins(index, hash, &count);
	return count != 0 ? twins[0] : UNIT_NONE;
}

/* Pushes the dependencies that have to be settled first; false if there is none. */
static bool push_dependencies(struct walk *w, const struct fingerprint *fp)
{
	bool pushed = false;
	for (size_t d = 0; d < fp->ndep; d++) {
		size_t dep = representative(w->index, fp->dep[d].hash);
		if (dep != UNIT_NONE && w->state[dep] == UNSEEN) {
			*vec_add(&w->stack) = dep;
			pushed = true;
		}
	}
	return pushed;
}

static void settle(struct walk *w, size_t i)
{
	const struct unit *u = &w->t->unit[i];
	struct rehash_unit *r = &w->result->unit[i];
	r->hash = u->hash;
	r->fingerprint = w->edited[i] != NULL ? *w->edited[i] : *u->fingerprint;
	r->changed = w->edited[i] != NULL;
	struct fingerprint_dep *dep = NULL;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		size_t below = representative(w->index, u->fingerprint->dep[d].hash);
		/* A unit still open is its own dependency: only a forged tree has that, and it keeps its
		 * hash. */
		if (below == UNIT_NONE || w->state[below] != DONE || !w->result->unit[below].changed)
			continue;
		if (dep == NULL) {
			dep = arena_array(w->mem, u->fingerprint->ndep, sizeof(*dep));
			memcpy(dep, u->fingerprint->dep, u->fingerprint->ndep * sizeof(*dep));
		}
		dep[d].hash = w->result->unit[below].hash;
	}
	if (dep != NULL) {
		r->fingerprint.dep = dep;
		r->changed = true;
	}
	if (r->changed) {
		r->hash = fingerprint_hash(&r->fingerprint, &u->epoch);
		w->result->order[w->result->count++] = i;
	}
}

/* Depth first, with a stack of our own: a hostile graph may be deep. */
static void visit(struct walk *w, size_t start)
{
	*vec_add(&w->stack) = start;
	while (w->stack.len != 0) {
		size_t i = w->stack.data[w->stack.len - 1];
		if (w->state[i] == UNSEEN) {
			w->state[i] = OPEN;
			if (push_dependencies(w, w->t->unit[i].fingerprint))
				continue;
		}
		w->stack.len--;
		if (w->state[i] == OPEN) {
			settle(w, i);
			w->state[i] = DONE;
		}
	}
}

void rehash_compute(const struct target *t, const struct fingerprint *const edited[], struct arena *mem,
	struct rehash *ret)
{
	ret->unit = arena_array(mem, t->count, sizeof(*ret->unit));
	ret->order = arena_array(mem, t->count, sizeof(*ret->order));
	ret->count = 0;
	struct walk w = {.t = t,
		.edited = edited,
		.index = rehash_index_new(t, mem),
		.mem = mem,
		.result = ret,
		.state = arena_alloc(mem, t->count),
		.stack = VEC_INIT};
	for (size_t i = 0; i < t->count; i++) {
		if (t->unit[i].proof == PROOF_VERIFIED)
			visit(&w, i);
	}
	vec_release(&w.stack);
}
