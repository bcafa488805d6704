#include "steady/format/fingerprint.h"

#include "vectors.h"

#include <errno.h>

#define HASH_VECTORS 171
#define DEP "{\"CheckDepInfo\":{\"dep_info\":\"d\"}}"

/* The path algorithm of each cargo that wrote vectors; which hasher follows from the JSON. */
static enum fingerprint_paths paths_of(const char *version)
{
	static const struct {
		const char *version;
		enum fingerprint_paths paths;
	} row[] = {
		{"1.46", PATHS_COMPONENTS},
		{"1.65", PATHS_COUNT},
		{"1.78", PATHS_COUNT},
		{"1.85", PATHS_CHUNKBITS},
		{"1.95", PATHS_CHUNKBITS},
		{"1.96", PATHS_CHUNKBITS},
		{"1.97-nightly", PATHS_CHUNKBITS},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		if (strcmp(row[i].version, version) == 0)
			return row[i].paths;
	}
	fail_msg("unknown version %s", version);
	return PATHS_COUNT;
}

static bool is_old_hasher(const char *version)
{
	return strcmp(version, "1.46") == 0 || strcmp(version, "1.65") == 0 || strcmp(version, "1.78") == 0;
}

static void parse_vector(struct arena *mem, const struct vector *v, struct fingerprint *ret)
{
	struct err err = ERR_INIT;
	if (fingerprint_parse(mem, vector_read(mem, v->stem, ".json"), ret, &err) < 0)
		fail_msg("%s: %s", v->name, err.msg);
}

static void round_trip_one(struct arena *mem, const struct vector *v)
{
	struct fingerprint fp;
	CLEANUP_STR struct str out = STR_INIT;
	parse_vector(mem, v, &fp);
	fingerprint_format(&fp, &out);
	if (!span_eq(str_span(&out), vector_read(mem, v->stem, ".json")))
		fail_msg("%s does not round trip", v->name);
}

static void test_json_round_trip(void **state)
{
	(void)state;
	vectors_each(".hash", HASH_VECTORS, round_trip_one);
}

static void stream_one(struct arena *mem, const struct vector *v)
{
	struct fingerprint fp;
	CLEANUP_STR struct str bytes = STR_INIT, hex = STR_INIT;
	parse_vector(mem, v, &fp);
	const struct epoch epoch = {fingerprint_hasher(&fp), paths_of(v->version)};
	fingerprint_stream(&fp, &epoch, &bytes);
	str_add_hex(&hex, bytes.buf, bytes.len);
	if (!span_eq(str_span(&hex), span_trim(vector_read(mem, v->stem, ".stream"))))
		fail_msg("%s under %s hashes other bytes: %s", v->name, epoch_name(&epoch), hex.buf);
}

static void test_streams(void **state)
{
	(void)state;
	vectors_each(".stream", HASH_VECTORS, stream_one);
}

static void hash_one(struct arena *mem, const struct vector *v)
{
	struct fingerprint fp;
	uint64_t hash = 0;
	parse_vector(mem, v, &fp);
	struct span text = vector_read(mem, v->stem, ".hash");
	assert_true(hashfile_parse(text, &hash));
	char again[HASHFILE_LEN + 1];
	hashfile_format(hash, again);
	assert_true(span_eq_str(text, again));

	assert_int_equal(fingerprint_hasher(&fp), is_old_hasher(v->version) ? HASHER_SIP24 : HASHER_STABLE);
	unsigned every = (1u << PATHS_COUNT_OF) - 1;
	unsigned expected = fingerprint_has_paths(&fp) ? 1u << paths_of(v->version) : every;
	unsigned found = fingerprint_matching_paths(&fp, hash);
	if (found != expected)
		fail_msg("%s: path algorithms %#x reproduce the hash, not %#x", v->name, found, expected);
	assert_int_equal(fingerprint_matching_paths(&fp, hash + 1), 0);
}

static void test_hashes(void **state)
{
	(void)state;
	vectors_each(".hash", HASH_VECTORS, hash_one);
}

