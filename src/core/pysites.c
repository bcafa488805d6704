/* Where an interpreter finds packages. */
#include "pyenv_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CFG ((size_t)64 * 1024)
#define MAX_NAMES ((size_t)10000)

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void add_to(struct arena *mem, const char ***list, size_t *count, const char *path)
{
	CLEANUP_STR struct str normal = STR_INIT;
	path_normalize(&normal, span_of(path));
	for (size_t i = 0; i < *count; i++) {
		if (strcmp((*list)[i], normal.buf) == 0)
			return;
	}
	if (*list == NULL)
		*list = arena_array(mem, PYENV_MAX_SITES, sizeof(**list));
	if (*count < PYENV_MAX_SITES)
		(*list)[(*count)++] = arena_strdup(mem, normal.buf);
}

static void add_site(struct arena *mem, struct pyenv *env, const char *path)
{
	if (env->nsite == PYENV_MAX_SITES)
		env->why = "it has too many directories of packages";
	else if (is_directory(path))
		add_to(mem, &env->site, &env->nsite, path);
}

/* As it is spelled, and without links. */
static void add_root(struct arena *mem, struct pyenv *env, const char *path)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	if (strcmp(path, "/") == 0)
		return;
	add_to(mem, &env->root, &env->nroot, path);
	if (real != NULL)
		add_to(mem, &env->root, &env->nroot, real);
}

static bool is_python_dir(const char *name)
{
	return strncmp(name, "python3", 7) == 0 || strncmp(name, "pypy3", 5) == 0 ||
		strncmp(name, "graalpy3", 8) == 0;
}

