#include "fuzz.h"

#include "steady/format/fingerprint.h"
#include "steady/format/json.h"

#include <cjson/cJSON.h>

/* Whatever is accepted is written again byte for byte, and has a hash under every epoch. */
static void check_fingerprint(struct span text)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str again = STR_INIT;
	struct fingerprint fp;
	struct err err = ERR_INIT;
	if (fingerprint_parse(mem, text, &fp, &err) < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0] != '\0');
		return;
	}
	fingerprint_format(&fp, &again);
	FUZZ_CHECK(span_eq(str_span(&again), text));
	for (int paths = 0; paths < PATHS_COUNT_OF; paths++) {
		const struct epoch epoch = {fingerprint_hasher(&fp), (enum fingerprint_paths)paths};
		FUZZ_CHECK(fingerprint_matching_paths(&fp, fingerprint_hash(&fp, &epoch)) & 1u << paths);
	}
}

/* An integer is never a string, and neither holds a NUL or the byte that marks integers. */
static void check_values(const cJSON *json)
{
	struct span text;
	uint64_t number;
	if (json_string(json, &text)) {
		FUZZ_CHECK(!json_u64(json, &number));
		FUZZ_CHECK(span_is_utf8(text));
	}
	FUZZ_CHECK(!cJSON_IsNumber(json));
	for (const cJSON *item = json->child; item != NULL; item = item->next)
		check_values(item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_exact(data, size);
	CLEANUP_JSON cJSON *json = NULL;
	check_fingerprint(text);
	if (json_parse(text, 1 << 20, &json, NULL) == 0)
		check_values(json);
	uint64_t hash;
	if (hashfile_parse(text, &hash)) {
		char again[HASHFILE_LEN + 1];
		hashfile_format(hash, again);
		FUZZ_CHECK(span_eq_str(text, again));
	}
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
