#include "fuzz.h"

#include "steady/format/depinfo.h"

static void check(struct span bytes, bool has_method)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str again = STR_INIT;
	struct depinfo info;
	struct err err = ERR_INIT;
	int code = depinfo_parse(mem, bytes, has_method, &info, &err);
	FUZZ_CHECK(arena_used(mem) <= 12 * bytes.len + 1024);
	if (code < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0] != '\0');
		return;
	}
	depinfo_format(&info, &again);
	FUZZ_CHECK(span_eq(str_span(&again), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = fuzz_exact(data, size);
	check(bytes, false);
	check(bytes, true);
	free((void *)(uintptr_t)bytes.ptr);
	return 0;
}
