#include "steady/core/locate.h"

#include "steady/format/fingerprint.h"
#include "steady/format/toml.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *absolute(struct arena *mem, const char *base, const char *path)
{
	struct str joined = STR_INIT, normal = STR_INIT;
	path_join(&joined, base, path);
	path_normalize(&normal, str_span(&joined));
	const char *copy = arena_strdup(mem, normal.buf);
	str_release(&joined);
	str_release(&normal);
	return copy;
}

static const char *parent_of(struct arena *mem, const char *path)
{
	struct span dir = path_dir(span_of(path));
	return arena_strndup(mem, dir.ptr, dir.len);
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *locate_cargo_home(struct arena *mem)
{
	const char *home = variable("CARGO_HOME");
	if (home != NULL)
		return home;
	home = variable("HOME");
	return home != NULL ? arena_printf(mem, "%s/.cargo", home) : NULL;
}

/* Reads dir/name as TOML; FSIO_MISSING if there is none. Links are followed: these are the user's own files.
 */
static int read_toml(
	const char *dir, const char *name, struct arena *mem, struct toml_value **ret, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open_root(dir, NULL);
	if (fd < 0)
		return FSIO_MISSING;
	struct span text;
	char *real = realpath(arena_printf(mem, "%s/%s", dir, name), NULL);
	if (real == NULL)
		return errno == ENOENT || errno == ENOTDIR
			? FSIO_MISSING
			: err_sys(err, errno, "cannot read %s/%s", dir, name);
	CLEANUP_CLOSE int root = fsio_open_root("/", err);
	int code = root < 0 ? root : fsio_read(root, real + 1, TOML_MAX_BYTES, mem, &text, NULL, err);
	free(real);
	if (code == 0)
		code = toml_parse(mem, text, ret, err);
	if (code < 0)
		return err_wrap(err, "%s/%s", dir, name);
	return code;
}

static const char *string_at(const struct toml_value *doc, const char *key, struct arena *mem)
{
	const struct toml_value *value = toml_get(doc, key);
	return value != NULL && value->type == TOML_STRING
		? arena_strndup(mem, value->text.ptr, value->text.len)
		: NULL;
}

/* What the configuration files say, the nearest first. */
struct settings {
	const char *target_dir;
	/* A template, and the directory that it is relative to once it is filled in. */
	const char *build_dir, *build_base;
	const char *warning;
};

/* `dir` is the directory that holds .cargo; relative paths are relative to it. */
static int read_config(
	const char *config_dir, const char *dir, struct arena *mem, struct settings *s, struct err *err)
{
	static const char *const names[] = {"config", "config.toml"};
	struct toml_value *doc;
	int code = FSIO_MISSING;
	for (size_t i = 0; code == FSIO_MISSING && i < COUNT_OF(names); i++)
		code = read_toml(config_dir, names[i], mem, &doc, err);
	if (code != 0)
		return code;
	const char *target = string_at(doc, "build.target-dir", mem);
	const char *build = string_at(doc, "build.build-dir", mem);
	if (s->target_dir == NULL && target != NULL)
		s->target_dir = absolute(mem, dir, target);
	if (s->build_dir == NULL && build != NULL) {
		s->build_dir = build;
		s->build_base = dir;
	}
	if (toml_get(doc, "include") != NULL)
		s->warning = arena_printf(mem,
			"%s includes other files, which are not read here; give --target-dir if they set a target directory",
			config_dir);
	return 0;
}

static int read_settings(const char *cwd, struct arena *mem, struct settings *s, struct err *err)
{
	const char *home = locate_cargo_home(mem);
	const char *dir = cwd;
	home = home != NULL ? absolute(mem, cwd, home) : NULL;
	bool seen_home = home == NULL;
	int code = 0;
	for (;;) {
		const char *config_dir = absolute(mem, dir, ".cargo");
		code = read_config(config_dir, dir, mem, s, err);
		seen_home = seen_home || strcmp(config_dir, home) == 0;
		if (code < 0 || strcmp(dir, "/") == 0)
			break;
		dir = parent_of(mem, dir);
	}
	/* CARGO_HOME comes last, unless it lay on the way up. */
	if (code >= 0 && !seen_home)
		code = read_config(home, parent_of(mem, home), mem, s, err);
	return code < 0 ? code : 0;
}

/* Is `dir` below one of the paths in a list of the workspace? */
static bool is_listed(const struct toml_value *root, const char *key, const char *root_dir, const char *dir,
	struct arena *mem)
{
	struct span text;
	toml_each (item, toml_get(root, key)) {
		if (!toml_string(item, &text))
			continue;
		const char *path = absolute(mem, root_dir, arena_strndup(mem, text.ptr, text.len));
		if (path_has_prefix(span_of(dir), span_of(path)))
			return true;
	}
	return false;
}

/* The workspace that the manifest in `up` makes or points to, for the package in `dir` below it; or NULL. */
static const char *workspace_above(
	const struct toml_value *doc, const char *up, const char *dir, struct arena *mem)
{
	const char *named = string_at(doc, "package.workspace", mem);
	if (toml_get(doc, "workspace") == NULL)
		return named != NULL ? absolute(mem, up, named) : NULL;
	bool excluded = is_listed(doc, "workspace.exclude", up, dir, mem) &&
		!is_listed(doc, "workspace.members", up, dir, mem);
	return excluded ? NULL : up;
}

/* The root of the workspace that the package in `dir` belongs to. */
static int find_workspace(const char *dir, struct arena *mem, const char **ret, struct err *err)
{
	struct toml_value *doc;
	int code = read_toml(dir, "Cargo.toml", mem, &doc, err);
	if (code == FSIO_MISSING)
		return err_set(err, ENOENT, "there is no Cargo.toml in %s", dir);
	if (code < 0)
		return code;
	const char *named = string_at(doc, "package.workspace", mem);
	*ret = dir;
	if (toml_get(doc, "workspace") != NULL)
		return 0;
	if (named != NULL) {
		*ret = absolute(mem, dir, named);
		return 0;
	}
	for (const char *up = dir; strcmp(up, "/") != 0;) {
		up = parent_of(mem, up);
		code = read_toml(up, "Cargo.toml", mem, &doc, err);
		if (code < 0)
			return code;
		const char *root = code == 0 ? workspace_above(doc, up, dir, mem) : NULL;
		if (root != NULL) {
			*ret = root;
			return 0;
		}
	}
	return 0;
}

/* The nearest directory upwards that has a Cargo.toml, or NULL. */
static const char *find_manifest_dir(const char *cwd, struct arena *mem)
{
	for (const char *dir = cwd;; dir = parent_of(mem, dir)) {
		if (access(arena_printf(mem, "%s/Cargo.toml", dir), F_OK) == 0)
			return dir;
		if (strcmp(dir, "/") == 0)
			return NULL;
	}
}

static int find_root(const struct locate_request *request, const char *cwd, struct arena *mem,
	const char **ret, struct err *err)
{
	const char *dir = request->manifest_path != NULL
		? parent_of(mem, absolute(mem, cwd, request->manifest_path))
		: find_manifest_dir(cwd, mem);
	*ret = NULL;
	/* The current directory's name lives no longer than the search. */
	return dir == NULL ? 0 : find_workspace(arena_strdup(mem, dir), mem, ret, err);
}

static void replace_all(struct str *text, const char *what, const char *with)
{
	struct str out = STR_INIT;
	struct span rest = str_span(text), needle = span_of(what);
	for (;;) {
		size_t at = span_find_span(rest, needle);
		str_add_mem(&out, rest.ptr, at);
		if (at == rest.len)
			break;
		str_add(&out, with);
		rest = span_skip(rest, at + needle.len);
	}
	str_release(text);
	*text = out;
}

/* cargo's {workspace-path-hash}: the stable hash of the root manifest's real path, as 2 and 14 digits. */
static const char *workspace_hash(const char *root, struct arena *mem)
{
	const char *manifest = arena_printf(mem, "%s/Cargo.toml", root);
	char *real = realpath(manifest, NULL);
	const struct epoch epoch = {HASHER_STABLE, PATHS_CHUNKBITS};
	char hex[HASHFILE_LEN + 1];
	hashfile_format(fingerprint_hash_path(&epoch, span_of(real != NULL ? real : manifest)), hex);
	free(real);
	return arena_printf(mem, "%.2s/%s", hex, hex + 2);
}

static int expand_build_dir(const char *text, const char *base, const char *root, struct arena *mem,
	const char **ret, struct err *err)
{
	struct str out = STR_INIT;
	str_add(&out, text);
	const char *home = locate_cargo_home(mem);
	if (root != NULL) {
		replace_all(&out, "{workspace-root}", root);
		replace_all(&out, "{workspace-path-hash}", workspace_hash(root, mem));
	}
	if (home != NULL)
		replace_all(&out, "{cargo-cache-home}", home);
	bool unknown = strchr(out.buf, '{') != NULL;
	*ret = absolute(mem, base, out.buf);
	str_release(&out);
	if (unknown)
		return err_set(err, EBADMSG, "build-dir %s cannot be resolved here", text);
	return 0;
}

static int locate_dirs(const struct locate_request *request, const char *cwd, struct arena *mem,
	struct location *where, struct err *err)
{
	struct settings s = {.target_dir = NULL};
	const char *config = request->config_dir != NULL ? absolute(mem, cwd, request->config_dir) : cwd;
	int code = read_settings(config, mem, &s, err);
	if (code < 0)
		return code;
	where->warning = s.warning;
	const char *target = request->target_dir;
	if (target == NULL)
		target = variable("CARGO_TARGET_DIR");
	if (target == NULL)
		target = variable("CARGO_BUILD_TARGET_DIR");
	const char *build = variable("CARGO_BUILD_BUILD_DIR");
	code = find_root(request, cwd, mem, &where->workspace_root, err);
	if (code < 0)
		return code;
	if (target != NULL)
		where->target_dir = absolute(mem, cwd, target);
	else if (s.target_dir != NULL)
		where->target_dir = s.target_dir;
	else if (where->workspace_root != NULL)
		where->target_dir = absolute(mem, where->workspace_root, "target");
	else
		return err_set(err, ENOENT, "there is no Cargo.toml in %s or any directory above it", cwd);
	where->build_dir = where->target_dir;
	if (build == NULL && s.build_dir == NULL)
		return 0;
	return expand_build_dir(build != NULL ? build : s.build_dir, build != NULL ? cwd : s.build_base,
		where->workspace_root, mem, &where->build_dir, err);
}

int locate(const struct locate_request *request, struct arena *mem, struct location *ret, struct err *err)
{
	struct location where = {.named = request->target_dir != NULL};
	CLEANUP_FREE char *heap_cwd = getcwd(NULL, 0);
	if (heap_cwd == NULL)
		return err_sys(err, errno, "cannot find out the current directory");
	/* It may become part of the answer. */
	const char *cwd = arena_strdup(mem, heap_cwd);
	if (request->directory != NULL)
		cwd = absolute(mem, cwd, request->directory);
	if (request->target_dir != NULL && !request->of_cargo) {
		where.target_dir = where.build_dir = absolute(mem, cwd, request->target_dir);
		(void)find_root(request, cwd, mem, &where.workspace_root, NULL);
		*ret = where;
		return 0;
	}
	int code = locate_dirs(request, cwd, mem, &where, err);
	if (code < 0) {
		(void)err_hint(err, "run it in a workspace, or name the directory with --target-dir");
		return code;
	}
	*ret = where;
	return 0;
}
