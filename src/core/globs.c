#include "steady/core/globs.h"

#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <stdlib.h>

static void add_line(struct str *out, struct span line)
{
	line = span_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return;
	str_add_span(out, line);
	str_add_char(out, '\n');
}

static void add_variable(struct str *out, struct span value)
{
	while (value.len != 0) {
		size_t end = 0;
		while (end < value.len && value.ptr[end] != ':' && value.ptr[end] != '\n')
			end++;
		add_line(out, span_make(value.ptr, end));
		value = span_skip(value, end + 1);
	}
}

const char *globs_read(struct arena *mem, const char *workspace_root, const char **ret_why)
{
	CLEANUP_STR struct str out = STR_INIT;
	struct err err = ERR_INIT;
	struct span text, line;
	*ret_why = NULL;
	str_add_char(&out, '\n');
	CLEANUP_CLOSE int fd = fsio_open_root(workspace_root, &err);
	int code = fd < 0 ? fd : fsio_read(fd, GLOBS_FILE, GLOBS_MAX_BYTES, mem, &text, NULL, &err);
	if (code < 0)
		*ret_why = arena_strdup(mem, err.msg);
	else if (code == 0 && span_find(text, '\0') != text.len)
		*ret_why = GLOBS_FILE " holds a NUL";
	while (code == 0 && span_next_line(&text, &line))
		add_line(&out, line);
	const char *value = getenv(GLOBS_VARIABLE);
	if (value != NULL)
		add_variable(&out, span_of(value));
	return out.len > 1 ? arena_strndup(mem, out.buf, out.len) : NULL;
}

struct ignore *globs_rules(const char *globs)
{
	struct ignore *rules = ignore_new();
	struct span rest = span_of(globs), line;
	while (span_next_line(&rest, &line))
		ignore_add(rules, line);
	return rules;
}
