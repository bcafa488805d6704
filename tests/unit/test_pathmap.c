#include "steady/core/pathmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void replace_with(
	const char *const *from, size_t nfrom, const char *to, const char *text, const char *expected)
{
	const struct pathmap map = {.from = from, .nfrom = nfrom, .to = to};
	struct str out = STR_INIT;
	(void)pathmap_replace(&map, span_of(text), &out);
	if (strcmp(out.buf, expected) != 0)
		fail_msg("%s in %s: %s instead of %s", nfrom != 0 ? from[0] : "", text, out.buf, expected);
	str_release(&out);
}

static void replace_one(const char *from, const char *text, const char *expected)
{
	replace_with(&from, 1, "/new", text, expected);
}

static void test_literal(void **state)
{
	(void)state;
	static const struct {
		const char *from, *text, *expected;
	} rows[] = {
		{"/a/env", "/a/env/bin/python", "/new/bin/python"},
		{"/a/env", "/a/env", "/new"},
		{"/a/env/", "/a/env/bin", "/new/bin"},
		{"/a/env//", "/a/env/bin", "/new/bin"},
		{"/a/env", "/a/env/", "/new/"},
		{"/a/env", "/a/env2/bin", "/a/env2/bin"},
		{"/a/env", "/a/env-2", "/a/env-2"},
		{"/a/env", "/a/env 2", "/a/env 2"},
		{"/a/env", "/x/a/env/bin", "/x/a/env/bin"},
		{"/a/env", "x/a/env/bin", "x/a/env/bin"},
		{"/a/env", "native=/a/env/lib", "native=/new/lib"},
		{"/a/env", "-L/a/env/lib", "-L/new/lib"},
		{"/a/env", "-L /a/env/lib -I /a/env/include", "-L /new/lib -I /new/include"},
		{"/a/env", "/a/env/bin:/usr/bin:/a/env/sbin", "/new/bin:/usr/bin:/new/sbin"},
		{"/a/env", "/a/env2:/a/env:/a/env3", "/a/env2:/new:/a/env3"},
		{"/a/env", "\"/a/env\"", "\"/new\""},
		{"/a/env", "", ""},
		{"C:\\env", "C:\\env\\Scripts\\python.exe", "/new\\Scripts\\python.exe"},
		{"C:\\env", "C:\\env2\\Scripts", "C:\\env2\\Scripts"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		replace_one(rows[i].from, rows[i].text, rows[i].expected);
}

/* Without a pattern: every throw-away environment, the user's own ones too. */
static void test_ephemeral(void **state)
{
	(void)state;
	const char *text = "/tmp/build-env-abcdefgh/bin /ci/env-1/bin /tmp/tmpabcdefgh/.venv/lib";
	replace_with(NULL, 0, "/new", text, "/new/bin /ci/env-1/bin /new/lib");
	assert_int_equal(setenv("STEADY_EPHEMERAL", ":/ci/env-*:/x/*", 1), 0);
	replace_with(NULL, 0, "/new", text, "/new/bin /new/bin /new/lib");
	replace_with(NULL, 0, "/new", "executable=/ci/env-1/bin/python:/x/y/z:/ci/env",
		"executable=/new/bin/python:/new/z:/ci/env");
	assert_int_equal(unsetenv("STEADY_EPHEMERAL"), 0);
}

static void test_globs(void **state)
{
	(void)state;
	static const struct {
		const char *from, *text, *expected;
	} rows[] = {
		{"/a/*", "/a/env/bin/python", "/new/bin/python"},
		{"/a/*/", "/a/env/bin/python", "/new/bin/python"},
		{"/a/env?", "/a/env1/bin:/a/env22/bin", "/new/bin:/a/env22/bin"},
		{"/a/env[12]", "/a/env1/x:/a/env3/x", "/new/x:/a/env3/x"},
		{"/*/venv", "/a/venv/bin", "/new/bin"},
		{"/*/venv", "/a/b/venv/bin", "/a/b/venv/bin"},
		{"/a/.tmp*", "/a/.tmpx/bin", "/new/bin"},
		{"/a/*", "/b/env/bin", "/b/env/bin"},
		{"/a/*", "-L/a/env/lib", "-L/new/lib"},
		{"*/venv", "/venv/bin", "/new/bin"},
		/* What looks like a glob may be the name itself. */
		{"/a/[x]", "/a/[x]/bin", "/new/bin"},
		{"/a/b*", "/a/b*/bin", "/new/bin"},
		{"C:\\t\\env-*", "C:\\t\\env-1\\Scripts\\python.exe", "/new\\Scripts\\python.exe"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		replace_one(rows[i].from, rows[i].text, rows[i].expected);
}

static void test_several_patterns(void **state)
{
	(void)state;
	const char *const from[] = {"/b/env", "/a/*"};
	replace_with(from, 2, "/new", "/a/x/bin:/b/env/bin:/a/y", "/new/bin:/new/bin:/new");
	replace_with(NULL, 0, "/new", "/tmp/build-env-abcdefgh/bin:/a/env", "/new/bin:/a/env");
}

/* Running it again changes nothing, though the new directory may match the pattern or lie inside the old. */
static void test_the_new_directory(void **state)
{
	(void)state;
	const char *const any[] = {"/a/*"}, *const outer[] = {"/a/env"};
	replace_with(any, 1, "/a/new", "/a/old/bin:/a/new/bin", "/a/new/bin:/a/new/bin");
	replace_with(any, 1, "/a/*", "/a/old/bin:/a/*/bin", "/a/*/bin:/a/*/bin");
	replace_with(NULL, 0, "/tmp/build-env-abcdefgh", "/tmp/build-env-abcdefgh/bin",
		"/tmp/build-env-abcdefgh/bin");
	replace_with(outer, 1, "/a/env/alias", "/a/env/bin", "/a/env/alias/bin");
	replace_with(
		outer, 1, "/a/env/alias", "/a/env/alias/bin:/a/env/bin", "/a/env/alias/bin:/a/env/alias/bin");
}

static void test_also(void **state)
{
	(void)state;
	static const char *const also[] = {"/x/one", "/x/two"};
	const struct pathmap map = {.also = also, .nalso = 2, .to = "/new"};
	CLEANUP_STR struct str out = STR_INIT;
	assert_int_equal(
		pathmap_replace(&map, SPAN_LIT("/x/two/a:/tmp/build-env-abcdefgh:/x/one:/x/three"), &out), 3);
	assert_string_equal(out.buf, "/new/a:/new:/new:/x/three");
}

static void one_name_one(const char *rest, const char *expected)
{
	CLEANUP_STR struct str text = STR_INIT, out = STR_INIT;
	const char *from = "/a/env";
	const struct pathmap map = {.from = &from, .nfrom = 1, .to = "/new", .one_name = true};
	str_printf(&text, "/a/env%s", rest);
	(void)pathmap_replace(&map, str_span(&text), &out);
	assert_string_equal(out.buf, expected);
}

static void test_one_name(void **state)
{
	(void)state;
	one_name_one("", "/new");
	one_name_one("/bin/python", "/new/bin/python");
	one_name_one("/bin/python3", "/new/bin/python");
	one_name_one("/bin/python3.13t", "/new/bin/python");
	one_name_one("/bin/python3.13td:/usr/bin/python3", "/new/bin/python:/usr/bin/python3");
	one_name_one("/bin/python3.11:/a/env/bin/python3", "/new/bin/python:/new/bin/python");
	one_name_one("/bin/python3-config", "/new/bin/python3-config");
	one_name_one("/bin/python3.11/x", "/new/bin/python3.11/x");
	one_name_one("/bin/pythonw", "/new/bin/pythonw");
	one_name_one("/lib/python3.11", "/new/lib/python3.11");
}

/* Text of a hostile script must not take minutes. */
static void hostile_one(const char *pattern, const char *piece)
{
	struct str text = STR_INIT;
	struct span env;
	const struct pathmap map = {.from = &pattern, .nfrom = 1, .to = "/new"};
	while (text.len < 4 * 1024 * 1024)
		str_add(&text, piece);
	clock_t start = clock();
	assert_false(pathmap_find(&map, str_span(&text), 0, &env));
	assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
	str_release(&text);
}

static void test_hostile_text(void **state)
{
	(void)state;
	hostile_one("/a/b/c/d*", " ");
	hostile_one("/a/b/c/d*", " /");
	hostile_one("*/b", " ");
	hostile_one("/a/b", "/a/");
	hostile_one("/a/*/*/x", "/a");
}

static void interpreter_one(const char *rest, bool expected)
{
	assert_int_equal(pathmap_is_interpreter(span_of(rest)), expected);
}

static void test_interpreter(void **state)
{
	(void)state;
	interpreter_one("", true);
	interpreter_one("/bin/python", true);
	interpreter_one("/bin/python3.13t", true);
	interpreter_one("\\Scripts\\python.exe", true);
	interpreter_one("/Scripts/python.exe", true);
	interpreter_one("/pyvenv.cfg", true);
	interpreter_one("\\pyvenv.cfg", true);
	interpreter_one("/bin/python/x", false);
	interpreter_one("/bin", false);
	interpreter_one("/bin/pip", false);
	interpreter_one("/lib/python3.11", false);
	interpreter_one("/pyvenv.cfg2", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_ephemeral),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_several_patterns),
		cmocka_unit_test(test_the_new_directory),
		cmocka_unit_test(test_also),
		cmocka_unit_test(test_one_name),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_interpreter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
