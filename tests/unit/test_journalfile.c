#include "steady/format/journalfile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct journal_entry sample_entry[] = {
	{0, 0644, {1700000000, 123456789}, {{1, 2, 3}}, {{4, 5}}, "debug/.fingerprint/a-0/lib-a"},
	{7, 0100755, {-5, 0}, {{0xff}}, {{0}}, "x"},
	{100000, 0, {INT64_MAX, 999999999}, {{0}}, {{9}}, "a path/with\nnewline: and \xff"},
};

static void format(const struct journal_list *list, struct str *out)
{
	journalfile_format(list, out);
}

/* The bytes with a checksum that holds, as a forger would make them. */
static void seal(struct str *text)
{
	uint64_t sum = digest_u64(str_span(text));
	str_printf(text, "%016llx\n", (unsigned long long)sum);
}

static int parse(struct span bytes)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct journal_list list = {.count = 4711};
	struct err err = ERR_INIT;
	int code = journalfile_parse(mem, bytes, &list, &err);
	if (code < 0)
		assert_int_equal(list.count, 4711);
	assert_int_equal(err.code, -code);
	return code;
}

static void round_trip_one(size_t count)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT, again = STR_INIT;
	const struct journal_list list = {.entry = sample_entry, .count = count};
	struct journal_list back;
	format(&list, &bytes);
	assert_int_equal(journalfile_parse(mem, str_span(&bytes), &back, NULL), 0);
	assert_int_equal(back.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(back.entry[i].staged, sample_entry[i].staged);
		assert_int_equal(back.entry[i].mode, sample_entry[i].mode);
		assert_int_equal(back.entry[i].mtime.tv_sec, sample_entry[i].mtime.tv_sec);
		assert_int_equal(back.entry[i].mtime.tv_nsec, sample_entry[i].mtime.tv_nsec);
		assert_true(digest_eq(&back.entry[i].old_digest, &sample_entry[i].old_digest));
		assert_true(digest_eq(&back.entry[i].new_digest, &sample_entry[i].new_digest));
		assert_string_equal(back.entry[i].path, sample_entry[i].path);
	}
	format(&back, &again);
	assert_true(span_eq(str_span(&bytes), str_span(&again)));
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t count = 0; count <= COUNT_OF(sample_entry); count++)
		round_trip_one(count);
}

static void test_damage(void **state)
{
	(void)state;
	CLEANUP_STR struct str bytes = STR_INIT;
	const struct journal_list list = {.entry = sample_entry, .count = COUNT_OF(sample_entry)};
	format(&list, &bytes);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(parse(span_make(bytes.buf, len)), -EBADMSG);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.buf[i] = (char)(bytes.buf[i] ^ 1);
		assert_int_equal(parse(str_span(&bytes)), -EBADMSG);
		bytes.buf[i] = (char)(bytes.buf[i] ^ 1);
	}
	assert_int_equal(parse(str_span(&bytes)), 0);
	str_add_char(&bytes, '\n');
	assert_int_equal(parse(str_span(&bytes)), -EBADMSG);
}

#define D "00000000000000000000000000000000 "
#define HEAD "cargo-steady journal 1\n"

static void forged_one(const char *text, int expected)
{
	CLEANUP_STR struct str bytes = STR_INIT;
	str_add(&bytes, text);
	seal(&bytes);
	if (parse(str_span(&bytes)) != expected)
		fail_msg("%s", text);
}

static void test_forged(void **state)
{
	(void)state;
	forged_one(HEAD "0\n", 0);
	forged_one(HEAD "1\n0 644 1.000000000 " D D "1:x\n", 0);
	static const char *const texts[] = {
		"cargo-steady journal 2\n0\n",
		HEAD "",
		HEAD "1\n",
		HEAD "-1\n",
		HEAD "18446744073709551615\n",
		HEAD "99999\n0 644 1.0 " D D "1:x\n",
		HEAD "0\n0 644 1.0 " D D "1:x\n",
		HEAD "2\n0 644 1.0 " D D "1:x\n",
		HEAD "1\n100001 644 1.0 " D D "1:x\n",
		HEAD "1\n0 648 1.0 " D D "1:x\n",
		HEAD "1\n0 12345678 1.0 " D D "1:x\n",
		HEAD "1\n0  1.0 " D D "1:x\n",
		HEAD "1\n0 644 1.1000000000 " D D "1:x\n",
		HEAD "1\n0 644 9223372036854775808.0 " D D "1:x\n",
		HEAD "1\n0 644 --1.0 " D D "1:x\n",
		HEAD "1\n0 644 1.0 " D "0 1:x\n",
		HEAD "1\n0 644 1.0 " D D "2:x\n",
		HEAD "1\n0 644 1.0 " D D "0:\n",
		HEAD "1\n0 644 1.0 " D D "99999:x\n",
		HEAD "1\n0 644 1.0 " D D "4:../x\n",
		HEAD "1\n0 644 1.0 " D D "2:/x\n",
		HEAD "1\n0 644 1.0 " D D "6:a/../x\n",
		HEAD "1\n0 644 1.0 " D D "6:a/./xy\n",
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		forged_one(texts[i], -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_forged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
