#include "steady/core/pyscripts.h"

#include "steady/core/pydist.h"
#include "steady/core/runtexts.h"
#include "steady/core/unitorder.h"
#include "steady/core/unitsources.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <string.h>

/* They ask the interpreter who it is, and import nothing of an environment. */
static bool is_pyo3s_own(struct unitfiles *files, const struct unit_files *f)
{
	static const char *const own[] = {
		"pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"};
	CLEANUP_STR struct str registry = STR_INIT;
	bool named = false;
	for (size_t i = 0; i < COUNT_OF(own); i++)
		named |= strcmp(f->unit->package, own[i]) == 0;
	if (!named || f->origin == ORIGIN_OTHER)
		return named;
	if (f->origin != ORIGIN_CARGO_HOME || f->package_root == NULL || unitfiles_cargo_home(files) == NULL)
		return false;
	path_join(&registry, unitfiles_cargo_home(files), "registry");
	return path_has_prefix(span_of(f->package_root), str_span(&registry));
}

/* What the unit registers, over what those below it do; the same object where it adds nothing. */
static const struct pyenv_values *own_values(
	const struct unit *u, const struct pyenv_values *below, struct arena *mem)
{
	struct pyenv_values *own = NULL;
	for (size_t i = 0; i < u->fingerprint->nlocal; i++) {
		const struct local *local = &u->fingerprint->local[i];
		enum pyenv_variable which;
		if (local->kind != LOCAL_RERUN_IF_ENV_CHANGED || !pyenv_variable(local->text, &which))
			continue;
		if (own == NULL) {
			own = arena_alloc(mem, sizeof(*own));
			if (below != NULL)
				*own = *below;
		}
		own->known[which] = true;
		own->value[which] =
			local->has_value ? arena_strndup(mem, local->value.ptr, local->value.len) : NULL;
	}
	return own != NULL ? own : below;
}

static bool adds_to(const struct pyenv_values *a, const struct pyenv_values *b)
{
	for (size_t i = 0; i < PYENV_VARIABLES; i++) {
		if (b->known[i] && !a->known[i])
			return true;
	}
	return false;
}

static const struct pyenv_values *both(
	const struct pyenv_values *a, const struct pyenv_values *b, struct arena *mem)
{
	if (a == NULL || b == NULL || a == b || !adds_to(a, b))
		return a != NULL ? a : b;
	struct pyenv_values *all = arena_alloc(mem, sizeof(*all));
	*all = *a;
	for (size_t i = 0; i < PYENV_VARIABLES; i++) {
		if (!a->known[i] && b->known[i]) {
			all->known[i] = true;
			all->value[i] = b->value[i];
		}
	}
	return all;
}

/* For each unit what it and those below it register; NULL for nothing. */
static const struct pyenv_values **find_values(const struct target *t, struct arena *mem)
{
	const struct pyenv_values **values = arena_array(mem, t->count, sizeof(*values));
	const size_t *order = unit_order(t, mem);
	for (size_t n = 0; n < t->count; n++) {
		const struct unit *u = &t->unit[order[n]];
		const struct pyenv_values *below = NULL;
		if (u->fingerprint == NULL)
			continue;
		for (size_t d = 0; d < u->fingerprint->ndep; d++) {
			if (u->dep[d] != UNIT_NONE)
				below = both(below, values[u->dep[d]], mem);
		}
		values[order[n]] = own_values(u, below, mem);
	}
	return values;
}

static bool tells(const struct pyenv_values *values)
{
	bool any = false;
	for (size_t i = 0; values != NULL && i < PYENV_TELLING; i++)
		any |= values->known[i];
	return any;
}

static void fill(struct pyscript *script, const struct pyenv_values *values, struct arena *mem)
{
	struct pyenv *env = arena_alloc(mem, sizeof(*env));
	pyenv_find(mem, values, env);
	script->env = env;
	if (env->why != NULL)
		return;
	script->key = pydist_key(env, mem);
	script->place = pyenv_place(env, mem);
}

/* Command::new("git"), or the name in a list of words. */
static bool speaks_of_git(struct span text)
{
	return span_find_span(text, SPAN_LIT("\"git\"")) != text.len;
}

static bool runs_git(const struct target *t, struct unitfiles *files, const struct unit *run)
{
	bool any = false;
	for (size_t d = 0; d < run->fingerprint->ndep; d++) {
		size_t dep = run->dep[d];
		any |= dep != UNIT_NONE && t->unit[dep].kind == UNIT_BUILD_SCRIPT &&
			unitsources_any(files, dep, speaks_of_git);
	}
	return any;
}

