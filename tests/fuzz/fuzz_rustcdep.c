#include "fuzz.h"

#include "steady/format/rustcdep.h"

/* Within the text, or a copy in the arena: either way readable to its end. */
static size_t touch(struct span s)
{
	size_t sum = 0;
	for (size_t i = 0; i < s.len; i++)
		sum += (unsigned char)s.ptr[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = fuzz_exact(data, size);
	struct arena *mem = arena_new();
	struct rustcdep d;
	struct err err = ERR_INIT;
	int code = rustcdep_parse(mem, bytes, &d, &err);
	FUZZ_CHECK(arena_used(mem) <= 64 * bytes.len + 4096);
	if (code < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0] != '\0');
	} else {
		size_t sum = 0;
		for (size_t i = 0; i < d.noutput; i++)
			sum += touch(d.output[i]);
		for (size_t i = 0; i < d.nfile; i++) {
			FUZZ_CHECK(d.file[i].len != 0);
			sum += touch(d.file[i]);
		}
		for (size_t i = 0; i < d.nenv; i++)
			sum += touch(d.env[i].key) + touch(d.env[i].value);
		/* Used, so that the compiler cannot leave the reads out. */
		FUZZ_CHECK(sum != SIZE_MAX);
	}
	mem = arena_free(mem);
	free((void *)(uintptr_t)bytes.ptr);
	return 0;
}
