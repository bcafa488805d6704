#include "fuzz.h"

#include "steady/format/toml.h"

/* Keys occur once, counts and lines are true, and only containers contain. */
static void check(const struct toml_value *value, size_t last_line)
{
	size_t count = 0;
	FUZZ_CHECK(value->line >= 1 && value->line <= last_line);
	FUZZ_CHECK(value->type == TOML_ARRAY || value->type == TOML_TABLE || value->first == NULL);
	toml_each (item, value) {
		count++;
		FUZZ_CHECK(span_is_utf8(item->key) && span_is_utf8(item->text));
		if (value->type == TOML_TABLE && value->count < 100)
			FUZZ_CHECK(toml_member(value, item->key) == item);
		check(item, last_line);
	}
	FUZZ_CHECK(count == value->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_exact(data, size);
	{
		CLEANUP_ARENA struct arena *mem = arena_new();
		struct toml_value *root;
		struct err err = ERR_INIT;
		size_t lines = 1;
		for (size_t i = 0; i < text.len; i++)
			lines += text.ptr[i] == '\n';
		if (toml_parse(mem, text, &root, &err) == 0)
			check(root, lines);
		else
			FUZZ_CHECK(err.code != 0 && err.msg[0] != '\0');
	}
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