struct pyscript *pyscripts_find(const struct target *t, struct unitfiles *files, struct arena *mem)
{
	struct pyscript *script = arena_array(mem, t->count, sizeof(*script));
	const struct pyenv_values **values = find_values(t, mem);
	size_t last = UNIT_NONE;
	for (size_t i = 0; i < t->count; i++) {
		const struct unit_files *f;
		if (t->unit[i].kind != UNIT_RUN_BUILD_SCRIPT || !tells(values[i]))
			continue;
		f = unitfiles_get(files, i);
		if (is_pyo3s_own(files, f))
			continue;
		if (last != UNIT_NONE && values[last] == values[i])
			script[i] = script[last];
		else
			fill(&script[i], values[i], mem);
		last = i;
		script[i].beside =
			script[i].env->pinned && f->origin != ORIGIN_CARGO_HOME && f->origin != ORIGIN_OTHER;
		script[i].git = script[i].beside && runs_git(t, files, &t->unit[i]);
	}
	return script;
}

static bool ends_component(struct span rest)
{
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	return rest.len == 0 || rest.ptr[0] == '\0' || strchr(more, rest.ptr[0]) == NULL;
}

/* "bin/python", "bin/python3.12": the interpreter itself, and no longer path. */
static bool is_interpreter(struct span rest)
{
	static const char *const name[] = {"/bin/python", "/bin/pypy"};
	size_t end = 0;
	for (size_t i = 0; i < COUNT_OF(name); i++) {
		if (span_starts(rest, span_of(name[i])))
			end = strlen(name[i]);
	}
	while (end != 0 && end < rest.len && rest.ptr[end] != '\0' &&
		strchr(".0123456789dt", rest.ptr[end]) != NULL)
		end++;
	return end != 0 && ends_component(span_skip(rest, end)) && (end == rest.len || rest.ptr[end] != '/');
}

static bool text_holds(struct span text, const void *ctx)
{
	const struct pyenv *env = ctx;
	for (size_t i = 0; i < env->nroot; i++) {
		struct span root = span_of(env->root[i]), rest = text;
		size_t at;
		while ((at = span_find_span(rest, root)) != rest.len) {
			rest = span_skip(rest, at + root.len);
			/* The interpreter that the values name is replaced by the alias's; who got it elsewhere keeps it. */
			if (ends_component(rest) && !(env->pinned && env->told && is_interpreter(rest)))
				return true;
		}
	}
	return false;
}

const char *pyscripts_held(
	const struct target *t, const struct unit_files *files, const struct pyenv *env, struct arena *mem)
{
	return runtexts_find(t, files, text_holds, env, mem);
}

bool pyscript_is_covered(const struct pyscript *script, const struct record *record)
{
	bool environment = false, beside = !script->beside;
	for (size_t i = 0; i < record->ninput; i++) {
		environment |= record->input[i].kind == INPUT_ENVIRONMENT;
		beside |= record->input[i].kind == INPUT_BESIDE;
	}
	return environment && beside;
}

static bool is_build_output(struct span first, struct span second)
{
	if (span_eq_str(first, "dist") || span_eq_str(first, "venv") || span_eq_str(first, ".venv"))
		return true;
	return span_eq_str(first, "build") &&
		(span_eq_str(second, "lib") || span_starts(second, SPAN_LIT("temp.")) ||
			span_starts(second, SPAN_LIT("bdist.")) ||
			(span_starts(second, SPAN_LIT("lib.")) && !span_ends(second, SPAN_LIT(".rs"))));
}

bool pyscripts_is_beside(const char *path)
{
	static const char *const ending[] = {".so", ".pyd", ".dylib", ".pyc", ".whl"};
	struct span rest = span_of(path);
	size_t len = span_find(rest, '/');
	struct span first = span_make(rest.ptr, len), below = span_skip(rest, len < rest.len ? len + 1 : len);
	if (strcmp(path, "Cargo.lock") == 0 ||
		is_build_output(first, span_make(below.ptr, span_find(below, '/'))))
		return false;
	for (size_t i = 0; i < COUNT_OF(ending); i++) {
		if (span_ends(rest, span_of(ending[i])))
			return false;
	}
	while (rest.len != 0) {
		len = span_find(rest, '/');
		struct span name = span_make(rest.ptr, len);
		if (span_ends(name, SPAN_LIT(".egg-info")) || span_eq_str(name, "__pycache__"))
			return false;
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
	}
	return true;
}
