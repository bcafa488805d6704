#include "steady/core/scan.h"

#include "target_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/strmap.h"
#include "steady/util/workers.h"

#include <stdlib.h>
#include <string.h>

#define PARALLEL_FROM 64
#define MAX_THREADS 8
/* A forged output can tell of any number of interpreters. */
#define MAX_INTERPRETERS 1000

struct part {
	struct arena *mem;
	struct sighting_list sightings;
	struct config_list configs;
};

struct work {
	struct target *t;
	bool versions;
	struct part part[MAX_THREADS];
};

/* The names of front ends' throw-away environments; nothing is replaced. */
static const struct pathmap any_ephemeral = {.from = NULL, .nfrom = 0, .to = NULL};

static void look_at(void *ctx, unsigned worker, size_t i)
{
	struct work *work = ctx;
	struct part *part = &work->part[worker];
	struct unit *u = &work->t->unit[i];
	struct script_files files = {.config = VEC_INIT};
	bool script = u->kind == UNIT_RUN_BUILD_SCRIPT;
	if (script)
		script_files_read(work->t, u, part->mem, &files);
	sightings_of_unit(work->t, i, script ? &files : NULL, &any_ephemeral, part->mem, &part->sightings,
		&part->configs);
	vec_release(&files.config);
	if (work->versions && u->version == NULL && !script)
		u->version = unit_version_from_rustc(work->t, u, part->mem);
}

static int by_unit(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

/* Brings the threads' finds into the order of the units. */
static void merge(struct scan *s, struct work *work)
{
	_Static_assert(offsetof(struct sighting, unit) == 0 && offsetof(struct config_sighting, unit) == 0,
		"by_unit reads the first member");
	for (size_t p = 0; p < s->npart; p++) {
		struct part *part = &work->part[p];
		vec_each (found, &part->sightings)
			*vec_add(&s->sightings) = *found;
		vec_each (found, &part->configs)
			*vec_add(&s->configs) = *found;
		vec_release(&part->sightings);
		vec_release(&part->configs);
	}
	if (s->npart < 2)
		return;
	if (s->sightings.len != 0)
		qsort(s->sightings.data, s->sightings.len, sizeof(*s->sightings.data), by_unit);
	if (s->configs.len != 0)
		qsort(s->configs.data, s->configs.len, sizeof(*s->configs.data), by_unit);
}

/* A script's run has no .d file of its own: its version is that of the script it ran. */
static void version_of_runs(struct target *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct unit *u = &t->unit[i];
		if (u->kind != UNIT_RUN_BUILD_SCRIPT || u->version != NULL || u->fingerprint == NULL)
			continue;
		for (size_t d = 0; d < u->fingerprint->ndep && u->version == NULL; d++) {
			size_t dep = u->dep[d];
			if (dep != UNIT_NONE && strcmp(t->unit[dep].package, u->package) == 0)
				u->version = t->unit[dep].version;
		}
	}
}

static bool same_span(struct span a, struct span b)
{
	return (a.ptr == NULL) == (b.ptr == NULL) && span_eq(a, b);
}

static bool same_interpreter(const struct py_config *a, const struct py_config *b)
{
	return same_span(a->executable, b->executable) && same_span(a->implementation, b->implementation) &&
		same_span(a->version, b->version) && same_span(a->lib_dir, b->lib_dir) && a->abi == b->abi &&
		a->pointer_width == b->pointer_width && a->gil_disabled == b->gil_disabled &&
		a->debug == b->debug;
}

static void find_interpreters(struct scan *s)
{
	s->interpreter = arena_array(s->mem, s->configs.len, sizeof(*s->interpreter));
	vec_each (seen, &s->configs) {
		size_t i = 0;
		while (i < s->ninterpreter &&
			!same_interpreter(&s->interpreter[i].seen->config, &seen->config))
			i++;
		struct scan_interpreter *it = &s->interpreter[i];
		struct span env;
		if (i == MAX_INTERPRETERS)
			continue;
		if (i == s->ninterpreter) {
			s->ninterpreter++;
			it->seen = seen;
			it->ephemeral = seen->config.executable.ptr != NULL &&
				pathmap_find(&any_ephemeral, seen->config.executable, 0, &env);
		}
		it->configs++;
	}
}

static void count_units(struct scan *s)
{
	CLEANUP_STRMAP struct strmap *packages = strmap_new();
	for (size_t i = 0; i < s->target->count; i++) {
		const struct unit *u = &s->target->unit[i];
		(void)strmap_put(packages, span_of(u->package), s);
		s->verified += u->proof == PROOF_VERIFIED;
		s->failed += u->proof == PROOF_FAILED;
		s->without_hash += u->proof == PROOF_NONE;
	}
	s->packages = strmap_count(packages);
}

struct scan *scan_new(struct target *t, bool versions)
{
	struct scan *s = xcalloc(1, sizeof(*s));
	s->target = t;
	s->mem = arena_new();
	s->npart = t->count >= PARALLEL_FROM ? workers_count() : 1;
	s->part = arena_array(s->mem, s->npart, sizeof(*s->part));
	struct work work = {.t = t, .versions = versions};
	for (size_t i = 0; i < s->npart; i++)
		s->part[i] = work.part[i].mem = arena_new();
	workers_for(t->count, (unsigned)s->npart, look_at, &work);
	merge(s, &work);
	version_of_runs(t);
	find_interpreters(s);
	count_units(s);
	return s;
}

struct scan *scan_free(struct scan *s)
{
	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < s->npart; i++)
		(void)arena_free(s->part[i]);
	vec_release(&s->sightings);
	vec_release(&s->configs);
	(void)arena_free(s->mem);
	free(s);
	return NULL;
}

void scan_cleanup(struct scan **s)
{
	*s = scan_free(*s);
}
