#include "steady/util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_growing(void **state)
{
	(void)state;
	struct str s = STR_INIT;
	assert_string_equal(s.buf, "");
	for (int i = 0; i < 1000; i++) {
		str_add_char(&s, (char)('a' + i % 26));
		assert_int_equal(s.buf[s.len], '\0');
	}
	assert_int_equal(s.len, 1000);
	assert_true(s.cap > 1000);
	for (size_t i = 0; i < s.len; i++)
		assert_int_equal(s.buf[i], 'a' + (int)i % 26);
	str_clear(&s);
	assert_string_equal(s.buf, "");
	assert_true(s.cap > 1000);
	str_release(&s);
	assert_ptr_equal(s.buf, str_empty);
	str_release(&s);
	str_clear(&s);
	assert_string_equal(str_empty, "");
}

static void test_pieces(void **state)
{
	(void)state;
	CLEANUP_STR struct str s = STR_INIT;
	str_add(&s, "a");
	str_add(&s, "");
	str_add_span(&s, span_make(NULL, 0));
	str_add_span(&s, span_make("bcd", 2));
	str_add_mem(&s, "\0", 1);
	str_printf(&s, "%s-%d", "x", 7);
	str_printf(&s, "%s", "");
	assert_int_equal(s.len, 7);
	assert_memory_equal(s.buf, "abc\0x-7", 8);
	assert_true(span_eq(str_span(&s), span_make("abc\0x-7", 7)));
}

static void test_long_printf(void **state)
{
	(void)state;
	CLEANUP_STR struct str s = STR_INIT;
	str_add(&s, "start ");
	str_printf(&s, "%5000d|", 1);
	assert_int_equal(s.len, 6 + 5000 + 1);
	assert_string_equal(s.buf + s.len - 2, "1|");
}

static void test_take(void **state)
{
	(void)state;
	struct str s = STR_INIT;
	CLEANUP_FREE char *nothing = str_take(&s);
	assert_string_equal(nothing, "");
	str_add(&s, "text");
	CLEANUP_FREE char *text = str_take(&s);
	assert_string_equal(text, "text");
	assert_int_equal(s.cap, 0);
	assert_string_equal(s.buf, "");
}

static void test_hex(void **state)
{
	(void)state;
	CLEANUP_STR struct str hex = STR_INIT, back = STR_INIT;
	unsigned char all[256];
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	str_add_hex(&hex, all, sizeof(all));
	assert_int_equal(hex.len, 512);
	assert_memory_equal(hex.buf, "000102", 6);
	assert_memory_equal(hex.buf + 506, "fdfeff", 6);
	assert_true(str_add_unhex(&back, str_span(&hex)));
	assert_int_equal(back.len, sizeof(all));
	assert_memory_equal(back.buf, all, sizeof(all));
}

static void unhex_one(const char *hex, const char *expected)
{
	CLEANUP_STR struct str s = STR_INIT;
	str_add(&s, "before ");
	assert_int_equal(str_add_unhex(&s, span_of(hex)), expected != NULL);
	assert_int_equal(s.len, 7 + (expected != NULL ? strlen(expected) : 0));
	assert_string_equal(s.buf + 7, expected != NULL ? expected : "");
}

static void test_unhex(void **state)
{
	(void)state;
	unhex_one("", "");
	unhex_one("4f4b", "OK");
	unhex_one("4F4B", NULL);
	unhex_one("4f4", NULL);
	unhex_one("4f4g", NULL);
	unhex_one("4f 4", NULL);
	CLEANUP_STR struct str s = STR_INIT;
	assert_false(str_add_unhex(&s, SPAN_LIT("zz")));
	assert_string_equal(s.buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_printf),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_unhex),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
