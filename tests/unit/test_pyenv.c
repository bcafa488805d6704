/* Which environment is meant, and where its packages lie. */
#include "steady/core/pyenv.h"

#include "tempdir.h"

static const char *const variables[] = {"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "VIRTUAL_ENV", "CONDA_PREFIX",
	"PYO3_CONFIG_FILE", "PYTHONPATH", "STEADY_SITE", "STEADY_EPHEMERAL", "PYTHONUSERBASE"};

/* Nothing in the environment, and no Python on PATH. */
static int setup(void **state)
{
	int code = temp_setup(state);
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		(void)unsetenv(variables[i]);
	(void)setenv("PYTHONNOUSERSITE", "1", 1);
	(void)setenv("PATH", temp_path("nothing"), 1);
	(void)setenv("STEADY_HOME", temp_path("home"), 1);
	/* The tests' directories are not throw-away ones. */
	(void)setenv("TMPDIR", "/nowhere", 1);
	return code;
}

static void put_program(const char *path)
{
	temp_put(path, "#!/bin/sh\n");
	assert_int_equal(fchmodat(temp_fd, path, 0755, 0), 0);
}

/* A virtual environment with one directory of packages. */
static void put_env(const char *dir)
{
	put_program(arena_printf(temp_mem, "%s/bin/python", dir));
	temp_put(arena_printf(temp_mem, "%s/pyvenv.cfg", dir),
		"home = /usr/bin\ninclude-system-site-packages = false\n");
	temp_mkdirs(arena_printf(temp_mem, "%s/lib/python3.12/site-packages", dir));
}

static void set(const char *name, const char *path)
{
	(void)setenv(name, temp_path(path), 1);
}

static struct pyenv find(const struct pyenv_values *values)
{
	const struct pyenv_values none = {.known = {false}};
	struct pyenv env;
	pyenv_find(temp_mem, values != NULL ? values : &none, &env);
	return env;
}

static void expect(const struct pyenv_values *values, const char *dir)
{
	struct pyenv env = find(values);
	if (env.why != NULL)
		fail_msg("%s", env.why);
	assert_int_equal(env.nsite, 1);
	assert_string_equal(
		env.site[0], temp_path(arena_printf(temp_mem, "%s/lib/python3.12/site-packages", dir)));
	assert_string_equal(env.root[0], temp_path(dir));
}

static void test_order(void **state)
{
	(void)state;
	put_env("a");
	put_env("b");
	put_env("c");
	put_env("d");
	assert_null(find(NULL).named);
	assert_null(find(NULL).why);
	set("PATH", "d/bin");
	expect(NULL, "d");
	set("CONDA_PREFIX", "c");
	expect(NULL, "c");
	set("VIRTUAL_ENV", "b");
	/* Both: neither. */
	expect(NULL, "d");
	(void)unsetenv("CONDA_PREFIX");
	expect(NULL, "b");
	set("PYO3_PYTHON", "a/bin/python");
	expect(NULL, "a");
	(void)setenv("PYO3_PYTHON", "", 1);
	expect(NULL, "b");
	(void)setenv("PYO3_PYTHON", "python", 1);
	expect(NULL, "d");
	(void)setenv("PYO3_PYTHON", "./python", 1);
	assert_non_null(find(NULL).why);
}

/* What cargo recorded counts, for it runs the script again for any other value. */
static void test_recorded_values(void **state)
{
	(void)state;
	put_env("a");
	put_env("b");
	struct pyenv_values values = {.known = {false}};
	set("PYO3_PYTHON", "b/bin/python");
	values.known[PYENV_PYO3_PYTHON] = true;
	values.value[PYENV_PYO3_PYTHON] = temp_path("a/bin/python");
	expect(&values, "a");
	values.value[PYENV_PYO3_PYTHON] = NULL;
	values.known[PYENV_VIRTUAL_ENV] = true;
	values.value[PYENV_VIRTUAL_ENV] = temp_path("a");
	expect(&values, "a");
	values.value[PYENV_VIRTUAL_ENV] = NULL;
	values.known[PYENV_PATH] = true;
	values.value[PYENV_PATH] = temp_path("a/bin");
	expect(&values, "a");
	values.value[PYENV_PATH] = temp_path("gone/bin");
	assert_null(find(&values).named);
	values.value[PYENV_PYO3_PYTHON] = temp_path("gone/bin/python");
	assert_non_null(find(&values).why);
}

static void test_throw_away(void **state)
{
	(void)state;
	put_env("builds-v0/.tmpAbCd12");
	put_env("b");
	set("PYO3_PYTHON", "b/bin/python");
	assert_false(find(NULL).pinned);
	set("PYO3_PYTHON", "builds-v0/.tmpAbCd12/bin/python");
	expect(NULL, "builds-v0/.tmpAbCd12");
	assert_true(find(NULL).pinned);
}

/* An alias sees what STEADY_SITE names; without it what the environment named instead holds. */
static void test_alias(void **state)
{
	(void)state;
	const char *alias = "home/python-alias/cpython-3.12-x";
	put_env(alias);
	put_env("builds-v0/.tmpAbCd12");
	put_env("builds-v0/.tmpXyZw34");
	struct pyenv_values values = {.known = {false}};
	values.known[PYENV_PYO3_PYTHON] = true;
	values.value[PYENV_PYO3_PYTHON] = temp_path("home/python-alias/cpython-3.12-x/bin/python");
	(void)setenv("PYO3_PYTHON", values.value[PYENV_PYO3_PYTHON], 1);
	assert_int_equal(find(&values).nsite, 0);
	assert_true(find(&values).pinned);
	set("STEADY_SITE", "builds-v0/.tmpAbCd12/lib/python3.12/site-packages");
	expect(&values, "builds-v0/.tmpAbCd12");
	assert_true(find(&values).pinned);
	(void)unsetenv("STEADY_SITE");
	set("PYO3_PYTHON", "builds-v0/.tmpXyZw34/bin/python");
	expect(&values, "builds-v0/.tmpXyZw34");
	assert_true(find(&values).pinned);
}

