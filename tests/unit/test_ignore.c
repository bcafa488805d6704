/* Patterns as git reads them. */
#include "steady/util/ignore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* `patterns`: lines; a path that ends in a slash is a directory. */
static void match_one(const char *patterns, const char *path, enum ignore_result expected, bool above)
{
	CLEANUP_IGNORE struct ignore *rules = ignore_new();
	struct span rest = span_of(patterns), line, text = span_of(path);
	while (span_next_line(&rest, &line))
		ignore_add(rules, line);
	bool is_dir = span_ends(text, SPAN_LIT("/"));
	text.len -= is_dir ? 1 : 0;
	enum ignore_result seen =
		above ? ignore_match_above(rules, text, is_dir) : ignore_match(rules, text, is_dir);
	if (seen != expected)
		print_error("%s on %s\n", patterns, path);
	assert_int_equal(seen, expected);
}

static void matches_like_git(void **state)
{
	(void)state;
	static const struct {
		const char *patterns, *path;
		enum ignore_result expected;
	} row[] = {
		{"", "a", IGNORE_NONE},
		{"# a", "# a", IGNORE_NONE},
		{"\\#a", "#a", IGNORE_YES},
		{"\\!a", "!a", IGNORE_YES},
		{"a", "a", IGNORE_YES},
		{"a", "x/a", IGNORE_YES},
		{"a", "ab", IGNORE_NONE},
		{"/a", "x/a", IGNORE_NONE},
		{"/a", "a", IGNORE_YES},
		{"x/a", "y/x/a", IGNORE_NONE},
		{"x/a", "x/a", IGNORE_YES},
		{"*.txt", "x/y.txt", IGNORE_YES},
		{"*.txt", ".txt", IGNORE_YES},
		{"x/*.txt", "x/y/z.txt", IGNORE_NONE},
		{"x*z", "x/z", IGNORE_NONE},
		{"a?c", "abc", IGNORE_YES},
		{"a?c", "a/c", IGNORE_NONE},
		{"**/a", "a", IGNORE_YES},
		{"**/a", "x/y/a", IGNORE_YES},
		{"**/a/b", "x/a/b", IGNORE_YES},
		{"x/**/a", "x/a", IGNORE_YES},
		{"x/**/a", "x/y/z/a", IGNORE_YES},
		{"x/**", "x/y/z", IGNORE_YES},
		{"x/**", "x", IGNORE_NONE},
		{"**", "x/y", IGNORE_YES},
		{"d/", "d", IGNORE_NONE},
		{"d/", "d/", IGNORE_YES},
		{"d/", "x/d/", IGNORE_YES},
		{"[a-c]x", "bx", IGNORE_YES},
		{"[a-c]x", "dx", IGNORE_NONE},
		{"[!a-c]x", "dx", IGNORE_YES},
		{"[!a-c]x", "ax", IGNORE_NONE},
		{"[]]x", "]x", IGNORE_YES},
		{"[a", "[a", IGNORE_YES},
		{"a[/]b", "a/b", IGNORE_NONE},
		{"a\\*", "a*", IGNORE_YES},
		{"a\\*", "ab", IGNORE_NONE},
		{"a  ", "a", IGNORE_YES},
		{"a\\ ", "a ", IGNORE_YES},
		{"*\n!keep", "keep", IGNORE_NO},
		{"!keep\n*", "keep", IGNORE_YES},
		{"*\n!keep", "other", IGNORE_YES},
		/* gives up instead of trying for ever */
		{"*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac",
			IGNORE_NONE},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		match_one(row[i].patterns, row[i].path, row[i].expected, false);
}

static void looks_above(void **state)
{
	(void)state;
	match_one("docs", "docs/x/y", IGNORE_YES, true);
	match_one("docs/", "docs/x/y", IGNORE_YES, true);
	match_one("docs", "src/x", IGNORE_NONE, true);
	match_one(".*", "src/.git/config", IGNORE_YES, true);
	match_one("docs\n!docs/keep", "docs/keep", IGNORE_NO, true);
	match_one("docs\n!docs/keep", "docs/other", IGNORE_YES, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_like_git),
		cmocka_unit_test(looks_above),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
