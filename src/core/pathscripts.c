#include "steady/core/pathscripts.h"

#include "steady/core/unitsources.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <string.h>

#define BUILD_CONFIG "pyo3-build-config"

struct walk {
	const struct target *t;
	struct unitfiles *files;
	bool *met;
	VEC(size_t) stack;
};

/* 0.29 has no build script, and nothing compiled in. */
static bool holds_path(const struct target *t, size_t unit)
{
	const struct unit *u = &t->unit[unit];
	if (u->kind != UNIT_LIB || strcmp(u->package, BUILD_CONFIG) != 0 || u->fingerprint == NULL)
		return false;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		if (u->dep[d] == UNIT_NONE || t->unit[u->dep[d]].kind == UNIT_RUN_BUILD_SCRIPT)
			return true;
	}
	return false;
}

/* Comments speak of executables as well. */
static bool text_asks(struct span text)
{
	static const char *const word[] = {"executable", "run_python_script"};
	struct span line;
	while (span_next_line(&text, &line)) {
		line = span_trim(line);
		for (size_t i = 0; !span_starts(line, SPAN_LIT("//")) && i < COUNT_OF(word); i++) {
			if (span_find_span(line, span_of(word[i])) != line.len)
				return true;
		}
	}
	return false;
}

static bool links_path(const struct target *t, const struct unit *u)
{
	bool any = false;
	for (size_t d = 0; d < u->fingerprint->ndep; d++)
		any |= u->dep[d] != UNIT_NONE && holds_path(t, u->dep[d]);
	return any;
}

/* What is linked with the unit; what other scripts printed is not, and PyO3's macros ask for nothing. */
static void descend(struct walk *w, const struct unit *u)
{
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep == UNIT_NONE || w->met[dep] || w->t->unit[dep].kind == UNIT_RUN_BUILD_SCRIPT ||
			strncmp(w->t->unit[dep].package, "pyo3-", 5) == 0)
			continue;
		w->met[dep] = true;
		*vec_add(&w->stack) = dep;
	}
}

static bool any_asks(struct walk *w)
{
	while (w->stack.len != 0) {
		size_t i = w->stack.data[--w->stack.len];
		const struct unit *u = &w->t->unit[i];
		if (u->fingerprint == NULL)
			continue;
		if (links_path(w->t, u) && unitsources_any(w->files, i, text_asks))
			return true;
		descend(w, u);
	}
	return false;
}

bool pathscripts_ask(const struct target *t, struct unitfiles *files, size_t run)
{
	const struct unit *u = &t->unit[run];
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct walk w = {.t = t, .files = files, .met = arena_array(mem, t->count, sizeof(*w.met))};
	for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep != UNIT_NONE && t->unit[dep].kind == UNIT_BUILD_SCRIPT && !w.met[dep]) {
			w.met[dep] = true;
			*vec_add(&w.stack) = dep;
		}
	}
	bool asks = any_asks(&w);
	vec_release(&w.stack);
	return asks;
}