/* <prefix>/<lib>/python3.X/{site,dist}-packages; of one version only if it is given ("python3.12"). */
static void add_below(
	struct arena *mem, struct pyenv *env, const char *prefix, const char *lib, const char *version)
{
	const char *dir = arena_printf(mem, "%s/%s", prefix, lib);
	struct dir_list list = {.count = 0};
	CLEANUP_CLOSE int fd = fsio_open_root(dir, NULL);
	if (fd < 0 || fsio_list(fd, MAX_NAMES, mem, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.entry[i].name;
		bool shared = strcmp(name, "python3") == 0;
		if (!is_python_dir(name) || (version != NULL && !shared && strcmp(name, version) != 0))
			continue;
		if (!shared)
			add_site(mem, env, arena_printf(mem, "%s/%s/site-packages", dir, name));
		add_site(mem, env, arena_printf(mem, "%s/%s/dist-packages", dir, name));
	}
}

static bool is_link(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static void add_prefix(struct arena *mem, struct pyenv *env, const char *prefix, const char *version)
{
	add_below(mem, env, prefix, "lib", version);
	if (!is_link(arena_printf(mem, "%s/lib64", prefix)))
		add_below(mem, env, prefix, "lib64", version);
	/* PyPy before 3.8 */
	add_site(mem, env, arena_printf(mem, "%s/site-packages", prefix));
}

/* What the user installed for himself. */
static void add_user(struct arena *mem, struct pyenv *env, const char *version)
{
	const char *base = getenv("PYTHONUSERBASE"), *home = getenv("HOME"),
		   *off = getenv("PYTHONNOUSERSITE");
	if (off != NULL && off[0] != '\0')
		return;
	if (base != NULL && base[0] == '/')
		add_below(mem, env, base, "lib", version);
	else if (home != NULL && home[0] == '/')
		add_below(mem, env, arena_printf(mem, "%s/.local", home), "lib", version);
}

/* "python3.12" for /usr/bin/python3.12, NULL where the name does not say. */
static const char *version_of(struct arena *mem, struct span program)
{
	struct span name = path_base(program);
	bool says = span_starts(name, SPAN_LIT("python3.")) || span_starts(name, SPAN_LIT("pypy3."));
	return says ? arena_strndup(mem, name.ptr, name.len) : NULL;
}

/* Not a virtual environment. */
static void add_base(struct arena *mem, struct pyenv *env)
{
	struct span bin = path_dir(span_of(env->program));
	struct span prefix = path_dir(bin);
	const char *dir = arena_strndup(mem, prefix.ptr, prefix.len);
	const char *version = version_of(mem, span_of(env->program));
	size_t before = env->nsite;
	add_prefix(mem, env, dir, version);
	add_below(mem, env, dir, "local/lib", version);
	if (env->nsite == before && env->why == NULL) {
		env->why = arena_printf(mem, "where %s finds packages cannot be told", env->program);
		env->wrapper = true;
	}
	for (size_t i = before; i < env->nsite; i++)
		add_root(mem, env, env->site[i]);
	add_user(mem, env, version);
}

/* The directory of the pyvenv.cfg beside or above the interpreter, as getpath looks for it; NULL if there is none. */
static const char *environment_of(struct arena *mem, const char *named, const char **ret_cfg)
{
	struct span bin = path_dir(span_of(named)), above = path_dir(bin);
	const struct span dirs[] = {bin, above};
	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		*ret_cfg = arena_printf(mem, "%.*s/pyvenv.cfg", SPAN_ARG(dirs[i]));
		if (dirs[i].len > 1 && access(*ret_cfg, R_OK) == 0)
			return arena_strndup(mem, above.ptr, above.len);
	}
	return NULL;
}

/* The value of a key in pyvenv.cfg, NULL where it has none or cannot be read. */
static const char *configured(struct arena *mem, const char *cfg, const char *key)
{
	struct span text, line, dir = path_dir(span_of(cfg));
	CLEANUP_CLOSE int fd = fsio_open_root(arena_strndup(mem, dir.ptr, dir.len), NULL);
	if (fd < 0 || fsio_read(fd, "pyvenv.cfg", MAX_CFG, mem, &text, NULL, NULL) != 0)
		return NULL;
	while (span_next_line(&text, &line)) {
		size_t at = span_find(line, '=');
		struct span value = span_trim(span_skip(line, at < line.len ? at + 1 : at));
		if (at != line.len && span_eq_str(span_trim(span_make(line.ptr, at)), key))
			return arena_strndup(mem, value.ptr, value.len);
	}
	return NULL;
}

/* Of an environment that holds a copy of its interpreter, the one that was copied. */
static void find_original(struct arena *mem, const char *dir, const char *cfg, struct pyenv *env)
{
	const char *home = configured(mem, cfg, "home");
	CLEANUP_FREE char *real_dir = realpath(dir, NULL);
	if (home == NULL || real_dir == NULL || !path_has_prefix(span_of(env->program), span_of(real_dir)))
		return;
	const char *name = path_base(span_of(env->named)).ptr;
	CLEANUP_FREE char *real = realpath(arena_printf(mem, "%s/%s", home, name), NULL);
	if (real != NULL)
		env->program = arena_strdup(mem, real);
}

void pysites_of_interpreter(struct arena *mem, struct pyenv *env)
{
	const char *cfg;
	CLEANUP_FREE char *real = realpath(env->named, NULL);
	if (real == NULL) {
		env->why = arena_printf(mem, "%s is not there", env->named);
		return;
	}
	env->program = arena_strdup(mem, real);
	const char *dir = environment_of(mem, env->named, &cfg);
	if (dir == NULL) {
		add_base(mem, env);
		return;
	}
	add_prefix(mem, env, dir, NULL);
	add_root(mem, env, dir);
	find_original(mem, dir, cfg, env);
	const char *shared = configured(mem, cfg, "include-system-site-packages");
	if (shared != NULL && strcmp(shared, "false") != 0)
		add_base(mem, env);
}

void pysites_of_alias(struct arena *mem, const char *sites, struct pyenv *env)
{
	struct span rest = span_of(sites != NULL ? sites : "");
	CLEANUP_FREE char *real = realpath(env->named, NULL);
	env->program = real != NULL ? arena_strdup(mem, real) : NULL;
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		struct span site = span_make(rest.ptr, len), dir = site;
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		if (site.len == 0 || site.ptr[0] != '/')
			continue;
		add_site(mem, env, arena_strndup(mem, site.ptr, site.len));
		/* <root>/lib/python3.X/site-packages */
		for (unsigned up = 0; up < 3; up++)
			dir = path_dir(dir);
		const char *root = arena_strndup(mem, dir.ptr, dir.len);
		bool whole = dir.len > 1 && access(arena_printf(mem, "%s/pyvenv.cfg", root), F_OK) == 0;
		add_root(mem, env, whole ? root : arena_strndup(mem, site.ptr, site.len));
	}
}

/* Nothing else tells that it holds other modules now; a relative one is another directory for each script. */
static void add_variables(struct arena *mem, struct span entry, struct pyenv *env)
{
	/* That of the script itself, its package's, is an input of its own. */
	if (!env->pinned || entry.len == 0 || span_eq_str(entry, "."))
		return;
	if (entry.ptr[0] != '/')
		env->why = "PYTHONPATH names a directory that is not absolute";
	else
		add_site(mem, env, arena_strndup(mem, entry.ptr, entry.len));
}

/* <root>/site on PYTHONPATH holds a sitecustomize.py that adds the packages of <root>/overlay and <root>/normal. */
void pysites_of_variable(struct arena *mem, const char *pythonpath, struct pyenv *env)
{
	struct span rest = span_of(pythonpath != NULL ? pythonpath : "");
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		struct span entry = span_make(rest.ptr, len), above = path_dir(entry);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		const char *root = arena_strndup(mem, above.ptr, above.len);
		const char *overlay = arena_printf(mem, "%s/overlay", root);
		if (!span_eq_str(path_base(entry), "site") || root[0] != '/' || !is_directory(overlay)) {
			add_variables(mem, entry, env);
			continue;
		}
		add_prefix(mem, env, overlay, NULL);
		add_prefix(mem, env, arena_printf(mem, "%s/normal", root), NULL);
		add_root(mem, env, root);
	}
}
