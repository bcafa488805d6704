#include "fuzz.h"

#include "../../src/core/historycache_priv.h"
#include "steady/util/digest.h"

static void check(struct span bytes)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct historycache cache;
	if (!historycache_parse(bytes, mem, &cache))
		return;
	/* As the walk sees it, written again: the same bytes. */
	struct history h = {.head = cache.head,
		.commit = cache.commit,
		.commit_count = cache.commit_count,
		.path = arena_array(mem, cache.path_count, sizeof(*h.path)),
		.path_count = cache.path_count};
	for (size_t i = 0; i < cache.path_count; i++) {
		FUZZ_CHECK(cache.path[i].commit < cache.commit_count);
		h.path[i] = (struct history_path){.path = cache.path[i].path,
			.mode = cache.path[i].directory ? GIT_MODE_TREE : GIT_MODE_FILE,
			.commit = cache.path[i].commit};
	}
	CLEANUP_STR struct str again = STR_INIT;
	historycache_format(&h, &again);
	FUZZ_CHECK(span_eq(str_span(&again), bytes));
}

/* The bytes as they are, and with the checksum they should end in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_exact(data, size);
	check(text);
	CLEANUP_STR struct str whole = STR_INIT;
	str_add_span(&whole, text);
	uint64_t sum = digest_u64(text);
	for (unsigned i = 0; i < 8; i++)
		str_add_char(&whole, (char)(unsigned char)(sum >> (8 * i)));
	struct span exact = fuzz_exact((const uint8_t *)whole.buf, whole.len);
	check(exact);
	free((void *)(uintptr_t)exact.ptr);
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