/* Every beginning of a file is refused, and so is a file with any byte put in or taken out. */
static void damaged_one(struct arena *mem, const struct vector *v)
{
	struct span json = vector_read(mem, v->stem, ".json");
	struct fingerprint fp;
	if (json.len > 1500)
		return;
	for (size_t len = 0; len < json.len; len++)
		assert_int_equal(fingerprint_parse(mem, span_make(json.ptr, len), &fp, NULL), -EBADMSG);
	CLEANUP_STR struct str spaced = STR_INIT;
	str_add_span(&spaced, json);
	str_add_char(&spaced, '\n');
	assert_int_equal(fingerprint_parse(mem, str_span(&spaced), &fp, NULL), -EBADMSG);
}

static void test_damaged(void **state)
{
	(void)state;
	vectors_each(".hash", HASH_VECTORS, damaged_one);
}

#define HEAD "{\"rustc\":1,\"features\":\"[]\",\"target\":2,\"profile\":3,\"path\":4,\"deps\":["
#define TAIL "],\"rustflags\":[],\"config\":5,\"compile_kind\":0}"
#define WITH_DEPS(deps) HEAD deps "],\"local\":[" DEP TAIL
#define WITH_LOCAL(local) HEAD "],\"local\":[" local TAIL

static void accepted_one(const char *json)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str out = STR_INIT;
	struct fingerprint fp;
	struct err err = ERR_INIT;
	if (fingerprint_parse(mem, span_of(json), &fp, &err) < 0)
		fail_msg("%s: %s", json, err.msg);
	fingerprint_format(&fp, &out);
	assert_string_equal(out.buf, json);
}

static void test_shapes_without_vectors(void **state)
{
	(void)state;
	accepted_one(WITH_DEPS(""));
	accepted_one(WITH_DEPS("[1,\"a\",true,2],[18446744073709551615,\"\",false,0]"));
	accepted_one(WITH_LOCAL("{\"CheckDepInfo\":{\"dep_info\":\"d\",\"checksum\":true}}"));
	accepted_one(WITH_LOCAL("{\"CheckDepInfo\":{\"dep_info\":\"d\",\"fingerprint\":\"mtime\"}}"));
	accepted_one(WITH_LOCAL("{\"CheckDepInfo\":{\"dep_info\":\"d\",\"fingerprint\":\"content\"}}"));
	accepted_one(WITH_LOCAL(""));
	accepted_one(WITH_LOCAL("{\"RerunIfChanged\":{\"output\":\"\",\"paths\":[]}}"));
}