static void test_base_interpreter(void **state)
{
	(void)state;
	put_program("usr/bin/python3.11");
	temp_mkdirs("usr/lib/python3/dist-packages");
	temp_mkdirs("usr/lib/python3.11/site-packages");
	temp_mkdirs("usr/lib/python3.12/site-packages");
	temp_mkdirs("usr/local/lib/python3.11/dist-packages");
	temp_link("python3.11", "usr/bin/python3");
	set("PATH", "usr/bin");
	struct pyenv env = find(NULL);
	assert_null(env.why);
	assert_string_equal(env.program, temp_path("usr/bin/python3.11"));
	assert_int_equal(env.nsite, 3);
	for (size_t i = 0; i < env.nsite; i++)
		assert_null(strstr(env.site[i], "3.12"));
	/* Their prefix is everybody's: only the directories of packages are its own. */
	for (size_t i = 0; i < env.nroot; i++)
		assert_non_null(strstr(env.root[i], "-packages"));
	/* An environment that shares them. */
	temp_put("v/pyvenv.cfg", "include-system-site-packages = true\n");
	temp_mkdirs("v/bin");
	temp_mkdirs("v/lib/python3.11/site-packages");
	temp_link(temp_path("usr/bin/python3.11"), "v/bin/python");
	set("VIRTUAL_ENV", "v");
	assert_int_equal(find(NULL).nsite, 4);
}

/* A script that starts the real one is asked, if the environment names it. */
static void test_wrapper(void **state)
{
	(void)state;
	put_env("a");
	temp_put("shims/python",
		arena_printf(
			temp_mem, "#!/bin/sh\ntouch %s\ncat %s\n", temp_path("ran"), temp_path("answer")));
	assert_int_equal(fchmodat(temp_fd, "shims/python", 0755, 0), 0);
	temp_put("answer", "nonsense\n");
	(void)setenv("PATH", arena_printf(temp_mem, "%s:/usr/bin:/bin", temp_path("shims")), 1);
	assert_non_null(find(NULL).why);
	assert_true(temp_exists("ran"));
	temp_put("answer",
		arena_printf(temp_mem,
			"{\"implementation\": \"CPython\", \"major\": 3, \"minor\": 12, \"version\": \"3.12.4\", "
			"\"lib_dir\": \"/usr/lib\", \"lib_name\": \"x\", \"abiflags\": \"\", \"platform\": \"linux\", "
			"\"pointer_width\": 64, \"gil_disabled\": false, \"debug\": false, \"executable\": \"%s\"}\n",
			temp_path("a/bin/python")));
	expect(NULL, "a");
	/* What only a cache names is never run, and nothing is for a mark. */
	assert_int_equal(fsio_unlink(temp_fd, "ran", NULL), 0);
	struct pyenv_values values = {.known = {true}, .value = {temp_path("shims/python")}};
	(void)setenv("PATH", temp_path("nothing"), 1);
	assert_non_null(find(&values).why);
	values = (struct pyenv_values){.quiet = true};
	(void)setenv("PATH", temp_path("shims"), 1);
	assert_non_null(find(&values).why);
	assert_false(temp_exists("ran"));
}

/* The path of a copy is another one in each environment. */
static void test_copied_interpreter(void **state)
{
	(void)state;
	put_env("a");
	put_program("usr/bin/python");
	temp_put("a/pyvenv.cfg", arena_printf(temp_mem, "home = %s\n", temp_path("usr/bin")));
	set("VIRTUAL_ENV", "a");
	assert_string_equal(find(NULL).program, temp_path("usr/bin/python"));
	temp_put("a/pyvenv.cfg", "home = /gone\n");
	assert_string_equal(find(NULL).program, temp_path("a/bin/python"));
}

static void test_pip_isolation(void **state)
{
	(void)state;
	put_env("a");
	temp_mkdirs("pip-build-env-abcd1234/site");
	temp_mkdirs("pip-build-env-abcd1234/overlay/lib/python3.12/site-packages");
	set("PYO3_PYTHON", "a/bin/python");
	expect(NULL, "a");
	set("PYTHONPATH", "pip-build-env-abcd1234/site");
	struct pyenv env = find(NULL);
	assert_int_equal(env.nsite, 2);
	assert_string_equal(
		env.site[1], temp_path("pip-build-env-abcd1234/overlay/lib/python3.12/site-packages"));
	set("PYTHONPATH", "a");
	expect(NULL, "a");
}

static void test_names(void **state)
{
	(void)state;
	enum pyenv_variable which = PYENV_PATH;
	assert_true(pyenv_variable(span_of("PYO3_PYTHON"), &which));
	assert_int_equal(which, PYENV_PYO3_PYTHON);
	assert_true(pyenv_variable(span_of("PYO3_CONFIG_FILE"), &which));
	assert_int_equal(which, PYENV_PYO3_CONFIG_FILE);
	assert_false(pyenv_variable(span_of("PYO3_PYTHON2"), &which));
}

#define PYENV_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PYENV_TEST(test_order),
		PYENV_TEST(test_recorded_values),
		PYENV_TEST(test_throw_away),
		PYENV_TEST(test_alias),
		PYENV_TEST(test_base_interpreter),
		PYENV_TEST(test_wrapper),
		PYENV_TEST(test_copied_interpreter),
		PYENV_TEST(test_pip_isolation),
		PYENV_TEST(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
