#include "steady/core/pathmap.h"

#include "steady/core/ephemeral.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Longest path that a glob is tried on. */
#define MAX_PATH 4096
/* What stands for every name of an interpreter. */
#define ONE_NAME "/bin/python"

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

static bool ends_path(char c)
{
	return c == '\n' || c == '\r' || c == '\t' || c == '"' || c == '\'' || c == '=' || c == ';' ||
		c == ':' || c == ',';
}

/* May a path begin here? */
static bool begins_path(struct span text, size_t at)
{
	return at == 0 || ends_path(text.ptr[at - 1]) || text.ptr[at - 1] == ' ' ||
		(!is_separator(text.ptr[at - 1]) && is_separator(text.ptr[at]) && at >= 2 &&
			text.ptr[at - 2] == '-');
}

static bool ends_component(struct span text, size_t at)
{
	return at == text.len || is_separator(text.ptr[at]) || ends_path(text.ptr[at]);
}

static bool find_literal(struct span pattern, struct span text, size_t at, struct span *ret)
{
	for (; at + pattern.len <= text.len; at++) {
		size_t hit = at + span_find_span(span_skip(text, at), pattern);
		if (hit == text.len)
			return false;
		if (begins_path(text, hit) && ends_component(text, hit + pattern.len)) {
			*ret = span_make(text.ptr + hit, pattern.len);
			return true;
		}
		at = hit;
	}
	return false;
}

static size_t count_separators(struct span s)
{
	size_t count = 0;
	for (size_t i = 0; i < s.len; i++)
		count += is_separator(s.ptr[i]);
	return count;
}

/* "C:\": the colon of a drive does not end the path. */
static size_t drive_length(struct span text, size_t at)
{
	return at + 2 < text.len && text.ptr[at + 1] == ':' && is_separator(text.ptr[at + 2]) ? 2 : 0;
}

/* The longest beginning of the path at `at` with as many separators as the pattern has; 0 if it is too long. */
static size_t prefix_length(struct span text, size_t at, size_t separators)
{
	size_t end = at + drive_length(text, at);
	for (; end < text.len && !ends_path(text.ptr[end]); end++) {
		if (is_separator(text.ptr[end]) && separators-- == 0)
			break;
		if (end - at >= MAX_PATH - 1)
			return 0;
	}
	return end - at;
}

/* Only paths that begin with a separator or a drive are looked at, so that blanks without end cost nothing. */
static bool find_glob(struct span pattern, struct span text, size_t at, struct span *ret)
{
	size_t separators = count_separators(pattern);
	char glob[MAX_PATH], path[MAX_PATH];
	if (pattern.len >= sizeof(glob))
		return false;
	memcpy(glob, pattern.ptr, pattern.len);
	glob[pattern.len] = '\0';
	for (; at < text.len; at++) {
		if (!(is_separator(text.ptr[at]) || drive_length(text, at) != 0) || !begins_path(text, at))
			continue;
		size_t len = prefix_length(text, at, separators);
		memcpy(path, text.ptr + at, len);
		path[len] = '\0';
		if (len != 0 && fnmatch(glob, path, FNM_PATHNAME | FNM_NOESCAPE) == 0) {
			*ret = span_make(text.ptr + at, len);
			return true;
		}
	}
	return false;
}

/* A pattern that looks like a glob may be a name as well. */
static bool find_one(const char *pattern, struct span text, size_t at, struct span *ret)
{
	struct span name = span_of(pattern), hit;
	while (name.len > 1 && is_separator(name.ptr[name.len - 1]))
		name.len--;
	bool found = find_literal(name, text, at, ret);
	if (strpbrk(pattern, "*?[") != NULL && find_glob(name, text, at, &hit) &&
		(!found || hit.ptr < ret->ptr)) {
		*ret = hit;
		found = true;
	}
	return found;
}

