/* Which cargo stands behind the shim: PATH, what was visited, wrappers that call back. */
#include "steady/core/realcargo.h"

#include "tempdir.h"

static void put_program(const char *path)
{
	temp_put(path, "#!/bin/sh\n");
	assert_int_equal(chmod(temp_path(path), 0755), 0);
}

/* PATH of directories below the temporary one, separated by colons; words that begin with / or a dot stay. */
static void set_path(const char *const dirs[])
{
	CLEANUP_STR struct str path = STR_INIT;
	for (size_t i = 0; dirs[i] != NULL; i++)
		str_printf(
			&path, "%s%s", i != 0 ? ":" : "", dirs[i][0] == '.' ? dirs[i] : temp_path(dirs[i]));
	(void)setenv("PATH", path.buf, 1);
}

static const char *find(const char *word)
{
	const char *const argv[] = {"cargo", word, NULL};
	struct realcargo real;
	struct err err = ERR_INIT;
	if (realcargo_find(argv, temp_mem, &real, &err) < 0)
		return NULL;
	(void)setenv(REALCARGO_VISITED, real.visited, 1);
	return real.path;
}

static void forget(void)
{
	(void)unsetenv(REALCARGO_VISITED);
	(void)unsetenv("CARGO");
	(void)unsetenv("OUT_DIR");
}

static void test_search(void **state)
{
	(void)state;
	forget();
	put_program("b/cargo");
	put_program("c/cargo");
	temp_put("a/cargo", "not executable");
	temp_put("d/cargo/x", "a directory");
	/* This program itself, under that name. */
	temp_put("self/x", "");
	assert_int_equal(symlink("/proc/self/exe", temp_path("self/cargo")), 0);
	set_path((const char *const[]){"none", "a", "d", "self", ".", "b", "c", NULL});
	assert_string_equal(find("build"), temp_path("b/cargo"));
	assert_string_equal(realcargo_first(temp_mem), temp_path("self/cargo"));
	assert_true(realcargo_is_shim(temp_path("self/cargo")));
	assert_false(realcargo_is_shim(temp_path("b/cargo")));
	set_path((const char *const[]){"self", NULL});
	assert_null(find("build"));
}

/* A cargo in a build script of the cargo behind us: the same one again, never the next on PATH. */
static void test_nested(void **state)
{
	(void)state;
	forget();
	put_program("b/cargo");
	put_program("c/cargo");
	set_path((const char *const[]){"b", "c", NULL});
	assert_string_equal(find("build"), temp_path("b/cargo"));
	(void)setenv("OUT_DIR", "/x", 1);
	assert_string_equal(find("build"), temp_path("b/cargo"));
	assert_string_equal(find("metadata"), temp_path("b/cargo"));
	forget();
}

/* A wrapper that calls us again is passed over the second time; with nothing behind it that is the end. */
static void test_wrapper(void **state)
{
	(void)state;
	forget();
	put_program("wrap/cargo");
	put_program("c/cargo");
	set_path((const char *const[]){"wrap", "c", NULL});
	assert_string_equal(find("build"), temp_path("wrap/cargo"));
	assert_string_equal(find("build"), temp_path("c/cargo"));
	/* And below that too. */
	(void)setenv("OUT_DIR", "/x", 1);
	assert_string_equal(find("check"), temp_path("c/cargo"));
	forget();
	set_path((const char *const[]){"wrap", NULL});
	assert_string_equal(find("build"), temp_path("wrap/cargo"));
	assert_null(find("build"));
	forget();
}

/* One that adds words each time is given up as well. */
static void test_wrapper_that_adds_words(void **state)
{
	(void)state;
	forget();
	put_program("wrap/cargo");
	put_program("c/cargo");
	set_path((const char *const[]){"wrap", "c", NULL});
	int rounds = 0;
	const char *found;
	do
		found = find(arena_printf(temp_mem, "word%d", rounds++));
	while (rounds < 100 && strcmp(found, temp_path("wrap/cargo")) == 0);
	assert_true(rounds > 8 && rounds < 40);
	assert_string_equal(found, temp_path("c/cargo"));
	forget();
}

static void test_bad_variable(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "x", "1", "1:2:3", "1:2,", "1:2@", "1:2@1:2", ",", "@@",
		"1:FF", "11111111111111111:2", "1:2,3:4@1:2:3:4:5x"};
	put_program("b/cargo");
	set_path((const char *const[]){"b", NULL});
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		forget();
		(void)setenv(REALCARGO_VISITED, rows[i], 1);
		assert_string_equal(find("build"), temp_path("b/cargo"));
	}
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_search),
		TEMP_TEST(test_nested),
		TEMP_TEST(test_wrapper),
		TEMP_TEST(test_wrapper_that_adds_words),
		TEMP_TEST(test_bad_variable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
