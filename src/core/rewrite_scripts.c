#include "rewrite_priv.h"

#include "steady/core/aside.h"
#include "steady/core/stamps.h"
#include "steady/core/unitorder.h"
#include "steady/util/fsio.h"

#include <stdlib.h>
#include <string.h>

/* What is known of a unit and everything below it. */
struct below {
	/** A script registers a variable that names an interpreter. */
	bool names_interpreter;
	/** Something is rewritten. */
	bool edited;
};

/* They ask the interpreter who it is, and import nothing of an environment. */
static bool is_pyo3s_own(const struct unit *u)
{
	static const char *const own[] = {
		"pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"};
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		if (strcmp(u->package, own[i]) == 0)
			return true;
	}
	return false;
}

/* Set or not: the script asked for it. */
static bool registers_interpreter(const struct unit *u)
{
	static const char *const var[] = {
		"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "VIRTUAL_ENV", "PYO3_CONFIG_FILE"};
	const struct fingerprint *fp = u->fingerprint;
	for (size_t i = 0; fp != NULL && i < fp->nlocal; i++) {
		for (size_t v = 0; fp->local[i].kind == LOCAL_RERUN_IF_ENV_CHANGED && v < COUNT_OF(var);
			v++) {
			if (span_eq_str(fp->local[i].text, var[v]))
				return true;
		}
	}
	return false;
}

static bool is_edited(const struct rewriter *r, size_t unit)
{
	return r->edit[unit].any && r->edit[unit].left == NULL;
}

/* For each unit, itself included. */
static struct below *look_below(const struct rewriter *r, const size_t *order)
{
	struct below *below = arena_array(r->mem, r->t->count, sizeof(*below));
	for (size_t n = 0; n < r->t->count; n++) {
		const struct unit *u = &r->t->unit[order[n]];
		struct below *this = &below[order[n]];
		this->names_interpreter = registers_interpreter(u);
		this->edited = is_edited(r, order[n]);
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
			if (u->dep[d] == UNIT_NONE)
				continue;
			this->names_interpreter |= below[u->dep[d]].names_interpreter;
			this->edited |= below[u->dep[d]].edited;
		}
	}
	return below;
}

/*
 * cargo ran these scripts in every new environment, by the accident that its path was new, and so they saw its
 * packages. Under a path that stays nothing would run them: they are left alone, until a record speaks for what
 * the environment holds.
 */
void rewrite_leave_scripts(struct rewriter *r, const size_t *first)
{
	const struct rewrite_request *rq = r->request;
	if (!rq->alias)
		return;
	const struct below *below = look_below(r, unit_order(r->t, r->mem));
	for (size_t i = 0; i < r->t->count; i++) {
		const struct unit *u = &r->t->unit[i];
		struct unit_edit *edit = &r->edit[i];
		if (u->kind != UNIT_RUN_BUILD_SCRIPT || is_pyo3s_own(u) || !below[i].names_interpreter ||
			!below[i].edited)
			continue;
		if (edit->left == NULL && rq->vouched != NULL && rq->vouched(i, rq->ctx))
			continue;
		edit->any |= first[i] != first[i + 1];
		edit->rerun = true;
		if (edit->left == NULL)
			edit->left =
				"it may have used what was installed in the old environment, and no record "
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
	const struct below *below = look_below(r, unit_order(r->t, r->mem));
	plan->rerun = arena_array(r->mem, r->t->count, sizeof(*plan->rerun));
	for (size_t i = 0; i < r->t->count; i++) {
		const struct unit *u = &r->t->unit[i];
		struct stat st;
		if (u->kind == UNIT_RUN_BUILD_SCRIPT && r->edit[i].rerun && below[i].edited &&
			!keeps_value(r, u) &&
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
