#include "fuzz.h"

#include "steady/core/pydist.h"
#include "steady/format/pyrecord.h"

static bool is_inside(struct span part, struct span whole)
{
	return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

/* The same lines from the last to the first have the same sum. */
static void check_lines(struct span text)
{
	struct pyrecord_sum forward = {.count = 0}, backward = {.count = 0};
	struct pyrecord_line line;
	VEC(struct span) lines = VEC_INIT;
	for (struct span rest = text; pyrecord_next(&rest, &line);) {
		FUZZ_CHECK(is_inside(line.path, text) && is_inside(line.hash, text) &&
			is_inside(line.both, text));
		pyrecord_add(&forward, line.both);
		*vec_add(&lines) = line.both;
	}
	for (size_t i = lines.len; i > 0; i--)
		pyrecord_add(&backward, lines.data[i - 1]);
	struct digest x = pyrecord_digest(&forward), y = pyrecord_digest(&backward);
	FUZZ_CHECK(digest_eq(&x, &y));
	vec_release(&lines);
}

/* A RECORD; or, where there is a NUL, two lists of what is installed, one of them from a record that anybody may have written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span text = fuzz_exact(data, size);
	size_t nul = span_find(text, '\0');
	check_lines(text);
	if (nul != text.len)
		FUZZ_CHECK(
			pydist_difference(span_make(text.ptr, nul), span_skip(text, nul + 1), mem) != NULL);
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
