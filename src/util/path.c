#include "steady/util/path.h"

static struct span without_trailing_slash(struct span s)
{
	while (s.len > 1 && s.ptr[s.len - 1] == '/')
		s.len--;
	return s;
}

void path_join(struct str *out, const char *dir, const char *name)
{
	str_clear(out);
	if (name[0] != '/' && dir[0] != '\0') {
		str_add(out, dir);
		if (out->buf[out->len - 1] != '/' && name[0] != '\0')
			str_add_char(out, '/');
	}
	str_add(out, name);
}

bool path_has_prefix(struct span path, struct span dir)
{
	dir = without_trailing_slash(dir);
	if (!span_starts(path, dir))
		return false;
	return path.len == dir.len || dir.len == 0 || dir.ptr[dir.len - 1] == '/' || path.ptr[dir.len] == '/';
}

struct span path_below(struct span path, struct span dir)
{
	struct span rest = span_skip(path, without_trailing_slash(dir).len);
	while (rest.len != 0 && rest.ptr[0] == '/')
		rest = span_skip(rest, 1);
	return rest;
}

/* Position behind the last slash. */
static size_t base_start(struct span path)
{
	size_t at = path.len;
	while (at != 0 && path.ptr[at - 1] != '/')
		at--;
	return at;
}

struct span path_base(struct span path)
{
	path = without_trailing_slash(path);
	return span_skip(path, base_start(path));
}

struct span path_dir(struct span path)
{
	path = without_trailing_slash(path);
	size_t start = base_start(path);
	if (start == 0)
		return span_make(path.ptr, 0);
	return without_trailing_slash(span_make(path.ptr, start));
}

static bool next_component(struct span *rest, struct span *ret)
{
	while (rest->len != 0 && rest->ptr[0] == '/')
		*rest = span_skip(*rest, 1);
	if (rest->len == 0)
		return false;
	size_t end = span_find(*rest, '/');
	*ret = span_make(rest->ptr, end);
	*rest = span_skip(*rest, end);
	return true;
}

static void leave_component(struct str *out, bool absolute)
{
	struct span last = path_base(str_span(out));
	if (out->len == 0 || span_eq_str(last, "..")) {
		str_add(out, out->len == 0 ? ".." : "/..");
		return;
	}
	struct span parent = path_dir(str_span(out));
	out->len = absolute && parent.len == 0 ? 1 : parent.len;
	out->buf[out->len] = '\0';
}

/* Nothing that path_normalize would take out. */
static bool is_normal(struct span path)
{
	if (path.len != 0 && path.ptr[0] == '/')
		path = span_skip(path, 1);
	for (size_t left = 1; left != 0;) {
		size_t end = span_find(path, '/');
		struct span part = span_make(path.ptr, end);
		if (part.len == 0 || span_eq_str(part, ".") || span_eq_str(part, ".."))
			return false;
		left = path.len - end;
		path = span_skip(path, end + 1);
	}
	return true;
}

void path_normalize(struct str *out, struct span path)
{
	struct str result = STR_INIT;
	if (is_normal(path)) {
		str_add_span(&result, path);
		str_release(out);
		*out = result;
		return;
	}
	bool absolute = path.len != 0 && path.ptr[0] == '/';
	if (absolute)
		str_add_char(&result, '/');
	struct span part;
	while (next_component(&path, &part)) {
		if (span_eq_str(part, "."))
			continue;
		if (span_eq_str(part, "..")) {
			if (!(absolute && result.len == 1))
				leave_component(&result, absolute);
			continue;
		}
		if (result.len != 0 && result.buf[result.len - 1] != '/')
			str_add_char(&result, '/');
		str_add_span(&result, part);
	}
	if (result.len == 0)
		str_add_char(&result, '.');
	str_release(out);
	*out = result;
}

bool path_is_inside(struct span path)
{
	if (path.len == 0 || path.ptr[0] == '/' || path.ptr[path.len - 1] == '/')
		return false;
	if (memchr(path.ptr, '\0', path.len) != NULL)
		return false;
	while (path.len != 0) {
		size_t end = span_find(path, '/');
		struct span part = span_make(path.ptr, end);
		if (part.len == 0 || span_eq_str(part, ".") || span_eq_str(part, ".."))
			return false;
		path = span_skip(path, end + 1);
	}
	return true;
}