static void refused_one(const char *json)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct fingerprint fp = {.rustc = 77};
	struct err err = ERR_INIT;
	if (fingerprint_parse(mem, span_of(json), &fp, &err) != -EBADMSG)
		fail_msg("accepted: %s", json);
	assert_int_equal(err.code, EBADMSG);
	assert_int_equal(fp.rustc, 77);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const row[] = {
		"[]",
		"{}",
		"7",
		"null",
		WITH_DEPS("[1,\"a\",true]"),
		WITH_DEPS("[1,\"a\",true,2,3]"),
		WITH_DEPS("[1,\"a\",0,2]"),
		WITH_DEPS("[1,2,true,2]"),
		WITH_DEPS("[\"1\",\"a\",true,2]"),
		WITH_DEPS("[-1,\"a\",true,2]"),
		WITH_DEPS("{\"a\":1}"),
		WITH_DEPS("[1.5,\"a\",true,2]"),
		WITH_LOCAL("{\"Unheard\":\"x\"}"),
		WITH_LOCAL("\"Precalculated\""),
		WITH_LOCAL("{}"),
		WITH_LOCAL("{\"Precalculated\":1}"),
		WITH_LOCAL("{\"Precalculated\":{}}"),
		WITH_LOCAL("{\"Precalculated\":\"a\",\"CheckDepInfo\":{\"dep_info\":\"d\"}}"),
		WITH_LOCAL("{\"CheckDepInfo\":\"d\"}"),
		WITH_LOCAL("{\"CheckDepInfo\":{}}"),
		WITH_LOCAL("{\"CheckDepInfo\":{\"dep_info\":\"d\",\"checksum\":null}}"),
		WITH_LOCAL("{\"CheckDepInfo\":{\"dep_info\":\"d\",\"fingerprint\":\"size\"}}"),
		WITH_LOCAL("{\"CheckDepInfo\":{\"dep_info\":\"d\",\"unheard\":true}}"),
		WITH_LOCAL(
			"{\"CheckDepInfo\":{\"dep_info\":\"d\",\"checksum\":true,\"fingerprint\":\"mtime\"}}"),
		WITH_LOCAL("{\"RerunIfChanged\":{\"paths\":[],\"output\":\"o\"}}"),
		WITH_LOCAL("{\"RerunIfChanged\":{\"output\":\"o\",\"paths\":[1]}}"),
		WITH_LOCAL("{\"RerunIfChanged\":{\"output\":\"o\",\"paths\":{}}}"),
		WITH_LOCAL("{\"RerunIfEnvChanged\":{\"var\":\"V\"}}"),
		WITH_LOCAL("{\"RerunIfEnvChanged\":{\"var\":\"V\",\"val\":false}}"),
		/* Forms that mean the same and that cargo does not write: spaces, escapes, order, extra keys.
		 */
		HEAD " ],\"local\":[" DEP TAIL,
		WITH_DEPS("[1,\"\\u0061\",true,2]"),
		WITH_DEPS("[1,\"\\/\",true,2]"),
		"{\"features\":\"[]\",\"rustc\":1,\"target\":2,\"profile\":3,\"path\":4,\"deps\":[],\"local\":[],"
		"\"rustflags\":[],\"config\":5,\"compile_kind\":0}",
		HEAD "],\"local\":[],\"rustflags\":[],\"config\":5,\"compile_kind\":0,\"unheard\":1}",
		HEAD "],\"local\":[],\"rustflags\":[],\"unheard\":1,\"config\":5,\"compile_kind\":0}",
		HEAD "],\"local\":[],\"rustflags\":[]}",
		HEAD "],\"local\":[],\"rustflags\":[\"a\",null],\"config\":5,\"compile_kind\":0}",
		HEAD "],\"local\":[],\"rustflags\":[],\"config\":5,\"config\":5,\"compile_kind\":0}",
		HEAD "],\"local\":[],\"rustflags\":[],\"config\":18446744073709551616,\"compile_kind\":0}",
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		refused_one(row[i]);
}

static void path_one(const char *path, const char *count_hex, const char *chunkbits_hex)
{
	struct span paths[] = {span_of(path)};
	struct local local = {
		.kind = LOCAL_RERUN_IF_CHANGED, .text = SPAN_LIT(""), .path = paths, .npath = 1};
	struct fingerprint fp = {.features = SPAN_LIT(""), .local = &local, .nlocal = 1};
	const char *const expected[] = {[PATHS_COUNT] = count_hex, [PATHS_CHUNKBITS] = chunkbits_hex};

	for (int algorithm = PATHS_COUNT; algorithm <= PATHS_CHUNKBITS; algorithm++) {
		CLEANUP_STR struct str bytes = STR_INIT, hex = STR_INIT;
		const struct epoch epoch = {HASHER_STABLE, (enum fingerprint_paths)algorithm};
		fingerprint_stream(&fp, &epoch, &bytes);
		/* rustc, "", target, path, profile, count, discriminant, output (its tail alone), count */
		const size_t before = 8 + 1 + 3 * 8 + 8 + 1 + 8 + 8;
		/* config, compile_kind, the numbers of flags and of dependencies */
		const size_t after = 4 * 8;
		str_add_hex(&hex, bytes.buf + before, bytes.len - before - after);
		if (strcmp(hex.buf, expected[algorithm]) != 0)
			fail_msg("%s under %s: %s", path, epoch_name(&epoch), hex.buf);
	}
}

