#include "steady/core/pathspec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void match_one(const char *prefix, const char *spec, const char *path, bool expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pathspec p;
	assert_int_equal(pathspec_make(prefix, &spec, 1, mem, &p, NULL), 0);
	if (pathspec_matches(&p, span_of(path)) != expected)
		fail_msg("%s in '%s' against %s", spec, prefix, path);
}

static void matches(void **state)
{
	(void)state;
	match_one("", "a", "a", true);
	match_one("", "a", "a/b", true);
	match_one("", "a/", "a/b", true);
	match_one("", "a", "ab", false);
	match_one("", ".", "x/y", true);
	match_one("d", ".", "d/x", true);
	match_one("d", ".", "e/x", false);
	match_one("d/e", "../f", "d/f", true);
	match_one("d", ":/a", "a", true);
	match_one("d", ":/", "a", true);
	match_one("", "*.rs", "src/lib.rs", true);
	match_one("src", "*.rs", "src/a/lib.rs", true);
	match_one("src", "*.rs", "lib.rs", false);
	match_one("", "s?c", "src", true);
	match_one("", "s?c", "src/lib.rs", false);
	match_one("", "[ab]", "b", true);
	match_one("", "\xff", "\xff/x", true);
}

static void no_items_match_all(void **state)
{
	(void)state;
	struct pathspec p = {.count = 0};
	assert_true(pathspec_matches(&p, span_of("x")));
	assert_int_equal(pathspec_match(&p, span_of("x"), 0), 0);
}

static void refuse_one(const char *prefix, const char *spec)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pathspec p;
	struct err err = ERR_INIT;
	assert_int_equal(pathspec_make(prefix, &spec, 1, mem, &p, &err), -EINVAL);
	assert_true(err.msg[0] != '\0');
}

static void refused(void **state)
{
	(void)state;
	refuse_one("", ":!a");
	refuse_one("", ":(exclude)a");
	refuse_one("", "..");
	refuse_one("d", "../../a");
	refuse_one("", "/a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(no_items_match_all),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