/* Names that front ends give, and the user's own globs. */
static bool find_ephemeral(struct span text, size_t at, struct span *ret)
{
	bool found = ephemeral_find(text, at, ret);
	const char *patterns = getenv("STEADY_EPHEMERAL");
	struct span rest = span_of(patterns != NULL ? patterns : "");
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		CLEANUP_FREE char *pattern = xstrndup(rest.ptr, len);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		struct span hit;
		if (len != 0 && find_one(pattern, text, at, &hit) && (!found || hit.ptr < ret->ptr)) {
			*ret = hit;
			found = true;
		}
	}
	return found;
}

/* The earlier of two finds. */
static bool take_first(bool found, const struct span *hit, struct span *first, bool have)
{
	if (found && (!have || hit->ptr < first->ptr))
		*first = *hit;
	return found || have;
}

static bool find_any(const struct pathmap *map, struct span text, size_t at, struct span *ret)
{
	struct span hit;
	bool found = map->nfrom == 0 && find_ephemeral(text, at, ret);
	for (size_t i = 0; i < map->nfrom; i++)
		found = take_first(find_one(map->from[i], text, at, &hit), &hit, ret, found);
	for (size_t i = 0; i < map->nalso; i++)
		found = take_first(find_literal(span_of(map->also[i]), text, at, &hit), &hit, ret, found);
	return found;
}

/* Length of the new directory if it stands here already (it may lie inside the old one), or 0. */
static size_t replaced_length(const struct pathmap *map, struct span text, size_t at)
{
	struct span to = span_of(map->to != NULL ? map->to : "");
	bool here = to.len != 0 && span_starts(span_skip(text, at), to) && ends_component(text, at + to.len);
	return here ? to.len : 0;
}

bool pathmap_find(const struct pathmap *map, struct span text, size_t at, struct span *ret)
{
	struct span hit;
	while (find_any(map, text, at, &hit)) {
		size_t start = (size_t)(hit.ptr - text.ptr), replaced = replaced_length(map, text, start);
		if (replaced < hit.len) {
			*ret = hit;
			return true;
		}
		at = start + replaced;
	}
	return false;
}

/* Length of "/bin/python3.13t" and its like at the beginning, 0 if there is no such name. */
static size_t interpreter_length(struct span rest)
{
	const struct span prefix = SPAN_LIT(ONE_NAME);
	if (!span_starts(rest, prefix))
		return 0;
	size_t end = prefix.len;
	while (end < rest.len && ((rest.ptr[end] >= '0' && rest.ptr[end] <= '9') || rest.ptr[end] == '.'))
		end++;
	while (end < rest.len && (rest.ptr[end] == 't' || rest.ptr[end] == 'd'))
		end++;
	return end == rest.len || ends_path(rest.ptr[end]) ? end : 0;
}

size_t pathmap_replace(const struct pathmap *map, struct span text, struct str *out)
{
	size_t count = 0, at = 0;
	struct span env;
	while (pathmap_find(map, text, at, &env)) {
		size_t start = (size_t)(env.ptr - text.ptr);
		str_add_mem(out, text.ptr + at, start - at);
		str_add(out, map->to);
		at = start + env.len;
		size_t name = map->one_name ? interpreter_length(span_skip(text, at)) : 0;
		if (name != 0)
			str_add(out, ONE_NAME);
		at += name;
		count++;
	}
	str_add_span(out, span_skip(text, at));
	return count;
}

bool pathmap_is_interpreter(struct span rest)
{
	static const char *const dirs[] = {"/bin/python", "\\Scripts\\python", "/Scripts/python"};
	if (rest.len == 0 || span_eq_str(rest, "/pyvenv.cfg") || span_eq_str(rest, "\\pyvenv.cfg"))
		return true;
	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		struct span prefix = span_of(dirs[i]);
		if (!span_starts(rest, prefix))
			continue;
		struct span name = span_skip(rest, prefix.len);
		return span_find(name, '/') == name.len && span_find(name, '\\') == name.len;
	}
	return false;
}
