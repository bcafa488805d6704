#include "steady/core/adopt.h"

#include "steady/core/ephemeral.h"
#include "steady/core/pathscripts.h"
#include "steady/core/pynow.h"
#include "steady/core/pyscripts.h"
#include "steady/core/recordfile.h"
#include "steady/core/userpython.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A build directory names a few; a forged one any number. */
#define MAX_DIRS ((size_t)64)

/* What the shim replaces in a build's environment, and no more: other values would not be found again. */
static const char *const adopt_var[] = {"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "VIRTUAL_ENV"};

static bool is_adopted_var(struct span var)
{
	for (size_t i = 0; i < COUNT_OF(adopt_var); i++) {
		if (span_eq_str(var, adopt_var[i]))
			return true;
	}
	return false;
}

struct dir_names {
	const char **data;
	size_t len, cap;
};

/* What a front end of another name, or the user's own, made; it need not be there any more. */
static bool is_thrown_away(const char *path, struct arena *mem, const char **ret_env)
{
	struct span env;
	if (ephemeral_env(path, mem, ret_env))
		return true;
	if (!ephemeral_place(path, mem) || access(path, F_OK) == 0)
		return false;
	env = interpreter_env_dir(span_of(path));
	*ret_env = env.len != 0 ? arena_strndup(mem, env.ptr, env.len) : path;
	return true;
}

static void add_dir(struct dir_names *dirs, const char *env)
{
	vec_each (known, dirs) {
		if (strcmp(*known, env) == 0)
			return;
	}
	if (dirs->len < MAX_DIRS)
		*vec_add(dirs) = env;
}

/* The environments that are thrown away, of what is recorded of one script. */
static void find_dirs(const struct fingerprint *fp, struct arena *mem, struct dir_names *dirs)
{
	for (size_t i = 0; i < fp->nlocal; i++) {
		const struct local *local = &fp->local[i];
		const char *env;
		if (local->kind == LOCAL_RERUN_IF_ENV_CHANGED && local->has_value &&
			is_adopted_var(local->text) && local->value.len < PATH_MAX &&
			is_thrown_away(arena_strndup(mem, local->value.ptr, local->value.len), mem, &env))
			add_dir(dirs, env);
	}
}

static void find_all_dirs(const struct target *t, struct arena *mem, struct dir_names *dirs)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->unit[i].kind == UNIT_RUN_BUILD_SCRIPT && t->unit[i].fingerprint != NULL)
			find_dirs(t->unit[i].fingerprint, mem, dirs);
	}
}

bool adopt_is_needed(const struct target *t)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_names dirs = VEC_INIT;
	find_all_dirs(t, mem, &dirs);
	bool needed = dirs.len != 0;
	vec_release(&dirs);
	return needed;
}

/* The alias of the first interpreter named that has one; false with a->why if there is none. */
static bool find_alias(struct adoption *a)
{
	const char *path[USERPYTHON_MAX], *why = NULL;
	size_t count = userpython_find(a->mem, path);
	a->why = "the environment names no interpreter (PYO3_PYTHON, VIRTUAL_ENV, python3 on PATH)";
	for (size_t i = 0; i < count; i++) {
		struct err err = ERR_INIT;
		int code = alias_get(path[i], a->mem, &a->alias, &why, &err);
		if (code == 0 && a->alias.who.major == 3)
			return true;
		a->why = code == ALIAS_NONE ? arena_printf(a->mem, "%s has no alias: %s", path[i], why)
			: code < 0          ? arena_strdup(a->mem, err.msg)
					    : arena_printf(a->mem, "%s is no Python 3", path[i]);
	}
	return false;
}

/* Who may speak for scripts. */
struct witness {
	const struct adopt_request *rq;
	struct arena *mem;
	const struct pyscript *script;
	/** NULL until a record asks. */
	struct pynow *now;
};

static bool speaks_for_today(struct witness *w, const struct record *record)
{
	if (w->now == NULL)
		w->now = pynow_look(unitfiles_workspace_root(w->rq->files));
	return pynow_vouches(w->now, record);
}

static bool must_rerun(size_t unit, bool told, void *ctx)
{
	struct witness *w = ctx;
	struct record record;
	if (w->script[unit].env == NULL || told)
		return w->script[unit].env != NULL;
	const struct unit_files *files = unitfiles_get(w->rq->files, unit);
	return recordfile_load(w->rq->target, files->unit, w->mem, &record, NULL) != 0 ||
		record_bond(&record, files) != BOND_EXACT ||
		!pyscript_is_covered(&w->script[unit], &record) || !speaks_for_today(w, &record);
}

/* pyo3's own, and what does not see the environment, do without the path. */
static bool asks_for_path(size_t unit, void *ctx)
{
	struct witness *w = ctx;
	return w->script[unit].env != NULL && pathscripts_ask(w->rq->target, w->rq->files, unit);
}

static int plan(struct adoption *a, const struct adopt_request *request, struct err *err)
{
	struct witness witness = {.rq = request,
		.mem = a->mem,
		.script = pyscripts_find(request->target, request->files, a->mem)};
	struct dir_names dirs = VEC_INIT;
	if (request->nfrom == 0)
		find_all_dirs(request->target, a->mem, &dirs);
	const struct rewrite_request rewrite = {
		.map = {.from = request->from,
			.nfrom = request->nfrom,
			.also = dirs.data,
			.nalso = dirs.len,
			.to = a->alias.dir,
			.one_name = true},
		.var = request->nvar != 0 ? request->var : adopt_var,
		.nvar = request->nvar != 0 ? request->nvar : COUNT_OF(adopt_var),
		.now = &a->alias.who,
		.force_identity = request->force_identity,
		.must_rerun = must_rerun,
		.asks_for_path = asks_for_path,
		.ctx = &witness,
		.brief = request->brief,
	};
	int code = rewrite_make_plan(request->target, &rewrite, &a->plan, err);
	vec_release(&dirs);
	(void)pynow_free(witness.now);
	return code;
}

int adopt_look(const struct adopt_request *request, struct adoption **ret, struct err *err)
{
	CLEANUP_ADOPTION struct adoption *a = xcalloc(1, sizeof(*a));
	a->mem = arena_new();
	if (request->alias != NULL)
		a->alias = *request->alias;
	if (request->alias != NULL || find_alias(a)) {
		int code = plan(a, request, err);
		if (code < 0)
			return code;
		a->why = NULL;
	}
	*ret = TAKE_PTR(a);
	return 0;
}

bool adoption_changes(const struct adoption *a)
{
	return a != NULL && a->plan != NULL && (a->plan->nfile != 0 || a->plan->nrerun != 0);
}

struct adoption *adoption_free(struct adoption *a)
{
	if (a == NULL)
		return NULL;
	(void)rewrite_plan_free(a->plan);
	(void)arena_free(a->mem);
	free(a);
	return NULL;
}

void adoption_cleanup(struct adoption **a)
{
	*a = adoption_free(*a);
}
