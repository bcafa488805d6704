#include "steady/format/rustcdep.h"

#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct arena *mem;
	struct err *err;
	size_t line;
	VEC(struct span) outputs;
	VEC(struct span) files;
	VEC(struct rustcdep_env) envs;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the next word at white space, as Rust's split_whitespace does for ASCII; false at the end. */
static bool next_word(struct span *rest, struct span *ret)
{
	*rest = span_trim(*rest);
	if (rest->len == 0)
		return false;
	size_t len = 0;
	while (len < rest->len && !is_blank(rest->ptr[len]))
		len++;
	*ret = span_make(rest->ptr, len);
	*rest = span_skip(*rest, len);
	return true;
}

/* A word that ends in a backslash goes on behind one blank. */
static int join_words(struct parser *p, struct span first, struct span *rest, struct span *ret)
{
	CLEANUP_STR struct str name = STR_INIT;
	str_add_span(&name, first);
	while (name.len != 0 && name.buf[name.len - 1] == '\\') {
		struct span more;
		if (!next_word(rest, &more))
			return err_set(p->err, EBADMSG, "line %zu ends in a backslash", p->line);
		name.len--;
		str_add_char(&name, ' ');
		str_add_span(&name, more);
	}
	*ret = span_make(arena_strndup(p->mem, name.buf, name.len), name.len);
	return 0;
}

static int parse_files(struct parser *p, struct span rest)
{
	struct span word;
	while (next_word(&rest, &word)) {
		if (span_ends(word, SPAN_LIT("\\"))) {
			int code = join_words(p, word, &rest, &word);
			if (code < 0)
				return code;
		}
		*vec_add(&p->files) = word;
	}
	return 0;
}

static int unescape_env(struct parser *p, struct span text, struct span *ret)
{
	if (memchr(text.len != 0 ? text.ptr : "", '\\', text.len) == NULL) {
		*ret = text;
		return 0;
	}
	char *out = arena_alloc(p->mem, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\\') {
			char next = i + 1 < text.len ? text.ptr[++i] : '\0';
			if (next != 'n' && next != 'r' && next != '\\')
				return err_set(p->err, EBADMSG, "line %zu has an unknown escape", p->line);
			c = next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
		}
		out[len++] = c;
	}
	*ret = span_make(out, len);
	return 0;
}

static int parse_env(struct parser *p, struct span rest)
{
	size_t equals = span_find(rest, '=');
	struct rustcdep_env env = {.has_value = equals < rest.len};
	int code = unescape_env(p, span_make(rest.ptr, equals), &env.key);
	if (code == 0 && env.has_value)
		code = unescape_env(p, span_skip(rest, equals + 1), &env.value);
	if (code == 0)
		*vec_add(&p->envs) = env;
	return code;
}

static int parse_line(struct parser *p, struct span line)
{
	const struct span env_dep = SPAN_LIT("# env-dep:");
	if (span_ends(line, SPAN_LIT("\r")))
		line.len--;
	if (span_starts(line, env_dep))
		return parse_env(p, span_skip(line, env_dep.len));
	if (span_starts(line, SPAN_LIT("#")))
		return 0;
	size_t colon = span_find_span(line, SPAN_LIT(": "));
	if (colon == line.len)
		return 0;
	bool first = p->outputs.len == 0;
	*vec_add(&p->outputs) = span_make(line.ptr, colon);
	return first ? parse_files(p, span_skip(line, colon + 2)) : 0;
}

static void *keep(struct arena *mem, const void *data, size_t count, size_t size)
{
	void *copy = arena_array(mem, count, size);
	if (count != 0)
		memcpy(copy, data, count * size);
	return copy;
}

int rustcdep_parse(struct arena *mem, struct span text, struct rustcdep *ret, struct err *err)
{
	struct parser p = {.mem = mem, .err = err, .outputs = VEC_INIT, .files = VEC_INIT, .envs = VEC_INIT};
	struct span line;
	int code = 0;
	while (code == 0 && span_next_line(&text, &line)) {
		p.line++;
		code = parse_line(&p, line);
	}
	if (code == 0)
		*ret = (struct rustcdep){
			.output = keep(mem, p.outputs.data, p.outputs.len, sizeof(*p.outputs.data)),
			.noutput = p.outputs.len,
			.file = keep(mem, p.files.data, p.files.len, sizeof(*p.files.data)),
			.nfile = p.files.len,
			.env = keep(mem, p.envs.data, p.envs.len, sizeof(*p.envs.data)),
			.nenv = p.envs.len};
	vec_release(&p.outputs);
	vec_release(&p.files);
	vec_release(&p.envs);
	return code;
}
