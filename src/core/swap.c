#include "steady/core/swap.h"

#include "steady/core/aliaspath.h"
#include "steady/core/ephemeral.h"
#include "steady/core/home.h"
#include "steady/format/pyconfig.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIGS "pyo3-config"
/* 2000-01-01, as long as it is always the same. */
#define CONFIG_TIME 946684800

static void change(struct swap *swap, const char *name, const char *value)
{
	if (swap->count < SWAP_MAX)
		swap->change[swap->count++] = (struct swap_change){name, value};
}

static const char *lookup(const struct swap_facts *facts, const char *name)
{
	const char *value = facts->lookup(facts->ctx, name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Does the path lie in a throw-away environment, and in which? */
static const char *env_of(const struct swap_facts *facts, const char *path, struct arena *mem)
{
	const char *env = NULL;
	return path != NULL && facts->ephemeral(facts->ctx, path, mem, &env) ? env : NULL;
}

/* The environment that the build is about, and the interpreter by which it is named; NULL if it is not thrown away. */
static const char *meant(const struct swap_facts *facts, enum swap_use use, struct arena *mem,
	const char **ret_python, struct err *err)
{
	const char *python = lookup(facts, "PYO3_PYTHON");
	if (python == NULL && use == SWAP_RUNS)
		return NULL;
	if (python == NULL)
		python = lookup(facts, "PYTHON_SYS_EXECUTABLE");
	if (python != NULL) {
		*ret_python = python;
		return env_of(facts, python, mem);
	}
	const char *env = env_of(facts, lookup(facts, "VIRTUAL_ENV"), mem);
	return env != NULL && interpreter_of_env(env, mem, ret_python, err) == 0 ? env : NULL;
}

/* Why none can be replaced, or NULL. */
static const char *unreplaceable(const struct swap_facts *facts, const char *env, struct arena *mem)
{
	if (strchr(env, ':') != NULL)
		return arena_printf(mem, "STEADY_SITE cannot hold %s, for it has a colon", env);
	/* Their bytes are an input of pyo3's script that nothing watches. */
	if (lookup(facts, "PYO3_CROSS_LIB_DIR") != NULL)
		return "PYO3_CROSS_LIB_DIR names files that may change under the same path";
	return NULL;
}

static bool is_alias(const char *env_dir)
{
	return span_eq_str(path_base(path_dir(span_of(env_dir))), ALIAS_DIRECTORY);
}

/* The same directory, whatever link it is named through? */
static bool is_same_dir(const char *a, const char *b)
{
	struct stat x, y;
	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void replace_if_same(const struct swap_facts *facts, struct arena *mem, const char *name,
	const char *value, struct swap *swap)
{
	const char *env = env_of(facts, lookup(facts, name), mem);
	if (env != NULL && is_same_dir(env, swap->env_dir))
		change(swap, name, value);
}

static void replace_config(const struct swap_facts *facts, struct arena *mem, struct swap *swap)
{
	const char *file = lookup(facts, "PYO3_CONFIG_FILE");
	const char *copy = NULL;
	if (file != NULL)
		copy = facts->config(facts->ctx, file, swap->env_dir != NULL ? &swap->alias : NULL, mem);
	if (copy != NULL)
		change(swap, "PYO3_CONFIG_FILE", copy);
}

void swap_decide(const struct swap_facts *facts, enum swap_use use, struct arena *mem, struct swap *ret)
{
	struct err err = ERR_INIT;
	struct swap swap = {.count = 0};
	const char *python = NULL;
	const char *env = meant(facts, use, mem, &python, &err);
	swap.why = env != NULL ? unreplaceable(facts, env, mem) : NULL;
	if (env != NULL && swap.why == NULL) {
		int code = facts->get(facts->ctx, python, mem, &swap.alias, &swap.why, &err);
		if (code < 0)
			swap.why = arena_strdup(mem, err.msg);
		swap.env_dir = code == 0 ? env : NULL;
	}
	if (swap.env_dir != NULL) {
		replace_if_same(facts, mem, "PYO3_PYTHON", swap.alias.python, &swap);
		replace_if_same(facts, mem, "PYTHON_SYS_EXECUTABLE", swap.alias.python, &swap);
		replace_if_same(facts, mem, "VIRTUAL_ENV", swap.alias.dir, &swap);
		/* An alias of another home directory has no packages of its own: those that it was given stay. */
		if (!is_alias(env))
			change(&swap, "STEADY_SITE", interpreter_site(&swap.alias.who, env, mem));
	}
	if (use == SWAP_BUILDS)
		replace_config(facts, mem, &swap);
	if ((use == SWAP_BUILDS || swap.env_dir != NULL) && lookup(facts, "PYTHONDONTWRITEBYTECODE") == NULL)
		change(&swap, "PYTHONDONTWRITEBYTECODE", "1");
	*ret = swap;
}

static const char *own_lookup(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static int own_get(void *ctx, const char *executable, struct arena *mem, struct alias *ret,
	const char **ret_why, struct err *err)
{
	(void)ctx;
	return alias_get(executable, mem, ret, ret_why, err);
}

static bool own_ephemeral(void *ctx, const char *path, struct arena *mem, const char **ret_env)
{
	(void)ctx;
	return ephemeral_env(path, mem, ret_env);
}

/*
 * The config's text, with the alias for a throw-away environment's interpreter (nothing but that environment needs it);
 * false where there is none to put in its place.
 */
static bool stable_text(
	const struct py_config *config, const struct alias *alias, struct arena *mem, struct str *out)
{
	const char *env;
	const char *executable = arena_strndup(mem, config->executable.ptr, config->executable.len);
	if (config->executable.ptr == NULL || !ephemeral_env(executable, mem, &env))
		str_add_span(out, config->text);
	else if (alias != NULL)
		pyconfig_set_executable(config, span_of(alias->python), out);
	else
		return false;
	return true;
}

static bool read_config(const char *file, struct arena *mem, struct py_config *ret)
{
	struct span text, dir = path_dir(span_of(file)), base = path_base(span_of(file));
	CLEANUP_CLOSE int from = fsio_open_root(arena_strndup(mem, dir.ptr, dir.len), NULL);
	return from >= 0 &&
		fsio_read(from, arena_strndup(mem, base.ptr, base.len), PYCONFIG_MAX_BYTES, mem, &text, NULL,
			NULL) == 0 &&
		pyconfig_parse(text, ret, NULL) == 0;
}

/* Equal name, equal bytes, equal time: cargo watches the file. */
static const char *keep_config(struct span text, struct arena *mem)
{
	const char *home;
	struct digest digest = digest_of(text);
	char hex[DIGEST_HEX_LEN + 1];
	digest_hex(&digest, hex);
	const char *name = arena_printf(mem, "%s.txt", hex);
	CLEANUP_CLOSE int dir = home_dir(mem, &home, NULL) == 0 ? home_open(home, CONFIGS, NULL) : -1;
	struct span old;
	if (dir < 0)
		return NULL;
	bool there =
		fsio_read(dir, name, PYCONFIG_MAX_BYTES, mem, &old, NULL, NULL) == 0 && span_eq(old, text);
	const struct file_meta meta = {.mode = 0444, .has_mtime = true, .mtime = {.tv_sec = CONFIG_TIME}};
	if (!there && fsio_replace(dir, name, text, &meta, NULL) < 0)
		return NULL;
	return arena_printf(mem, "%s/" CONFIGS "/%s", home, name);
}

static const char *own_config(void *ctx, const char *file, const struct alias *alias, struct arena *mem)
{
	(void)ctx;
	struct py_config config;
	CLEANUP_STR struct str text = STR_INIT;
	const char *env;
	/* pyo3 takes no relative one. */
	if (file[0] != '/' || !(ephemeral_place(file, mem) || ephemeral_env(file, mem, &env)) ||
		!read_config(file, mem, &config) || !stable_text(&config, alias, mem, &text))
		return NULL;
	return keep_config(str_span(&text), mem);
}

const struct swap_facts swap_environment = {
	.ctx = NULL, .lookup = own_lookup, .get = own_get, .ephemeral = own_ephemeral, .config = own_config};
