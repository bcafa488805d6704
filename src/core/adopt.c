#include "steady/core/adopt.h"

#include "steady/core/pydist.h"
#include "steady/core/pyscripts.h"
#include "steady/core/recordfile.h"
#include "steady/core/userpython.h"

#include <stdlib.h>
#include <string.h>

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

static bool names_ephemeral(const struct fingerprint *fp)
{
	const struct pathmap any = {.nfrom = 0};
	struct span env;
	for (size_t i = 0; i < fp->nlocal; i++) {
		const struct local *local = &fp->local[i];
		if (local->kind == LOCAL_RERUN_IF_ENV_CHANGED && local->has_value &&
			is_adopted_var(local->text) && pathmap_find(&any, local->value, 0, &env))
			return true;
	}
	return false;
}

bool adopt_is_needed(const struct target *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct unit *u = &t->unit[i];
		if (u->kind == UNIT_RUN_BUILD_SCRIPT && u->fingerprint != NULL &&
			names_ephemeral(u->fingerprint))
			return true;
	}
	return false;
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
	const struct alias *alias;
	const struct pyscript *script;
	/** The environment that the alias stands for today; NULL until somebody asks. */
	const struct observation *today;
};

/* What the environment holds that the user's variables name, or STEADY_SITE where these name an alias; NULL if nobody can tell. */
static const struct observation *look_at_today(struct witness *w)
{
	struct pyenv_values values = {.known = {[PYENV_PYO3_PYTHON] = true}};
	struct pyenv env;
	if (w->today != NULL)
		return w->today;
	values.value[PYENV_PYO3_PYTHON] = w->alias->python;
	pyenv_find(w->mem, &values, &env);
	if (env.why != NULL)
		return NULL;
	w->today = observer_want(w->rq->observer, INPUT_ENVIRONMENT, pydist_key(&env, w->mem));
	observer_look(w->rq->observer, NULL);
	return w->today;
}

/* Did the script run in an environment that held the same? A place in it that is noted is another one now. */
static bool holds_the_same(struct witness *w, const struct record *record)
{
	bool same = false;
	for (size_t i = 0; i < record->ninput; i++) {
		const struct input *input = &record->input[i];
		if (input->kind == INPUT_ENVIRONMENT_PATH)
			return false;
		if (input->kind != INPUT_ENVIRONMENT)
			continue;
		const struct observation *today = look_at_today(w);
		same = today != NULL && today->state == OBSERVED && today->size == input->size &&
			digest_eq(&today->digest, &input->digest);
	}
	return same;
}

static enum rewrite_script judge_script(size_t unit, void *ctx)
{
	struct witness *w = ctx;
	struct record record;
	if (w->script[unit].env == NULL)
		return SCRIPT_BLIND;
	const struct unit_files *files = unitfiles_get(w->rq->files, unit);
	bool vouched = recordfile_load(w->rq->target, files->unit, w->mem, &record, NULL) == 0 &&
		record_bond(&record, files) == BOND_EXACT && pyscript_is_covered(&w->script[unit], &record) &&
		holds_the_same(w, &record);
	return vouched ? SCRIPT_VOUCHED : SCRIPT_DOUBTFUL;
}

static int plan(struct adoption *a, const struct adopt_request *request, struct err *err)
{
	struct witness witness = {.rq = request,
		.mem = a->mem,
		.alias = &a->alias,
		.script = pyscripts_find(request->target, request->files, a->mem)};
	const struct rewrite_request rewrite = {
		.map = {.from = request->from, .nfrom = request->nfrom, .to = a->alias.dir, .one_name = true},
		.var = request->nvar != 0 ? request->var : adopt_var,
		.nvar = request->nvar != 0 ? request->nvar : COUNT_OF(adopt_var),
		.now = &a->alias.who,
		.force_identity = request->force_identity,
		.judge_script = judge_script,
		.ctx = &witness,
		.brief = request->brief,
	};
	return rewrite_make_plan(request->target, &rewrite, &a->plan, err);
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
