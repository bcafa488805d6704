#include "steady/core/explain.h"

#include "steady/core/foreign.h"
#include "steady/core/unitorder.h"
#include "steady/util/fsio.h"
#include "steady/util/strmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* When the unit was built, as far as the files tell. */
static struct timespec built_at(struct unitfiles *files, size_t i)
{
	const struct unit_files *f = unitfiles_get(files, i);
	return f->invoked.present ? f->invoked.st.st_mtim : f->unit->hash_mtime;
}

/* Units that one and the same cargo command would not both want: the same target, compiled for the same purpose. */
static const char *rival_key(struct arena *mem, const struct unit *u)
{
	unsigned long long profile = u->fingerprint != NULL ? (unsigned long long)u->fingerprint->profile : 0;
	return arena_printf(mem, "%s/%s/%s/%llx", u->place->path, u->package, u->base, profile);
}

struct marking {
	struct explain *e;
	struct unitfiles *files;
	/** Units that are some unit's dependency. */
	bool *needed;
	size_t *stack;
};

static size_t dep_count(const struct explain *e, size_t i)
{
	const struct fresh_unit *u = &e->facts->facts.unit[i];
	return u->fingerprint != NULL ? u->fingerprint->ndep : 0;
}

/* Sets mark[] on the unit and everything below it. */
static void mark_below(const struct explain *e, size_t root, bool *mark, bool value, size_t *stack)
{
	size_t depth = 0;
	if (mark[root] == value)
		return;
	mark[root] = value;
	stack[depth++] = root;
	while (depth != 0) {
		size_t i = stack[--depth];
		for (size_t d = 0; d < dep_count(e, i); d++) {
			size_t dep = e->facts->facts.unit[i].dep[d];
			if (dep == SIZE_MAX || mark[dep] == value)
				continue;
			mark[dep] = value;
			stack[depth++] = dep;
		}
	}
}

/* Made with another compiler or other flags than the next build will use, while there are units made with these. */
static void find_foreign(const struct explain *e, bool *foreign)
{
	const struct fresh_facts *facts = &e->facts->facts;
	bool any_own = false, any_flags = false;
	for (size_t i = 0; i < facts->count; i++) {
		any_own |= facts->unit[i].fingerprint != NULL && !facts->unit[i].other_toolchain;
		any_flags |= facts->unit[i].fingerprint != NULL && !facts->unit[i].other_toolchain &&
			!facts->unit[i].other_rustflags;
	}
	for (size_t i = 0; i < facts->count; i++)
		foreign[i] = (any_own && facts->unit[i].other_toolchain) ||
			(any_flags && facts->unit[i].other_rustflags &&
				e->target->unit[i].epoch.hasher == HASHER_STABLE);
}

/* Rounds in which what depends on foreign units is found; no graph of crates is deeper. */
#define MAX_ROUNDS 200

/* What was made from foreign units belongs to them. */
static bool spread_foreign(const struct explain *e, bool *foreign)
{
	bool changed = false;
	for (size_t i = 0; i < e->target->count; i++) {
		for (size_t d = 0; !foreign[i] && d < dep_count(e, i); d++) {
			size_t dep = e->facts->facts.unit[i].dep[d];
			if (dep == SIZE_MAX || !foreign[dep])
				continue;
			foreign[i] = true;
			changed = true;
		}
	}
	return changed;
}

/* Of rivals at the top the newest stays, with all that it needs. */
static void keep_newest(struct marking *m, const bool *foreign)
{
	const struct target *t = m->e->target;
	CLEANUP_STRMAP struct strmap *newest = strmap_new();
	for (size_t i = 0; i < t->count; i++) {
		if (m->needed[i] || foreign[i])
			continue;
		struct span key = span_of(rival_key(m->e->mem, &t->unit[i]));
		size_t rival = (size_t)(uintptr_t)strmap_get(newest, key);
		if (rival == 0 || timespec_cmp(built_at(m->files, i), built_at(m->files, rival - 1)) > 0)
			(void)strmap_put(newest, key, (void *)(uintptr_t)(i + 1));
	}
	for (size_t i = 0; i < t->count; i++) {
		if (m->needed[i] || foreign[i])
			continue;
		size_t rival =
			(size_t)(uintptr_t)strmap_get(newest, span_of(rival_key(m->e->mem, &t->unit[i])));
		if (timespec_cmp(built_at(m->files, i), built_at(m->files, rival - 1)) >= 0)
			mark_below(m->e, i, m->e->leftover, false, m->stack);
	}
}

