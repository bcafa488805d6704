#include "fuzz.h"

#include "steady/format/buildoutput.h"
#include "steady/format/pyconfig.h"

static bool is_inside(struct span part, struct span whole)
{
	return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

/* Putting a config's own executable into it changes nothing. */
static void check_config(struct span text)
{
	CLEANUP_STR struct str again = STR_INIT;
	struct py_config config;
	struct err err = ERR_INIT;
	if (pyconfig_parse(text, &config, &err) < 0) {
		FUZZ_CHECK(err.code != 0);
		return;
	}
	FUZZ_CHECK(is_inside(config.version, text));
	pyconfig_set_executable(&config, SPAN_LIT("/e"), &again);
	struct py_config other;
	FUZZ_CHECK(pyconfig_parse(str_span(&again), &other, NULL) == 0);
	FUZZ_CHECK(config.executable.ptr == NULL || span_eq_str(other.executable, "/e"));
	FUZZ_CHECK(config.executable.ptr != NULL || span_eq(str_span(&again), text));
}

/* Every value replaced by itself. */
static bool same(const struct output_line *line, struct str *ret, void *ctx)
{
	++*(size_t *)ctx;
	str_add_span(ret, line->value);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_exact(data, size);
	{
		CLEANUP_ARENA struct arena *mem = arena_new();
		CLEANUP_STR struct str again = STR_INIT, config = STR_INIT;
		struct build_output output;
		size_t calls = 0;
		build_output_parse(mem, text, &output);
		for (size_t i = 0; i < output.count; i++) {
			const struct output_line *line = &output.line[i];
			FUZZ_CHECK(is_inside(line->key, line->line) && is_inside(line->value, line->line));
			FUZZ_CHECK(is_inside(line->line, text));
			str_clear(&config);
			if (pyconfig_from_hex(line->key, line->value, &config))
				check_config(str_span(&config));
		}
		FUZZ_CHECK(build_output_rewrite(&output, same, &calls, &again) == output.count);
		FUZZ_CHECK(calls == output.count);
		FUZZ_CHECK(span_eq(str_span(&again), text));
	}
	check_config(text);
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
