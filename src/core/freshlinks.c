/*
 * Which unit is whose dependency. The hash in a unit's JSON names it, but a unit whose hash file was emptied or removed,
 * or that was built anew, is not found by that: then its JSON's own hash tells, or failing that its name.
 */
#include "freshfacts_priv.h"

#include <stdlib.h>
#include <string.h>

/* Units of one name that are looked at for one dependency; more are no real target. */
#define MAX_CANDIDATES 1024
/* How often what was found by name is looked at again, each time with hashes that are more up to date. */
#define MAX_ROUNDS 4

struct by_hash {
	uint64_t hash;
	size_t unit;
};

struct links {
	struct gather *g;
	/** Units by the hash of their JSON, sorted. */
	struct by_hash *json;
	size_t count;
	/** Crate name, or "build_script_build" + '/' + package hash -> first unit (index + 1). */
	struct strmap *by_name;
	size_t *next_same;
	/** Units with a dependency that was found by its name. */
	bool *uncertain;
	size_t nuncertain;
	/** What the hashes would be now with the links found so far; NULL in the first round. */
	const struct verdict *verdict;
};

static int by_hash_then_unit(const void *a, const void *b)
{
	const struct by_hash *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->unit < y->unit ? -1 : x->unit > y->unit ? 1 : 0;
}

/* The name by which dependents know the unit. */
static const char *extern_name(struct arena *mem, const struct unit *u)
{
	if (u->kind == UNIT_RUN_BUILD_SCRIPT || u->kind == UNIT_BUILD_SCRIPT)
		return "build_script_build";
	char *name = arena_strdup(mem, u->target);
	for (char *c = name; *c != '\0'; c++) {
		if (*c == '-')
			*c = '_';
	}
	return name;
}

static bool is_script(struct span name)
{
	return span_eq_str(name, "build_script_build");
}

static enum unit_kind wanted_kind(const struct unit *dependent, const struct fingerprint_dep *dep)
{
	if (!is_script(dep->name))
		return dependent->kind == UNIT_DOC ? UNIT_DOC : UNIT_LIB;
	return dependent->kind == UNIT_RUN_BUILD_SCRIPT ? UNIT_BUILD_SCRIPT : UNIT_RUN_BUILD_SCRIPT;
}

/* For path packages the identity in the JSON is the hash of the name. */
static bool is_package(const struct unit *u, const struct fingerprint_dep *dep)
{
	return fingerprint_hash_str(fingerprint_hasher(u->fingerprint), span_of(u->package)) == dep->pkg_id;
}

/* Could the unit be that dependency? Higher is better, negative is no. */
static int fitness(
	const struct links *l, size_t dependent, const struct fingerprint_dep *dep, size_t candidate)
{
	const struct unit *from = &l->g->t->unit[dependent], *to = &l->g->t->unit[candidate];
	enum unit_kind wanted = wanted_kind(from, dep);
	if (dependent == candidate || to->fingerprint == NULL)
		return -1;
	if (to->kind != wanted && !(wanted == UNIT_DOC && to->kind == UNIT_LIB))
		return -1;
	const bool named = is_package(to, dep);
	if (is_script(dep->name) && !named && strcmp(from->package, to->package) != 0)
		return -1;
	int fit = to->kind == wanted ? 8 : 0;
	fit += to->place == from->place ? 4 : 0;
	fit += named ? 16 : 0;
	fit += to->layout == from->layout ? 2 : 0;
	fit += to->fingerprint->rustc == from->fingerprint->rustc ? 1 : 0;
	return fit;
}

