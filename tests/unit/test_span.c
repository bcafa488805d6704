#include "steady/util/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void cmp_one(const char *a, const char *b, int expected)
{
	int order = span_cmp(span_of(a), span_of(b));
	assert_int_equal((order > 0) - (order < 0), expected);
	order = span_cmp(span_of(b), span_of(a));
	assert_int_equal((order > 0) - (order < 0), -expected);
	assert_int_equal(span_eq(span_of(a), span_of(b)), expected == 0);
}

static void test_compare(void **state)
{
	(void)state;
	cmp_one("", "", 0);
	cmp_one("a", "a", 0);
	cmp_one("", "a", -1);
	cmp_one("a", "ab", -1);
	cmp_one("ab", "b", -1);
	cmp_one("\x7f", "\x80", -1);
	assert_true(span_eq(span_make(NULL, 0), span_of("")));
	assert_int_equal(span_cmp(span_make(NULL, 0), span_of("")), 0);
}

static void affix_one(const char *text, const char *affix, bool starts, bool ends)
{
	assert_int_equal(span_starts(span_of(text), span_of(affix)), starts);
	assert_int_equal(span_ends(span_of(text), span_of(affix)), ends);
}

static void test_affixes(void **state)
{
	(void)state;
	affix_one("abab", "ab", true, true);
	affix_one("abc", "ab", true, false);
	affix_one("abc", "bc", false, true);
	affix_one("ab", "abc", false, false);
	affix_one("ab", "", true, true);
	affix_one("", "", true, true);
}

static void find_one(const char *text, const char *needle, size_t expected)
{
	assert_int_equal(span_find_span(span_of(text), span_of(needle)), expected);
	if (needle[0] != '\0' && needle[1] == '\0')
		assert_int_equal(span_find(span_of(text), needle[0]), expected);
}

static void test_find(void **state)
{
	(void)state;
	find_one("hello", "l", 2);
	find_one("hello", "lo", 3);
	find_one("hello", "x", 5);
	find_one("hello", "hello!", 5);
	find_one("", "x", 0);
	find_one("abc", "", 0);
	assert_int_equal(span_find(span_make("a\0b", 3), '\0'), 1);
	assert_int_equal(span_find(span_make("ab", 1), 'b'), 1);
}

static void trim_one(const char *text, const char *ascii, const char *unicode)
{
	assert_true(span_eq_str(span_trim(span_of(text)), ascii));
	assert_true(span_eq_str(span_trim_unicode(span_of(text)), unicode));
}

static void test_trim(void **state)
{
	(void)state;
	trim_one("", "", "");
	trim_one(" \t\r\n\v\f", "", "");
	trim_one(" a b ", "a b", "a b");
	trim_one("\xc2\xa0x\xe3\x80\x80", "\xc2\xa0x\xe3\x80\x80", "x");
	trim_one("\xe2\x80\xa8 \xe2\x80\xaf", "\xe2\x80\xa8 \xe2\x80\xaf", "");
	/* A zero-width space is none, and a lone continuation byte stays. */
	trim_one("\xe2\x80\x8b", "\xe2\x80\x8b", "\xe2\x80\x8b");
	trim_one("\xa0", "\xa0", "\xa0");
}

static void test_skip(void **state)
{
	(void)state;
	assert_true(span_eq_str(span_skip(span_of("abc"), 1), "bc"));
	assert_true(span_eq_str(span_skip(span_of("abc"), 3), ""));
	assert_true(span_eq_str(span_skip(span_of("abc"), 99), ""));
	assert_int_equal(span_skip(span_make(NULL, 0), 5).len, 0);
}

static void test_lines(void **state)
{
	(void)state;
	struct span rest = SPAN_LIT("one\n\nthree\r\nlast"), line;
	const char *const expected[] = {"one", "", "three\r", "last"};
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_true(span_next_line(&rest, &line));
		assert_true(span_eq_str(line, expected[i]));
	}
	assert_false(span_next_line(&rest, &line));
	rest = SPAN_LIT("\n");
	assert_true(span_next_line(&rest, &line));
	assert_false(span_next_line(&rest, &line));
}

static void u64_one(const char *text, bool valid, uint64_t expected)
{
	uint64_t value = 4711;
	assert_int_equal(span_u64(span_of(text), &value), valid);
	assert_true(value == (valid ? expected : 4711));
}

static void test_u64(void **state)
{
	(void)state;
	u64_one("0", true, 0);
	u64_one("007", true, 7);
	u64_one("18446744073709551615", true, UINT64_MAX);
	u64_one("18446744073709551616", false, 0);
	u64_one("99999999999999999999", false, 0);
	u64_one("", false, 0);
	u64_one("-1", false, 0);
	u64_one("+1", false, 0);
	u64_one(" 1", false, 0);
	u64_one("1 ", false, 0);
	u64_one("0x1", false, 0);
	u64_one("1a", false, 0);
}

static void utf8_one(const char *bytes, size_t step)
{
	struct span text = span_of(bytes);
	assert_int_equal(span_utf8_step(text), step);
	assert_int_equal(span_is_utf8(text), step == text.len);
	/* Behind more than a word of ASCII, which takes another way through the code. */
	char long_text[32] = "0123456789abc";
	(void)strncat(long_text, bytes, 8);
	assert_int_equal(span_is_utf8(span_of(long_text)), step == text.len);
}

static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t step;
	} rows[] = {
		{"a", 1},
		{"\xc3\xa4", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\xa6\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},
		{"\xc0\x80", 0},
		{"\xc3", 0},
		{"\xc3\x41", 0},
		{"\xe0\x80\x80", 0},
		{"\xe2\x82", 0},
		{"\xed\xa0\x80", 0},
		{"\xf0\x80\x80\x80", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
		{"\xff", 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		utf8_one(rows[i].bytes, rows[i].step);
	assert_true(span_is_utf8(span_make(NULL, 0)));
	assert_true(span_is_utf8(span_make("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_affixes),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