static void test_paths(void **state)
{
	(void)state;
	path_one("a/b",
		"6162"
		"0200000000000000",
		"6162"
		"0000000000000050");
	path_one("a//b/",
		"6162"
		"0200000000000000",
		"6162"
		"0000000000000050");
	path_one("/a/b",
		"6162"
		"0200000000000000",
		"6162"
		"0000000000000050");
	path_one("./data//a.txt",
		"2e64617461612e747874"
		"0a00000000000000",
		"2e64617461612e747874"
		"0100000000000084");
	path_one("data/./b.txt",
		"64617461622e747874"
		"0900000000000000",
		"64617461622e747874"
		"0100000000000080");
	path_one(".",
		"2e"
		"0100000000000000",
		"2e"
		"0000000000000040");
	path_one("./.",
		"2e"
		"0100000000000000",
		"2e"
		"0000000000000040");
	path_one("", "0000000000000000", "0000000000000000");
	path_one("/", "0000000000000000", "0000000000000000");
	path_one("/./", "0000000000000000", "0000000000000000");
	path_one("../a",
		"2e2e61"
		"0300000000000000",
		"2e2e61"
		"0000000000000060");
	path_one("...",
		"2e2e2e"
		"0300000000000000",
		"2e2e2e"
		"00000000000000c0");
}

static void components_one(const char *path, const char *expected)
{
	const struct epoch epoch = {HASHER_STABLE, PATHS_COMPONENTS};
	struct local local = {.kind = LOCAL_CHECK_DEP_INFO, .text = span_of(path)};
	struct fingerprint fp = {.features = SPAN_LIT(""), .local = &local, .nlocal = 1};
	CLEANUP_STR struct str bytes = STR_INIT, hex = STR_INIT;
	fingerprint_stream(&fp, &epoch, &bytes);
	const size_t before = 8 + 1 + 3 * 8 + 8 + 1, after = 4 * 8;
	str_add_hex(&hex, bytes.buf + before, bytes.len - before - after);
	assert_string_equal(hex.buf, expected);
}

static void test_components(void **state)
{
	(void)state;
	components_one("", "");
	components_one("/", "01");
	components_one(".", "02");
	components_one("././/a/./..",
		"02"
		"04"
		"0100000000000000"
		"61"
		"03");
	components_one("/./ab",
		"01"
		"04"
		"0200000000000000"
		"6162");
	components_one("a/",
		"04"
		"0100000000000000"
		"61");
}

static void hashfile_one(const char *text, bool valid, uint64_t expected)
{
	uint64_t hash = 77;
	assert_int_equal(hashfile_parse(span_of(text), &hash), valid);
	assert_int_equal(hash, valid ? expected : 77);
}

static void test_hashfile(void **state)
{
	(void)state;
	hashfile_one("e4a94f7b732a62cc", true, 0xcc622a737b4fa9e4);
	hashfile_one("0100000000000000", true, 1);
	hashfile_one("", false, 0);
	hashfile_one("e4a94f7b732a62c", false, 0);
	hashfile_one("e4a94f7b732a62cc\n", false, 0);
	hashfile_one("E4a94f7b732a62cc", false, 0);
	hashfile_one("e4a94f7b732a62cg", false, 0);
	char text[HASHFILE_LEN + 1];
	hashfile_format(0xcc622a737b4fa9e4, text);
	assert_string_equal(text, "e4a94f7b732a62cc");
}

static void test_single_hashes(void **state)
{
	(void)state;
	assert_int_equal(fingerprint_hash_str(HASHER_SIP24, SPAN_LIT("util")), 11210521057233392995u);
	assert_int_equal(fingerprint_hash_str(HASHER_STABLE, SPAN_LIT("util")), 4914603676735422059u);
	/* The `path` of a unit is the hash of its source's path. */
	const struct epoch components = {HASHER_SIP24, PATHS_COMPONENTS},
			   chunkbits = {HASHER_STABLE, PATHS_CHUNKBITS};
	assert_int_equal(
		fingerprint_hash_path(&components, SPAN_LIT("app/src/lib.rs")), 8899496433974375528u);
	assert_int_equal(fingerprint_hash_path(&chunkbits, SPAN_LIT("app//src/./lib.rs")),
		fingerprint_hash_path(&chunkbits, SPAN_LIT("/app/src/lib.rs")));
	assert_string_equal(epoch_name(&components), "sip24/components");
	assert_string_equal(epoch_name(&chunkbits), "stable/chunkbits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_shapes_without_vectors),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_hashfile),
		cmocka_unit_test(test_single_hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
