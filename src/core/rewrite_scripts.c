#include "rewrite_priv.h"

#include "steady/core/aside.h"
#include "steady/core/stamps.h"
#include "steady/core/unitorder.h"
#include "steady/util/fsio.h"

#include <stdlib.h>

/* For each unit: is anything rewritten in it or below it? */
static bool *find_edited(const struct rewriter *r)
{
	const size_t *order = unit_order(r->t, r->mem);
	bool *edited = arena_array(r->mem, r->t->count, sizeof(*edited));
	for (size_t n = 0; n < r->t->count; n++) {
		const struct unit *u = &r->t->unit[order[n]];
		edited[order[n]] = r->edit[order[n]].any && r->edit[order[n]].left == NULL;
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++)
			edited[order[n]] |= u->dep[d] != UNIT_NONE && edited[u->dep[d]];
	}
	return edited;
}

/* Does its output give the interpreter's path to what is compiled, or to other scripts? */
static bool tells_path(const struct rewriter *r, size_t first, size_t end)
{
	bool tells = false;
	for (size_t i = first; i < end; i++) {
		const struct sighting *seen = &r->sightings.data[i];
		tells |= seen->where == SIGHTING_OUTPUT && !seen->inert &&
			!span_eq_str(seen->variable, "rerun-if-changed") &&
			!span_eq_str(seen->variable, "PYO3_CONFIG");
	}
	return tells;
}

/*
 * cargo ran these scripts in every new environment, by the accident that its path was new, and so they saw its
 * packages. Under a path that stays nothing would run them: they are left alone, unless a record speaks for what
 * the environment holds.
 */
void rewrite_leave_scripts(struct rewriter *r, const size_t *first)
{
	const struct rewrite_request *rq = r->request;
	if (rq->must_rerun == NULL)
		return;
	const bool *edited = find_edited(r);
	for (size_t i = 0; i < r->t->count; i++) {
		struct unit_edit *edit = &r->edit[i];
		if (r->t->unit[i].kind != UNIT_RUN_BUILD_SCRIPT || !edited[i])
			continue;
		const bool told = tells_path(r, first[i], first[i + 1]);
		if (!rq->must_rerun(i, told, rq->ctx))
			continue;
		edit->any |= first[i] != first[i + 1];
		edit->rerun = true;
		if (edit->left == NULL)
			edit->left = told
				? "it printed the old interpreter's path, which may be compiled in: it runs once more"
				: "it may have used what was installed in the old environment, and no record "
				  "tells: it runs once more";
	}
}

/* A value that stays and that no other environment has: cargo runs the script for that. */
static bool keeps_value(const struct rewriter *r, const struct unit *u)
{
	const struct fingerprint *fp = u->fingerprint;
	struct span env;
	for (size_t i = 0; i < fp->nlocal; i++) {
		const struct local *local = &fp->local[i];
		if (local->kind == LOCAL_RERUN_IF_ENV_CHANGED && local->has_value &&
			rewrite_wants_var(r->request, local->text) &&
			pathmap_find(&r->request->map, local->value, 0, &env))
			return true;
	}
	return false;
}

/* Those above something that is rewritten, which nothing else would make cargo run. */
void rewrite_find_reruns(const struct rewriter *r, struct rewrite_plan *plan)
{
	const bool *edited = find_edited(r);
	plan->rerun = arena_array(r->mem, r->t->count, sizeof(*plan->rerun));
	for (size_t i = 0; i < r->t->count; i++) {
		const struct unit *u = &r->t->unit[i];
		struct stat st;
		if (u->kind == UNIT_RUN_BUILD_SCRIPT && r->edit[i].rerun && edited[i] && !keeps_value(r, u) &&
			fsio_stat(r->t->fd, unit_output_path(r->mem, u), &st, NULL) == 0)
			plan->rerun[plan->nrerun++] = i;
	}
}

/* Invalidates them as `restore` does: the output aside, and what lies in OUT_DIR dated back. */
int rewrite_set_aside(const struct target *t, const struct rewrite_plan *plan, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct stamps_plan steps = {.step = arena_array(mem, 2 * plan->nrerun, sizeof(*steps.step))};
	for (size_t i = 0; i < plan->nrerun; i++) {
		const struct unit *u = &t->unit[plan->rerun[i]];
		const char *output = unit_output_path(mem, u), *out_dir = unit_out_dir(mem, u);
		steps.step[steps.invalidating++] = (struct stamp_step){.act = STAMP_SET_ASIDE,
			.unit = plan->rerun[i],
			.path = output,
			.to = aside_path_of_run(mem, u)};
		if (stamps_has_fresh_files(t, out_dir))
			steps.step[steps.invalidating++] = (struct stamp_step){
				.act = STAMP_AGE, .unit = plan->rerun[i], .path = out_dir};
	}
	steps.count = steps.invalidating;
	return stamps_invalidate(t, &steps, err);
}
