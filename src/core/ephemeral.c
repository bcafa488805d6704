#include "steady/core/ephemeral.h"

#include "steady/core/aliaspath.h"

#include <string.h>

#define RUST_SUFFIX 6
#define PYTHON_SUFFIX 8

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

/* A path ends, or another one begins, at one of these. Spaces may be part of a path. */
static bool ends_path(char c)
{
	return c == '\0' || c == '\n' || c == '\r' || c == '\t' || c == '"' || c == '\'' || c == '=' ||
		c == ';' || c == ':' || c == ',';
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_python_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

/* `prefix` and exactly `count` characters of a class. */
static bool has_suffix_of(struct span name, struct span prefix, size_t count, bool (*in_class)(char))
{
	if (name.len != prefix.len + count || !span_starts(name, prefix))
		return false;
	for (size_t i = prefix.len; i < name.len; i++) {
		if (!in_class(name.ptr[i]))
			return false;
	}
	return true;
}

static bool is_rust_temp(struct span name)
{
	return has_suffix_of(name, SPAN_LIT(".tmp"), RUST_SUFFIX, is_alnum);
}

static bool is_python_temp(struct span name, struct span prefix)
{
	return has_suffix_of(name, prefix, PYTHON_SUFFIX, is_python_char);
}

/* "builds-v0", "environments-v12": uv's versioned cache buckets. */
static bool is_bucket(struct span name, struct span prefix)
{
	if (!span_starts(name, prefix) || name.len == prefix.len)
		return false;
	for (size_t i = prefix.len; i < name.len; i++) {
		if (name.ptr[i] < '0' || name.ptr[i] > '9')
			return false;
	}
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "cpython-3.12.4-x86_64-linux-gnu-1a2b3c4d" */
static bool is_alias_name(struct span name)
{
	if (name.len < 10 || name.ptr[name.len - 9] != '-')
		return false;
	for (size_t i = name.len - 8; i < name.len; i++) {
		if (!is_hex(name.ptr[i]))
			return false;
	}
	return span_starts(name, SPAN_LIT("cpython-")) || span_starts(name, SPAN_LIT("pypy-")) ||
		span_starts(name, SPAN_LIT("graalpy-"));
}

/* The component that starts at `at`; its end in *ret_end. */
static struct span component(struct span text, size_t at, size_t *ret_end)
{
	size_t end = at;
	while (end < text.len && !is_separator(text.ptr[end]) && !ends_path(text.ptr[end]))
		end++;
	*ret_end = end;
	return span_make(text.ptr + at, end - at);
}

/* The component behind the separator at `end`, or an empty one. */
static struct span next_component(struct span text, size_t end, size_t *ret_end)
{
	if (end >= text.len || !is_separator(text.ptr[end])) {
		*ret_end = end;
		return span_make(text.ptr, 0);
	}
	return component(text, end + 1, ret_end);
}

/* Does an environment's directory end with the components that start at `at`? Its end in *ret_end. */
static bool match_at(struct span text, size_t at, size_t *ret_end)
{
	size_t end, end2, end3, end4;
	struct span name = component(text, at, &end);
	*ret_end = end;
	if (is_python_temp(name, SPAN_LIT("build-env-")) || is_python_temp(name, SPAN_LIT("pip-build-env-")))
		return true;

	struct span second = next_component(text, end, &end2);
	*ret_end = end2;
	if (is_bucket(name, SPAN_LIT("builds-v")) || is_bucket(name, SPAN_LIT("environments-v")))
		return is_rust_temp(second);
	if (is_rust_temp(name) || is_python_temp(name, SPAN_LIT("tmp")))
		return span_eq_str(second, ".venv");
	if (span_eq_str(name, ALIAS_DIRECTORY))
		return is_alias_name(second);

	if (!is_python_temp(name, SPAN_LIT("cibw-run-")) || second.len == 0)
		return false;
	struct span third = next_component(text, end2, &end3);
	struct span fourth = next_component(text, end3, &end4);
	*ret_end = end4;
	return span_eq_str(third, "build") && span_eq_str(fourth, "venv");
}

/* A blank or an option's letter before a slash: "-L /tmp/...", "-L/tmp/...". Other blanks are part of a path. */
static bool begins_path(struct span text, size_t at)
{
	if (at == 0 || !is_separator(text.ptr[at]))
		return false;
	if (text.ptr[at - 1] == ' ')
		return true;
	return at >= 2 && text.ptr[at - 2] == '-' && is_alnum(text.ptr[at - 1]) &&
		(at == 2 || text.ptr[at - 3] == ' ' || ends_path(text.ptr[at - 3]));
}

/*
 * Where the path that holds position `at` begins: behind the last character that cannot be part of a path, or
 * where one begins. It may be a relative one.
 */
static size_t path_start(struct span text, size_t from, size_t at)
{
	size_t start = at;
	while (start > from && !ends_path(text.ptr[start - 1]) && !begins_path(text, start))
		start--;
	/* The colon of a drive letter is part of the path. */
	if (start >= from + 2 && text.ptr[start - 1] == ':' && is_alnum(text.ptr[start - 2]) &&
		is_separator(text.ptr[start]) && (start == from + 2 || ends_path(text.ptr[start - 3])))
		return start - 2;
	return start;
}

/*
 * One environment can lie in a directory of another one (a front end whose TMPDIR is an environment's): the
 * inner one is meant. The end of the last match in the path that goes on at `end`.
 */
static size_t innermost_end(struct span text, size_t end)
{
	for (size_t at = end; at < text.len && !ends_path(text.ptr[at]) && !begins_path(text, at); at++) {
		size_t inner;
		if (is_separator(text.ptr[at]) && match_at(text, at + 1, &inner)) {
			end = inner;
			at = inner - 1;
		}
	}
	return end;
}

/* Our own alias is what all others shall become. */
static bool is_own_alias(struct span env)
{
	if (span_find_span(env, SPAN_LIT(ALIAS_DIRECTORY)) == env.len)
		return false;
	CLEANUP_FREE char *path = xstrndup(env.ptr, env.len);
	return alias_is(path);
}

bool ephemeral_find(struct span text, size_t from, struct span *ret)
{
	for (size_t at = from; at < text.len; at++) {
		/* Every pattern's first component follows a separator: nobody makes environments in no
		 * directory. */
		if (!is_separator(text.ptr[at]))
			continue;
		size_t end;
		if (!match_at(text, at + 1, &end))
			continue;
		size_t start = path_start(text, from, at);
		struct span env = span_make(text.ptr + start, innermost_end(text, end) - start);
		if (is_own_alias(env)) {
			at = (size_t)(env.ptr - text.ptr) + env.len - 1;
			continue;
		}
		*ret = env;
		return true;
	}
	return false;
}
