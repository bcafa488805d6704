#include "steady/util/ignore.h"

#include "steady/util/mem.h"
#include "steady/util/path.h"

#include <stdlib.h>

/* Steps after which one comparison is given up as not matching: patterns can be made to take exponential time. */
#define MAX_STEPS 100000u

struct pattern {
	struct span text;
	bool negated, dirs_only, anchored;
};

struct ignore {
	struct arena *mem;
	VEC(struct pattern) patterns;
};

struct ignore *ignore_new(void)
{
	struct ignore *rules = xcalloc(1, sizeof(*rules));
	rules->mem = arena_new();
	return rules;
}

struct ignore *ignore_free(struct ignore *rules)
{
	if (rules == NULL)
		return NULL;
	vec_release(&rules->patterns);
	(void)arena_free(rules->mem);
	free(rules);
	return NULL;
}

void ignore_cleanup(struct ignore **rules)
{
	*rules = ignore_free(*rules);
}

/* Blanks at the end do not count unless a backslash stands before them. */
static struct span trim_end(struct span s)
{
	while (s.len != 0 && (s.ptr[s.len - 1] == '\r' || s.ptr[s.len - 1] == '\n'))
		s.len--;
	while (s.len != 0 && s.ptr[s.len - 1] == ' ' && !(s.len > 1 && s.ptr[s.len - 2] == '\\'))
		s.len--;
	return s;
}

void ignore_add(struct ignore *rules, struct span line)
{
	struct pattern p = {.text = trim_end(line)};
	if (p.text.len == 0 || p.text.len > IGNORE_MAX_PATTERN || p.text.ptr[0] == '#')
		return;
	if (p.text.ptr[0] == '!') {
		p.negated = true;
		p.text = span_skip(p.text, 1);
	}
	if (span_ends(p.text, SPAN_LIT("/"))) {
		p.dirs_only = true;
		p.text.len--;
	}
	p.anchored = span_find(p.text, '/') != p.text.len;
	if (span_starts(p.text, SPAN_LIT("/")))
		p.text = span_skip(p.text, 1);
	if (p.text.len == 0)
		return;
	p.text.ptr = arena_strndup(rules->mem, p.text.ptr, p.text.len);
	*vec_add(&rules->patterns) = p;
}

/*
 * A bracket expression at pattern[0] == '['; true if it has an end, with its length and whether `c` is in it.
 */
static bool match_bracket(struct span pattern, char c, size_t *ret_len, bool *ret_match)
{
	size_t i = 1;
	bool negated = i < pattern.len && (pattern.ptr[i] == '!' || pattern.ptr[i] == '^');
	bool match = false;
	i += negated ? 1 : 0;
	for (size_t first = i; i < pattern.len; i++) {
		if (pattern.ptr[i] == ']' && i > first) {
			*ret_len = i + 1;
			*ret_match = match != negated && c != '/';
			return true;
		}
		if (pattern.ptr[i] == '\\' && i + 1 < pattern.len)
			i++;
		unsigned char low = (unsigned char)pattern.ptr[i], high = low;
		if (i + 2 < pattern.len && pattern.ptr[i + 1] == '-' && pattern.ptr[i + 2] != ']') {
			high = (unsigned char)pattern.ptr[i + 2];
			i += 2;
		}
		match |= low <= (unsigned char)c && (unsigned char)c <= high;
	}
	return false;
}

static bool glob(struct span pattern, struct span text, unsigned *steps);

/* `**` between slashes (or at an end): any number of whole components. */
static bool glob_dirs(struct span after, struct span text, unsigned *steps)
{
	if (after.len == 0)
		return true;
	for (;;) {
		if (glob(after, text, steps))
			return true;
		size_t slash = span_find(text, '/');
		if (slash == text.len)
			return false;
		text = span_skip(text, slash + 1);
	}
}

static bool glob_star(struct span after, struct span text, unsigned *steps)
{
	for (;;) {
		if (glob(after, text, steps))
			return true;
		if (text.len == 0 || text.ptr[0] == '/')
			return false;
		text = span_skip(text, 1);
	}
}

/* One character of the pattern that is no star; its length, 0 if it does not match. */
static size_t glob_one(struct span pattern, char c)
{
	size_t len;
	bool match;
	switch (pattern.ptr[0]) {
	case '?':
		return c != '/' ? 1 : 0;
	case '[':
		if (match_bracket(pattern, c, &len, &match))
			return match ? len : 0;
		return c == '[' ? 1 : 0;
	case '\\':
		if (pattern.len > 1)
			return pattern.ptr[1] == c ? 2 : 0;
		return 0;
	default:
		return pattern.ptr[0] == c ? 1 : 0;
	}
}

/* Called where a component begins (`at_start`) or within one. */
static bool glob(struct span pattern, struct span text, unsigned *steps)
{
	bool at_start = true;
	while (pattern.len != 0) {
		if (++*steps > MAX_STEPS)
			return false;
		if (at_start && span_starts(pattern, SPAN_LIT("**/")))
			return glob_dirs(span_skip(pattern, 3), text, steps);
		if (at_start && span_eq_str(pattern, "**"))
			return text.len != 0;
		if (pattern.ptr[0] == '*') {
			while (pattern.len != 0 && pattern.ptr[0] == '*')
				pattern = span_skip(pattern, 1);
			return glob_star(pattern, text, steps);
		}
		size_t len = text.len != 0 ? glob_one(pattern, text.ptr[0]) : 0;
		if (len == 0)
			return false;
		at_start = text.ptr[0] == '/';
		pattern = span_skip(pattern, len);
		text = span_skip(text, 1);
	}
	return text.len == 0;
}

enum ignore_result ignore_match(const struct ignore *rules, struct span path, bool is_dir)
{
	for (size_t i = rules->patterns.len; i-- > 0;) {
		const struct pattern *p = &rules->patterns.data[i];
		unsigned steps = 0;
		if (p->dirs_only && !is_dir)
			continue;
		if (glob(p->text, p->anchored ? path : path_base(path), &steps))
			return p->negated ? IGNORE_NO : IGNORE_YES;
	}
	return IGNORE_NONE;
}

enum ignore_result ignore_match_above(const struct ignore *rules, struct span path, bool is_dir)
{
	enum ignore_result result = ignore_match(rules, path, is_dir);
	while (result == IGNORE_NONE && path.len != 0) {
		path = path_dir(path);
		if (path.len == 0)
			break;
		result = ignore_match(rules, path, true);
	}
	return result;
}
