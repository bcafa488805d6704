#include "fuzz.h"

#include "steady/format/record.h"

#define HEAD_LEN 16

static void check(struct span bytes)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str again = STR_INIT;
	struct record record;
	struct err err = ERR_INIT;
	if (record_parse(mem, bytes, &record, &err) < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0] != '\0');
		return;
	}
	for (size_t i = 0; i < record.ninput; i++)
		FUZZ_CHECK(record.input[i].path.len <= RECORD_MAX_PATH);
	record_format(&record, &again);
	FUZZ_CHECK(span_eq(bytes, str_span(&again)));
}

/* The bytes as they are, and as the body of a record whose checksum is right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_exact(data, size);
	check(text);
	CLEANUP_STR struct str whole = STR_INIT;
	str_add(&whole, "steadyR\002");
	uint64_t sum = digest_u64(text);
	for (size_t i = 0; i < 8; i++)
		str_add_char(&whole, (char)(unsigned char)(sum >> (8 * i)));
	str_add_span(&whole, text);
	FUZZ_CHECK(whole.len == HEAD_LEN + text.len);
	struct span exact = fuzz_exact((const uint8_t *)whole.buf, whole.len);
	check(exact);
	free((void *)(uintptr_t)exact.ptr);
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
