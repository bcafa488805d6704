#include "steady/format/record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* For static tables, where a compound literal is no constant. */
#define TEXT(literal)                                                                                        \
	{                                                                                                    \
		"" literal "", sizeof(literal) - 1                                                           \
	}

static struct input sample_input[] = {
	{INPUT_FILE, INPUT_WORKSPACE, true, TEXT("app/src/lib.rs"), 12, {{1, 2}}, {1700000000, 1}},
	{INPUT_FILE, INPUT_WORKSPACE, true, TEXT("app/src/lib.rs.txt"), UINT64_MAX, {{0}}, {-5, 999999999}},
	{INPUT_TREE, INPUT_ABSOLUTE, true, TEXT("/usr/include"), 0, {{9}}, {0, 0}},
	{INPUT_ABSENT, INPUT_BUILD, false, TEXT(""), 0, {{0}}, {0, 0}},
	{INPUT_INTERPRETER, INPUT_ABSOLUTE, false, TEXT("/v/pyvenv.cfg"), 300, {{0xff}}, {1, 2}},
	{INPUT_ENVIRONMENT, INPUT_ABSOLUTE, false, TEXT("python /usr/bin/python3\ncffi 1.0 00\n"), 30, {{3}},
		{0, 0}},
	{INPUT_BESIDE, INPUT_WORKSPACE, false, TEXT("app"), 9, {{4}}, {1, 2}},
};
static struct timespec sample_dep[] = {{1, 0}, {INT64_MAX, 5}, {INT64_MIN, 6}};
static struct digest sample_bedrock[] = {{{0}}, {{3, 4}}, {{0}}};

static struct record sample(void)
{
	struct record r = {.invoked = {1700000001, 123456789},
		.outputs = {{7}},
		.root = TEXT("/home/user/work"),
		.real_root = TEXT("/mnt/work"),
		.dep = sample_dep,
		.bedrock = sample_bedrock,
		.ndep = COUNT_OF(sample_dep),
		.input = sample_input,
		.ninput = COUNT_OF(sample_input)};
	memcpy(r.hash, "0123456789abcdef", sizeof(r.hash));
	return r;
}

static void assert_same_input(const struct input *a, const struct input *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->root, b->root);
	assert_int_equal(a->compared, b->compared);
	assert_true(span_eq(a->path, b->path));
	assert_true(a->size == b->size);
	assert_true(digest_eq(&a->digest, &b->digest));
	assert_true(a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec);
}

static void test_round_trip(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT;
	struct record before = sample(), after;
	record_format(&before, &bytes);
	assert_int_equal(record_parse(mem, str_span(&bytes), &after, NULL), 0);
	assert_memory_equal(before.hash, after.hash, sizeof(before.hash));
	assert_true(span_eq(before.root, after.root));
	assert_true(span_eq(before.real_root, after.real_root));
	assert_int_equal(after.ndep, before.ndep);
	for (size_t i = 0; i < before.ndep; i++) {
		assert_memory_equal(&before.dep[i], &after.dep[i], sizeof(before.dep[i]));
		assert_true(digest_eq(&before.bedrock[i], &after.bedrock[i]));
	}
	assert_int_equal(after.ninput, before.ninput);
	for (size_t i = 0; i < before.ninput; i++)
		assert_same_input(&before.input[i], &after.input[i]);
	CLEANUP_STR struct str again = STR_INIT;
	record_format(&after, &again);
	assert_true(span_eq(str_span(&bytes), str_span(&again)));
}

static void test_every_damage_is_seen(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT;
	struct record before = sample(), after;
	record_format(&before, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		assert_true(record_parse(mem, span_make(bytes.buf, i), &after, NULL) < 0);
		bytes.buf[i] = (char)(bytes.buf[i] ^ 0x10);
		assert_true(record_parse(mem, str_span(&bytes), &after, NULL) < 0);
		bytes.buf[i] = (char)(bytes.buf[i] ^ 0x10);
	}
	str_add_char(&bytes, 'x');
	assert_int_equal(record_parse(mem, str_span(&bytes), &after, NULL), -EBADMSG);
}

/* Puts a right checksum on a wrong body. */
static int parse_body(struct arena *mem, struct span body)
{
	CLEANUP_STR struct str bytes = STR_INIT;
	str_add(&bytes, "steadyR\002");
	uint64_t sum = digest_u64(body);
	for (size_t i = 0; i < 8; i++)
		str_add_char(&bytes, (char)(unsigned char)(sum >> (8 * i)));
	str_add_span(&bytes, body);
	struct record record;
	return record_parse(mem, str_span(&bytes), &record, NULL);
}

#define HASH "0123456789abcdef"
#define ZERO16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define HEAD HASH "\0\0" ZERO16 "\0\0"

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		struct span body;
		int expected;
	} row[] = {
		{TEXT(HEAD "\0\0"), 0},
		{TEXT(HEAD "\0\1\1\0\0\1x\0" ZERO16 "\0\0"), 0},
		/* a dependency without a digest, with one of zeros, with half of one */
		{TEXT(HEAD "\1\0\0\0\0"), 0},
		{TEXT(HEAD "\1\0\0\x10" ZERO16 "\0"), -EBADMSG},
		{TEXT(HEAD "\1\0\0\x08"
			   "12345678"
			   "\0"),
			-EBADMSG},
		{TEXT(HEAD "\1\0\0\x10" HASH "\0"), 0},
		/* counts beyond the file */
		{TEXT(HEAD "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0"), -EBADMSG},
		{TEXT(HEAD "\0\xff\xff\xff\x7f"), -EBADMSG},
		/* unknown kind, unknown root, shared bytes that are not there, a NUL in a path */
		{TEXT(HEAD "\0\1\x0e\0\0\1x\0" ZERO16 "\0\0"), -EBADMSG},
		{TEXT(HEAD "\0\1\1\3\0\1x\0" ZERO16 "\0\0"), -EBADMSG},
		{TEXT(HEAD "\0\1\1\0\1\1x\0" ZERO16 "\0\0"), -EBADMSG},
		{TEXT(HEAD "\0\1\1\0\0\1\0\0" ZERO16 "\0\0"), -EBADMSG},
		/* a number spelled with a needless zero byte; nanoseconds of a second and more */
		{TEXT(HEAD "\x80\0\0"), -EBADMSG},
		{TEXT(HASH "\0\x80\x94\xeb\xdc\3" ZERO16 "\0\0\0\0"), -EBADMSG},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		CLEANUP_ARENA struct arena *mem = arena_new();
		assert_int_equal(parse_body(mem, row[i].body), row[i].expected);
	}
}

static void test_other_version_is_told_apart(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT;
	struct record before = sample(), after;
	record_format(&before, &bytes);
	bytes.buf[7] = 3;
	assert_int_equal(record_parse(mem, str_span(&bytes), &after, NULL), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_damage_is_seen),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_other_version_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
