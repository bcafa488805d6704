/* Which interpreter the user's environment names. */
#include "steady/core/userpython.h"

#include "tempdir.h"

static void put_program(const char *path)
{
	temp_put(path, "#!/bin/sh\nexit 1\n");
	assert_int_equal(fchmodat(temp_fd, path, 0755, 0), 0);
}

static void set(const char *name, const char *value)
{
	if (value == NULL)
		(void)unsetenv(name);
	else
		(void)setenv(name, value, 1);
}

/* Paths are below the test's directory where they begin with '@'. */
static const char *full(const char *path)
{
	return path != NULL && path[0] == '@' ? temp_path(path + 1) : path;
}

struct row {
	const char *named, *venv, *conda, *path;
	/** The first; NULL for none. */
	const char *expected, *second;
};

static void find_one(const struct row *row)
{
	const char *found[USERPYTHON_MAX] = {NULL, NULL};
	set("PYO3_PYTHON", full(row->named));
	set("VIRTUAL_ENV", full(row->venv));
	set("CONDA_PREFIX", full(row->conda));
	set("PATH", full(row->path));
	size_t count = userpython_find(temp_mem, found);
	assert_int_equal(count, (row->expected != NULL) + (row->second != NULL));
	if (row->expected != NULL)
		assert_string_equal(found[0], full(row->expected));
	if (row->second != NULL)
		assert_string_equal(found[1], full(row->second));
}

static void test_find(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"@venv/bin/python", NULL, NULL, "@both", "@venv/bin/python", NULL},
		{"@venv/bin/python", "@conda", NULL, "@both", "@venv/bin/python", NULL},
		{"python3", NULL, NULL, "@both", "@both/python3", NULL},
		{"@gone/bin/python", NULL, NULL, "@both", NULL, NULL},
		{"@plain", NULL, NULL, "@both", NULL, NULL},
		{"venv/bin/python", NULL, NULL, "@both", NULL, NULL},
		{"", "@venv", NULL, "@both", "@venv/bin/python", NULL},
		{NULL, "@venv", NULL, "@both", "@venv/bin/python", NULL},
		{NULL, NULL, "@conda", "@both", "@conda/bin/python", NULL},
		{NULL, "@venv", "", "@both", "@venv/bin/python", NULL},
		{NULL, "@venv", "@conda", "@both", "@both/python", "@both/python3"},
		{NULL, "venv", NULL, "@both", NULL, NULL},
		{NULL, "@gone", NULL, "@both", NULL, NULL},
		{NULL, NULL, NULL, "@both", "@both/python", "@both/python3"},
		{NULL, NULL, NULL, "@three", "@three/python3", NULL},
		{NULL, NULL, NULL, ".", NULL, NULL},
		{NULL, NULL, NULL, "", NULL, NULL},
	};
	put_program("venv/bin/python");
	put_program("conda/bin/python");
	put_program("both/python");
	put_program("both/python3");
	put_program("three/python3");
	temp_put("plain", "text");
	assert_int_equal(chdir(temp_path("both")), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		find_one(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEMP_TEST(test_find)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