static size_t find_by_json(const struct links *l, size_t dependent, const struct fingerprint_dep *dep)
{
	size_t low = 0, high = l->count, best = UNIT_NONE;
	int best_fit = -1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (l->json[middle].hash < dep->hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (unsigned seen = 0; low < l->count && l->json[low].hash == dep->hash && seen < 64;
		low++, seen++) {
		size_t candidate = l->json[low].unit;
		int fit = candidate == dependent
			? -1
			: l->g->t->unit[candidate].place == l->g->t->unit[dependent].place;
		if (fit > best_fit) {
			best = candidate;
			best_fit = fit;
		}
	}
	return best;
}

static bool is_newer(const struct links *l, size_t a, size_t b)
{
	const struct timespec x = l->g->t->unit[a].hash_mtime, y = l->g->t->unit[b].hash_mtime;
	return x.tv_sec != y.tv_sec ? x.tv_sec > y.tv_sec : x.tv_nsec > y.tv_nsec;
}

/*
 * The unit of that name which would have the hash again, or else the one that was built last: the dependency,
 * built anew, has another hash now.
 */
static size_t find_by_name(const struct links *l, size_t dependent, const struct fingerprint_dep *dep)
{
	size_t best = UNIT_NONE, seen = 0;
	int best_fit = -1;
	for (size_t k = (size_t)(uintptr_t)strmap_get(l->by_name, dep->name); k != 0 && seen < MAX_CANDIDATES;
		k = l->next_same[k - 1], seen++) {
		int fit = fitness(l, dependent, dep, k - 1);
		if (fit >= 0 && l->verdict != NULL && l->verdict[k - 1].hash == dep->hash)
			fit += 32;
		if (fit > best_fit || (fit == best_fit && fit >= 0 && is_newer(l, k - 1, best))) {
			best = k - 1;
			best_fit = fit;
		}
	}
	return best;
}

static void index_units(struct links *l)
{
	const struct target *t = l->g->t;
	for (size_t i = t->count; i-- > 0;) {
		const struct unit *u = &t->unit[i];
		if (u->fingerprint == NULL)
			continue;
		l->json[l->count++] = (struct by_hash){fingerprint_hash(u->fingerprint, &u->epoch), i};
		void *next = strmap_put(
			l->by_name, span_of(extern_name(l->g->mem, u)), (void *)(uintptr_t)(i + 1));
		l->next_same[i] = (size_t)(uintptr_t)next;
	}
	if (l->count != 0)
		qsort(l->json, l->count, sizeof(*l->json), by_hash_then_unit);
}

static void link_unit(struct links *l, size_t i)
{
	const struct unit *u = &l->g->t->unit[i];
	size_t *dep = arena_array(l->g->mem, u->fingerprint->ndep, sizeof(*dep));
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		dep[d] = u->dep[d];
		if (dep[d] == UNIT_NONE)
			dep[d] = find_by_json(l, i, &u->fingerprint->dep[d]);
		if (dep[d] != UNIT_NONE)
			continue;
		dep[d] = find_by_name(l, i, &u->fingerprint->dep[d]);
		l->nuncertain += !l->uncertain[i];
		l->uncertain[i] = true;
	}
	l->g->facts->facts.unit[i].dep = dep;
}

static bool same_links(const struct links *l, size_t i, const size_t *before)
{
	size_t count = l->g->t->unit[i].fingerprint->ndep;
	return memcmp(before, l->g->facts->facts.unit[i].dep, count * sizeof(*before)) == 0;
}

/* Once more with the hashes that the links found so far give; true if that changed something. */
static bool link_again(struct links *l)
{
	bool changed = false;
	CLEANUP_ARENA struct arena *mem = arena_new();
	l->verdict = freshness_judge(&l->g->facts->facts, mem);
	for (size_t i = 0; i < l->g->t->count; i++) {
		if (!l->uncertain[i])
			continue;
		const size_t *before = l->g->facts->facts.unit[i].dep;
		link_unit(l, i);
		changed |= !same_links(l, i, before);
	}
	l->verdict = NULL;
	return changed;
}

void gather_links(struct gather *g)
{
	struct links l = {.g = g,
		.json = xmalloc((g->t->count + 1) * sizeof(*l.json)),
		.by_name = strmap_new(),
		.next_same = xcalloc(g->t->count + 1, sizeof(*l.next_same)),
		.uncertain = xcalloc(g->t->count + 1, sizeof(*l.uncertain))};
	index_units(&l);
	for (size_t i = 0; i < g->t->count; i++) {
		if (g->t->unit[i].fingerprint != NULL)
			link_unit(&l, i);
	}
	for (int round = 0; l.nuncertain != 0 && round < MAX_ROUNDS && link_again(&l); round++)
		continue;
	free(l.json);
	free(l.next_same);
	free(l.uncertain);
	l.by_name = strmap_free(l.by_name);
}
