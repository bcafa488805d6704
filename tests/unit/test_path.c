#include "steady/util/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void join_one(const char *dir, const char *name, const char *expected)
{
	CLEANUP_STR struct str out = STR_INIT;
	str_add(&out, "replaced");
	path_join(&out, dir, name);
	assert_string_equal(out.buf, expected);
}

static void test_join(void **state)
{
	(void)state;
	join_one("/a", "b", "/a/b");
	join_one("/a/", "b", "/a/b");
	join_one("/", "b", "/b");
	join_one("", "b", "b");
	join_one("/a", "/b", "/b");
	join_one("/a", "", "/a");
	join_one("", "", "");
}

static void prefix_one(const char *path, const char *dir, const char *below)
{
	assert_int_equal(path_has_prefix(span_of(path), span_of(dir)), below != NULL);
	if (below != NULL)
		assert_true(span_eq_str(path_below(span_of(path), span_of(dir)), below));
}

static void test_prefix(void **state)
{
	(void)state;
	prefix_one("/a/b", "/a", "b");
	prefix_one("/a/b", "/a/", "b");
	prefix_one("/a/b", "/a//", "b");
	prefix_one("/a", "/a", "");
	prefix_one("/ab", "/a", NULL);
	prefix_one("/a", "/a/b", NULL);
	prefix_one("/a", "/", "a");
	prefix_one("/", "/", "");
	prefix_one("a/b", "", "a/b");
	prefix_one("", "", "");
	prefix_one("", "/a", NULL);
	prefix_one("/a//b", "/a", "b");
	prefix_one("a/b", "/a", NULL);
}

static void parts_one(const char *path, const char *dir, const char *base)
{
	assert_true(span_eq_str(path_dir(span_of(path)), dir));
	assert_true(span_eq_str(path_base(span_of(path)), base));
}

static void test_parts(void **state)
{
	(void)state;
	parts_one("/a/b", "/a", "b");
	parts_one("/a/b/", "/a", "b");
	parts_one("/a", "/", "a");
	parts_one("a", "", "a");
	parts_one("a//b", "a", "b");
	parts_one("/", "/", "");
	parts_one("", "", "");
}

static void normalize_one(const char *path, const char *expected)
{
	CLEANUP_STR struct str out = STR_INIT;
	str_add(&out, path);
	/* In place: the text may be the result's own. */
	path_normalize(&out, str_span(&out));
	assert_string_equal(out.buf, expected);
}

static void test_normalize(void **state)
{
	(void)state;
	static const struct {
		const char *path, *expected;
	} rows[] = {
		{"/a/b", "/a/b"},
		{"/a//b/", "/a/b"},
		{"/a/./b/.", "/a/b"},
		{"/a/../b", "/b"},
		{"/a/b/../..", "/"},
		{"/..", "/"},
		{"/../../a", "/a"},
		{"//a", "/a"},
		{"a/..", "."},
		{"a/../..", ".."},
		{"../a/..", ".."},
		{"../../a", "../../a"},
		{"../a/../../b", "../../b"},
		{"./a", "a"},
		{".", "."},
		{"", "."},
		{"/", "/"},
		{"a", "a"},
		{"a/b/", "a/b"},
		{"/.", "/"},
		{".a/b..", ".a/b.."},
		{"a/..b", "a/..b"},
		{"a/.../b", "a/.../b"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		normalize_one(rows[i].path, rows[i].expected);
}

static void inside_one(struct span path, bool expected)
{
	assert_int_equal(path_is_inside(path), expected);
}

static void test_inside(void **state)
{
	(void)state;
	inside_one(SPAN_LIT("a"), true);
	inside_one(SPAN_LIT("a/b"), true);
	inside_one(SPAN_LIT("..a/b.."), true);
	inside_one(SPAN_LIT(".a"), true);
	inside_one(SPAN_LIT(""), false);
	inside_one(SPAN_LIT("/a"), false);
	inside_one(SPAN_LIT("a/"), false);
	inside_one(SPAN_LIT("a//b"), false);
	inside_one(SPAN_LIT("."), false);
	inside_one(SPAN_LIT("a/."), false);
	inside_one(SPAN_LIT("./a"), false);
	inside_one(SPAN_LIT(".."), false);
	inside_one(SPAN_LIT("a/../b"), false);
	inside_one(SPAN_LIT("a/.."), false);
	inside_one(span_make("a\0b", 3), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_normalize),
		cmocka_unit_test(test_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
