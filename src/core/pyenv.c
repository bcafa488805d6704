#include "pyenv_priv.h"

#include "steady/core/aliaspath.h"
#include "steady/core/cargoenv.h"
#include "steady/core/ephemeral.h"
#include "steady/core/interpreter.h"
#include "steady/core/locate.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const variable[PYENV_VARIABLES] = {
	"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "VIRTUAL_ENV", "CONDA_PREFIX", "PYO3_CONFIG_FILE", "PATH"};

bool pyenv_variable(struct span name, enum pyenv_variable *ret)
{
	for (size_t i = 0; i < PYENV_VARIABLES; i++) {
		if (span_eq_str(name, variable[i])) {
			*ret = (enum pyenv_variable)i;
			return true;
		}
	}
	return false;
}

/* Unset and empty are the same to pyo3. */
static const char *value_of(const struct pyenv_values *values, enum pyenv_variable which)
{
	const char *value = values->known[which] ? values->value[which] : getenv(variable[which]);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* pyo3 asks each `python` for its version; those of Python 2 have it in the name behind their links. */
static bool is_python2(const char *path)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	return real != NULL && span_starts(path_base(span_of(real)), SPAN_LIT("python2"));
}

/* Of a list of directories, the first that holds the program. */
static const char *search(struct arena *mem, const char *list, const char *name)
{
	struct span rest = span_of(list != NULL ? list : "/usr/bin:/bin");
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		const char *path = arena_printf(mem, "%.*s/%s", (int)len, rest.ptr, name);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		if (path[0] == '/' && is_program(path) && !is_python2(path))
			return path;
	}
	return NULL;
}

static const char *of_directory(struct arena *mem, const char *dir)
{
	const char *path = arena_printf(mem, "%s/bin/python", dir);
	const char *other = arena_printf(mem, "%s/bin/python3", dir);
	return is_program(path) || !is_program(other) ? path : other;
}

/* The interpreter that the values name: an absolute path, or NULL with or without a reason. */
static const char *named_by(struct arena *mem, const struct pyenv_values *values, const char **ret_why)
{
	const char *path = value_of(values, PYENV_PATH);
	const char *named = value_of(values, PYENV_PYO3_PYTHON);
	const char *venv = value_of(values, PYENV_VIRTUAL_ENV);
	const char *conda = value_of(values, PYENV_CONDA_PREFIX);
	*ret_why = NULL;
	if (named == NULL && values->known[PYENV_PYTHON_SYS_EXECUTABLE])
		named = value_of(values, PYENV_PYTHON_SYS_EXECUTABLE);
	if (named == NULL && (venv == NULL) != (conda == NULL))
		named = of_directory(mem, venv != NULL ? venv : conda);
	if (named == NULL) {
		const char *found = search(mem, path, "python");
		return found != NULL ? found : search(mem, path, "python3");
	}
	if (strchr(named, '/') == NULL)
		named = search(mem, path, named);
	if (named == NULL || named[0] != '/') {
		*ret_why = "its interpreter is not named by a full path";
		return NULL;
	}
	return named;
}

/* Does this process's environment name it? Only then it may be run. */
static bool is_named_now(struct arena *mem, const char *program)
{
	const struct pyenv_values none = {.known = {false}};
	const char *why;
	const char *named = named_by(mem, &none, &why);
	return named != NULL && strcmp(named, program) == 0;
}

static void look_at_program(struct arena *mem, bool quiet, struct pyenv *env)
{
	struct interpreter who;
	if (!is_program(env->named)) {
		env->why = arena_printf(mem, "%s is not there", env->named);
		return;
	}
	pysites_of_interpreter(mem, env);
	if (!env->wrapper || quiet || !is_named_now(mem, env->named) ||
		interpreter_known(env->named, mem, &who, NULL) < 0 || who.told[0] != '/' ||
		strcmp(who.told, env->named) == 0)
		return;
	*env = (struct pyenv){.named = who.told, .pinned = env->pinned};
	pysites_of_interpreter(mem, env);
}

/* The environment that this process's own variables name. */
static void find_now(struct arena *mem, bool quiet, struct pyenv *env)
{
	const struct pyenv_values none = {.known = {false}};
	env->named = named_by(mem, &none, &env->why);
	if (env->named == NULL)
		return;
	if (is_program(env->named) && alias_is(env->named))
		pysites_of_alias(mem, getenv("STEADY_SITE"), env);
	else
		look_at_program(mem, quiet, env);
}

/* Is the interpreter one of the values, or in a directory that is one? */
static bool is_told(const struct pyenv_values *values, const char *named)
{
	bool told = false;
	for (size_t i = 0; i < PYENV_VARIABLES; i++)
		told |= values->known[i] && values->value[i] != NULL && values->value[i][0] != '\0' &&
			path_has_prefix(span_of(named), span_of(values->value[i]));
	return told;
}

const char *pyenv_configured(struct arena *mem, const char *dir)
{
	static const char *const more[] = {"PYTHONPATH", "PYTHONHOME", "PYO3_CROSS_LIB_DIR"};
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	CLEANUP_CARGOENV struct cargoenv *env = NULL;
	CLEANUP_STR struct str start = STR_INIT;
	if (cwd == NULL)
		return NULL;
	path_join(&start, cwd, dir != NULL ? dir : "");
	const struct cargoenv_options options = {.cwd = start.buf, .cargo_home = locate_cargo_home(mem)};
	if (cargoenv_load(&options, &env, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(variable) + COUNT_OF(more); i++) {
		const char *name = i < COUNT_OF(variable) ? variable[i] : more[i - COUNT_OF(variable)];
		const char *own = getenv(name);
		struct span value;
		if (cargoenv_get(env, span_of(name), true, &value) &&
			!span_eq_str(value, own != NULL ? own : ""))
			return name;
	}
	return NULL;
}

static const char *told_otherwise(struct arena *mem)
{
	const char *name = pyenv_configured(mem, NULL);
	return name != NULL ? arena_printf(mem, "cargo's configuration sets %s", name) : NULL;
}

void pyenv_find(struct arena *mem, const struct pyenv_values *values, struct pyenv *ret)
{
	struct pyenv env = {.why = NULL};
	env.named = named_by(mem, values, &env.why);
	if (env.named != NULL && alias_is(env.named)) {
		find_now(mem, values->quiet, &env);
		env.pinned = true;
	} else if (env.named != NULL) {
		const char *dir;
		env.pinned = ephemeral_env(env.named, mem, &dir);
		env.told = is_told(values, env.named);
		look_at_program(mem, values->quiet, &env);
	}
	if (env.why == NULL && env.pinned)
		env.why = told_otherwise(mem);
	if (env.why == NULL)
		pysites_of_variable(mem, getenv("PYTHONPATH"), &env);
	*ret = env;
}

bool pyenv_is_pinned(void)
{
	const struct pyenv_values none = {.known = {false}};
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pyenv env;
	pyenv_find(mem, &none, &env);
	return env.pinned;
}

const char *pyenv_place(const struct pyenv *env, struct arena *mem)
{
	CLEANUP_STR struct str out = STR_INIT;
	str_add(&out, "in");
	for (size_t i = 0; i < env->nroot; i++)
		str_printf(&out, " %s", env->root[i]);
	return arena_strndup(mem, out.buf, out.len);
}
