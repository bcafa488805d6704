#include "steady/core/unitorder.h"

#include <stdlib.h>

/* A unit on the way down, and the dependency to look at next. */
struct frame {
	size_t unit, next;
};

struct walk {
	const struct target *t;
	bool *met;
	size_t *order;
	size_t count;
	VEC(struct frame) stack;
};

static void descend(struct walk *w, size_t unit)
{
	if (unit == UNIT_NONE || w->met[unit])
		return;
	w->met[unit] = true;
	*vec_add(&w->stack) = (struct frame){unit, 0};
}

size_t *unit_order(const struct target *t, struct arena *mem)
{
	struct walk w = {.t = t};
	w.met = arena_array(mem, t->count, sizeof(*w.met));
	w.order = arena_array(mem, t->count, sizeof(*w.order));
	for (size_t i = 0; i < t->count; i++) {
		descend(&w, i);
		while (w.stack.len != 0) {
			struct frame *top = &w.stack.data[w.stack.len - 1];
			const struct unit *u = &t->unit[top->unit];
			if (u->fingerprint != NULL && top->next < u->fingerprint->ndep) {
				descend(&w, u->dep[top->next++]);
			} else {
				w.order[w.count++] = top->unit;
				w.stack.len--;
			}
		}
	}
	vec_release(&w.stack);
	return w.order;
}

bool *unit_order_above(const struct target *t, struct arena *mem, bool (*is_meant)(const char *package))
{
	bool *above = arena_array(mem, t->count, sizeof(*above));
	const size_t *order = unit_order(t, mem);
	for (size_t n = 0; n < t->count; n++) {
		const struct unit *u = &t->unit[order[n]];
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
			size_t dep = u->dep[d];
			if (dep != UNIT_NONE && (above[dep] || is_meant(t->unit[dep].package)))
				above[order[n]] = true;
		}
	}
	return above;
}
