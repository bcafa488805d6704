#include "steady/format/buildoutput.h"

#include <stdlib.h>

static bool is_one_of(struct span key, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_eq_str(key, list[i]))
			return true;
	}
	return false;
}

/* Keys that change how rustc is called. A cargo too old for one of them takes it for metadata, which is
 * hashed as little as an instruction. */
static bool is_instruction(struct span key)
{
	static const char *const keys[] = {
		"rustc-flags",
		"rustc-link-lib",
		"rustc-link-search",
		"rustc-link-arg-cdylib",
		"rustc-cdylib-link-arg",
		"rustc-link-arg-bins",
		"rustc-link-arg-bin",
		"rustc-link-arg-tests",
		"rustc-link-arg-benches",
		"rustc-link-arg-examples",
		"rustc-link-arg",
		"rustc-cfg",
		"rustc-check-cfg",
		"rustc-env",
	};
	return is_one_of(key, keys, COUNT_OF(keys));
}

/* The reserved keys of both spellings; false for any other. */
static bool reserved_kind(struct span key, enum output_kind *ret)
{
	if (span_eq_str(key, "rerun-if-changed"))
		*ret = OUTPUT_RERUN_IF_CHANGED;
	else if (span_eq_str(key, "rerun-if-env-changed"))
		*ret = OUTPUT_RERUN_IF_ENV_CHANGED;
	else if (span_eq_str(key, "warning"))
		*ret = OUTPUT_TEXT;
	else if (is_instruction(key))
		*ret = OUTPUT_INSTRUCTION;
	else
		return false;
	return true;
}

static bool split(struct span data, struct span *ret_key, struct span *ret_value)
{
	size_t equals = span_find(data, '=');
	if (equals == data.len)
		return false;
	*ret_key = span_make(data.ptr, equals);
	*ret_value = span_skip(data, equals + 1);
	return true;
}

static bool parse_new(struct span data, struct output_line *line)
{
	if (!split(data, &line->key, &line->value))
		return false;
	if (reserved_kind(line->key, &line->kind))
		return true;
	if (span_eq_str(line->key, "error")) {
		line->kind = OUTPUT_TEXT;
		return true;
	}
	line->kind = OUTPUT_METADATA;
	return span_eq_str(line->key, "metadata") && split(line->value, &line->key, &line->value);
}

static bool parse_old(struct span data, struct output_line *line)
{
	if (!split(data, &line->key, &line->value))
		return false;
	if (!reserved_kind(line->key, &line->kind))
		line->kind = OUTPUT_METADATA;
	return true;
}

static bool parse_line(struct span text, struct output_line *ret)
{
	/* Most of what make and compilers print ends here. */
	if (span_find_span(text, SPAN_LIT("cargo:")) == text.len || !span_is_utf8(text))
		return false;
	struct span trimmed = span_trim_unicode(text);
	struct output_line line = {.line = text};
	bool valid = false;
	if (span_starts(trimmed, SPAN_LIT("cargo::")))
		valid = parse_new(span_skip(trimmed, 7), &line);
	else if (span_starts(trimmed, SPAN_LIT("cargo:")))
		valid = parse_old(span_skip(trimmed, 6), &line);
	if (valid)
		*ret = line;
	return valid;
}

void build_output_parse(struct arena *mem, struct span text, struct build_output *ret)
{
	VEC(struct output_line) lines = VEC_INIT;
	struct span rest = text, bytes;
	struct output_line line;
	while (span_next_line(&rest, &bytes)) {
		if (parse_line(bytes, &line))
			*vec_add(&lines) = line;
	}

	*ret = (struct build_output){.text = text, .count = lines.len};
	ret->line = vec_copy(mem, &lines);
	vec_release(&lines);
}

size_t build_output_rewrite(
	const struct build_output *output, build_output_edit *edit, void *ctx, struct str *out)
{
	CLEANUP_STR struct str value = STR_INIT;
	size_t edits = 0, copied = 0;
	for (size_t i = 0; i < output->count; i++) {
		const struct output_line *line = &output->line[i];
		str_clear(&value);
		if (!edit(line, &value, ctx))
			continue;
		size_t start = (size_t)(line->value.ptr - output->text.ptr);
		str_add_mem(out, output->text.ptr + copied, start - copied);
		str_add_span(out, str_span(&value));
		copied = start + line->value.len;
		edits++;
	}
	str_add_span(out, span_skip(output->text, copied));
	return edits;
}
