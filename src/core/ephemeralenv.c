#include "steady/core/ephemeral.h"

#include "steady/core/aliaspath.h"
#include "steady/core/interpreter.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UUID = 36, DIGEST = 32, RANDOM = 8 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Of this length and nothing but letters (small ones only, if so wanted), digits and underscores? */
static bool is_made_of(struct span text, size_t len, bool upper)
{
	if (text.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text.ptr[i];
		if (!is_digit(c) && !is_lower(c) && c != '_' && !(upper && is_upper(c)))
			return false;
	}
	return true;
}

static bool is_hex_or(struct span text, size_t len, const char *pattern)
{
	if (text.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool hex = is_digit(text.ptr[i]) || (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');
		bool dash = pattern != NULL && pattern[i] == '-';
		if (dash ? text.ptr[i] != '-' : !hex)
			return false;
	}
	return true;
}

/* Letters and digits change places more often than in what people choose: "project1", "my_venvs" and "20240131" do not. */
static bool is_mixed(struct span text)
{
	unsigned changes = 0;
	for (size_t i = 1; i < text.len; i++)
		changes += is_digit(text.ptr[i]) != is_digit(text.ptr[i - 1]);
	return changes >= 2;
}

static bool is_random(struct span name)
{
	if (span_starts(name, SPAN_LIT(".tmp")) && is_made_of(span_skip(name, 4), 6, true))
		return true;
	if (span_starts(name, SPAN_LIT("tmp.")) && is_made_of(span_skip(name, 4), 10, true))
		return true;
	if (span_starts(name, SPAN_LIT("tmp")) && is_made_of(span_skip(name, 3), RANDOM, false))
		return true;
	if (is_hex_or(name, DIGEST, NULL) || is_hex_or(name, UUID, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"))
		return true;
	if (name.len <= RANDOM + 1 || strchr("-_.", name.ptr[name.len - RANDOM - 1]) == NULL)
		return false;
	struct span tail = span_skip(name, name.len - RANDOM);
	return is_made_of(tail, RANDOM, false) && is_mixed(tail);
}

/* Is a component of `path` behind `root` drawn by lot? */
static bool is_random_below(struct span path, const char *root)
{
	if (root == NULL || root[0] != '/' || !path_has_prefix(path, span_of(root)))
		return false;
	struct span rest = path_below(path, span_of(root));
	while (rest.len != 0) {
		size_t len = span_find(rest, '/');
		if (is_random(span_make(rest.ptr, len)))
			return true;
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
	}
	return false;
}

bool ephemeral_place(const char *path, struct arena *mem)
{
	static const char *const variables[] = {"TMPDIR", "RUNNER_TEMP", "UV_CACHE_DIR"};
	static const char *const places[] = {"/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp",
		"/var/folders", "/private/var/folders"};
	struct span text = span_of(path);
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		if (is_random_below(text, getenv(variables[i])))
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		if (is_random_below(text, places[i]))
			return true;
	}
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (cache != NULL && cache[0] != '\0')
		return is_random_below(text, arena_printf(mem, "%s/uv", cache));
	return home != NULL && is_random_below(text, arena_printf(mem, "%s/.cache/uv", home));
}

/* Which beginning of the path does a glob of the user's match? */
static bool match_user(const char *path, struct arena *mem, const char **ret_env)
{
	const char *patterns = getenv("STEADY_EPHEMERAL");
	struct span rest = span_of(patterns != NULL ? patterns : "");
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		const char *glob = arena_strndup(mem, rest.ptr, len);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		for (struct span dir = span_of(path); dir.len > 1; dir = path_dir(dir)) {
			char *name = arena_strndup(mem, dir.ptr, dir.len);
			if (fnmatch(glob, name, FNM_PATHNAME | FNM_NOESCAPE) == 0) {
				*ret_env = name;
				return true;
			}
		}
	}
	return false;
}

/* The environment that the path is, or whose interpreter it is; NULL if it is none. */
static const char *virtual_env(const char *path, struct arena *mem)
{
	struct span dirs[] = {span_of(path), interpreter_env_dir(span_of(path))};
	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		const char *dir = arena_strndup(mem, dirs[i].ptr, dirs[i].len);
		if (dirs[i].len != 0 && access(arena_printf(mem, "%s/pyvenv.cfg", dir), F_OK) == 0)
			return dir;
	}
	return NULL;
}

bool ephemeral_env(const char *path, struct arena *mem, const char **ret_env)
{
	struct span env;
	CLEANUP_STR struct str normal = STR_INIT;
	if (path[0] != '/' || alias_is(path))
		return false;
	path_normalize(&normal, span_of(path));
	if (match_user(normal.buf, mem, ret_env))
		return true;
	if (ephemeral_find(str_span(&normal), 0, &env)) {
		*ret_env = arena_strndup(mem, env.ptr, env.len);
		return true;
	}
	const char *dir = ephemeral_place(normal.buf, mem) ? virtual_env(normal.buf, mem) : NULL;
	if (dir == NULL || !ephemeral_place(dir, mem))
		return false;
	*ret_env = dir;
	return true;
}