static void find_leftovers(struct explain *e, struct unitfiles *files, size_t *stack)
{
	const size_t count = e->target->count;
	bool *foreign = arena_array(e->mem, count, sizeof(bool));
	struct marking m = {
		.e = e, .files = files, .needed = arena_array(e->mem, count, sizeof(bool)), .stack = stack};
	find_foreign(e, foreign);
	const bool *elsewhere = foreign_find(e->target, files, unit_order(e->target, e->mem), e->mem);
	for (size_t i = 0; i < count; i++)
		foreign[i] |= elsewhere[i];
	for (int round = 0; round < MAX_ROUNDS && spread_foreign(e, foreign); round++)
		continue;
	for (size_t i = 0; i < count; i++) {
		e->leftover[i] = true;
		for (size_t d = 0; !foreign[i] && d < dep_count(e, i); d++) {
			size_t dep = e->facts->facts.unit[i].dep[d];
			if (dep != SIZE_MAX)
				m.needed[dep] = true;
		}
	}
	keep_newest(&m, foreign);
}

static bool is_named(const struct unit *u, struct span name)
{
	size_t at = span_find(name, '@');
	if (!span_eq_str(span_make(name.ptr, at), u->package))
		return false;
	return at == name.len || u->version == NULL || span_eq_str(span_skip(name, at + 1), u->version);
}

static int find_scope(struct explain *e, const struct explain_scope *scope, size_t *stack, struct err *err)
{
	for (size_t i = 0; scope->npackage == 0 && i < e->target->count; i++)
		e->in_scope[i] = true;
	for (size_t p = 0; p < scope->npackage; p++) {
		bool found = false;
		for (size_t i = 0; i < e->target->count; i++) {
			if (!is_named(&e->target->unit[i], span_of(scope->package[p])))
				continue;
			found = true;
			mark_below(e, i, e->in_scope, true, stack);
		}
		if (!found)
			return err_set(err, ENOENT, "no package `%s` was built in %s", scope->package[p],
				e->target->path);
	}
	return 0;
}

static int by_weight(const void *a, const void *b)
{
	const struct explain_cause *x = a, *y = b;
	if (x->ndragged != y->ndragged)
		return x->ndragged > y->ndragged ? -1 : 1;
	return x->unit < y->unit ? -1 : 1;
}

static bool counts(const struct explain *e, size_t i)
{
	return e->in_scope[i] && !e->leftover[i];
}

static void group(struct explain *e)
{
	const size_t count = e->target->count;
	size_t *dragged = arena_array(e->mem, count, sizeof(size_t));
	for (size_t i = 0; i < count; i++) {
		e->leftovers += e->in_scope[i] && e->leftover[i];
		if (!counts(e, i))
			continue;
		e->units++;
		if (e->verdict[i].reason == FRESH)
			e->fresh++;
		else
			e->ncause += dragged[e->verdict[i].cause]++ == 0;
	}
	e->cause = arena_array(e->mem, e->ncause, sizeof(*e->cause));
	size_t *place = arena_array(e->mem, count, sizeof(size_t));
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		if (dragged[i] == 0)
			continue;
		e->cause[at].unit = i;
		e->cause[at].dragged = arena_array(e->mem, dragged[i], sizeof(size_t));
		place[i] = at++;
	}
	for (size_t i = 0; i < count; i++) {
		if (!counts(e, i) || e->verdict[i].reason == FRESH)
			continue;
		struct explain_cause *cause = &e->cause[place[e->verdict[i].cause]];
		cause->dragged[cause->ndragged++] = i;
	}
	if (e->ncause != 0)
		qsort(e->cause, e->ncause, sizeof(*e->cause), by_weight);
}

int explain_new(const struct target *t, struct unitfiles *files, const struct freshfacts *facts,
	const struct explain_scope *scope, struct explain **ret, struct err *err)
{
	struct explain *e = xcalloc(1, sizeof(*e));
	e->mem = arena_new();
	e->target = t;
	e->facts = facts;
	e->verdict = freshness_judge(&facts->facts, e->mem);
	e->in_scope = arena_array(e->mem, t->count, sizeof(bool));
	e->leftover = arena_array(e->mem, t->count, sizeof(bool));
	size_t *stack = xmalloc((t->count + 1) * sizeof(*stack));
	int code = find_scope(e, scope, stack, err);
	if (code == 0) {
		find_leftovers(e, files, stack);
		group(e);
		*ret = e;
	}
	free(stack);
	if (code < 0)
		(void)explain_free(e);
	return code;
}

struct explain *explain_free(struct explain *e)
{
	if (e == NULL)
		return NULL;
	(void)arena_free(e->mem);
	free(e);
	return NULL;
}

void explain_cleanup(struct explain **e)
{
	*e = explain_free(*e);
}
