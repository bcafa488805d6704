/* Which variables are replaced, by a table of environments; nothing is run. */
#include "steady/core/swap.h"

#include "tempdir.h"

#define A "/tmp/build-env-aaaaaaa1"
#define B "/tmp/build-env-bbbbbbb2"

/* The environment of a test: NAME=VALUE, NULL at the end. */
static const char *const *variables;
static const char *declined;
/* A second name of the temporary directory. */
static const char *link_env;
static unsigned asked;

static const char *lookup(void *ctx, const char *name)
{
	(void)ctx;
	for (const char *const *v = variables; *v != NULL; v++) {
		if (strncmp(*v, name, strlen(name)) == 0 && (*v)[strlen(name)] == '=')
			return *v + strlen(name) + 1;
	}
	return NULL;
}

static int get(void *ctx, const char *executable, struct arena *mem, struct alias *ret, const char **ret_why,
	struct err *err)
{
	(void)ctx;
	asked++;
	if (strstr(executable, "broken") != NULL)
		return err_set(err, EPROTO, "%s does not answer", executable);
	if (declined != NULL) {
		*ret_why = declined;
		return ALIAS_NONE;
	}
	const char *dir = strstr(executable, "bbbbbbb2") != NULL ? "/home/alias-b" : "/home/alias-a";
	*ret = (struct alias){.dir = dir,
		.python = arena_printf(mem, "%s/bin/python", dir),
		.who = {.site_packages = "lib/python3.11/site-packages", .system_site = ""}};
	return 0;
}

/* Environments of tests lie in the temporary directory too, where they must be there. */
static bool is_ephemeral(void *ctx, const char *path, struct arena *mem, const char **ret_env)
{
	(void)ctx;
	size_t len = strlen(A);
	if (link_env != NULL && strcmp(path, link_env) == 0)
		len = strlen(link_env);
	else if (strncmp(path, temp_root, strlen(temp_root)) == 0)
		len = strlen(temp_root);
	else if (strncmp(path, "/other/python-alias/a/", 22) == 0)
		len = 21;
	else if (strncmp(path, "/tmp/build-env-", 15) != 0 || strlen(path) < len)
		return false;
	*ret_env = arena_strndup(mem, path, len);
	return true;
}

static const char *config(void *ctx, const char *file, const struct alias *alias, struct arena *mem)
{
	(void)ctx;
	if (strncmp(file, "/tmp/", 5) != 0)
		return NULL;
	return arena_printf(mem, "/home/config-%s.txt", alias != NULL ? alias->dir + 6 : "plain");
}

static const struct swap_facts facts = {
	.lookup = lookup, .get = get, .ephemeral = is_ephemeral, .config = config};

/* `expected` is a text of "NAME=VALUE " in order; "-" stands for a missing value. */
static void swap_one(enum swap_use use, const char *const env[], const char *expected)
{
	struct swap swap;
	CLEANUP_STR struct str text = STR_INIT;
	variables = env;
	swap_decide(&facts, use, temp_mem, &swap);
	for (size_t i = 0; i < swap.count; i++)
		str_printf(&text, "%s=%s ", swap.change[i].name,
			swap.change[i].value != NULL ? swap.change[i].value : "-");
	assert_string_equal(text.buf, expected);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ENV ((const char *const[]){NULL})
#define NOBYTES "PYTHONDONTWRITEBYTECODE=1 "

static void test_builds(void **state)
{
	(void)state;
	swap_one(SWAP_BUILDS, NO_ENV, NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYTHONDONTWRITEBYTECODE=x"), "");
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=" A "/bin/python3.12"),
		"PYO3_PYTHON=/home/alias-a/bin/python STEADY_SITE= " NOBYTES);
	swap_one(SWAP_BUILDS,
		ENV("PYO3_PYTHON=" A "/bin/python", "PYTHON_SYS_EXECUTABLE=" A "/bin/python3",
			"VIRTUAL_ENV=" A, "STEADY_SITE=/old"),
		"PYO3_PYTHON=/home/alias-a/bin/python PYTHON_SYS_EXECUTABLE=/home/alias-a/bin/python "
		"VIRTUAL_ENV=/home/alias-a STEADY_SITE= " NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYTHON_SYS_EXECUTABLE=" A "/bin/python"),
		"PYTHON_SYS_EXECUTABLE=/home/alias-a/bin/python STEADY_SITE= " NOBYTES);
	/* An empty variable is none. */
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=", "PYTHON_SYS_EXECUTABLE=" A "/bin/python"),
		"PYTHON_SYS_EXECUTABLE=/home/alias-a/bin/python STEADY_SITE= " NOBYTES);
}

/* An inner and an outer environment are never mixed. */
static void test_two_environments(void **state)
{
	(void)state;
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=" A "/bin/python", "VIRTUAL_ENV=" B),
		"PYO3_PYTHON=/home/alias-a/bin/python STEADY_SITE= " NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=" B "/bin/python", "PYTHON_SYS_EXECUTABLE=" A "/bin/python"),
		"PYO3_PYTHON=/home/alias-b/bin/python STEADY_SITE= " NOBYTES);
	swap_one(SWAP_BUILDS,
		ENV("PYO3_PYTHON=/usr/bin/python3", "PYTHON_SYS_EXECUTABLE=" A "/bin/python",
			"VIRTUAL_ENV=" A),
		NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=/home/me/.venv/bin/python", "STEADY_SITE=/kept"), NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=python3", "VIRTUAL_ENV=" A), NOBYTES);
}

/* An alias of another home directory: ours, with the packages that it was given. */
static void test_other_alias(void **state)
{
	(void)state;
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=/other/python-alias/a/bin/python", "STEADY_SITE=/kept"),
		"PYO3_PYTHON=/home/alias-a/bin/python " NOBYTES);
}

/* The project's own programs see what the user's environment says, unless a build needs something else. */
static void test_runs(void **state)
{
	(void)state;
	asked = 0;
	temp_put("bin/python", "");
	assert_int_equal(chmod(temp_path("bin/python"), 0755), 0);
	const char *venv = arena_printf(temp_mem, "VIRTUAL_ENV=%s", temp_root);
	swap_one(SWAP_RUNS, NO_ENV, "");
	swap_one(SWAP_RUNS, ENV(venv, "PYO3_CONFIG_FILE=/tmp/x"), "");
	swap_one(SWAP_RUNS, ENV("PYTHON_SYS_EXECUTABLE=" A "/bin/python"), "");
	assert_int_equal(asked, 0);
	swap_one(SWAP_RUNS, ENV("PYO3_PYTHON=" A "/bin/python", "VIRTUAL_ENV=" A),
		"PYO3_PYTHON=/home/alias-a/bin/python VIRTUAL_ENV=/home/alias-a STEADY_SITE= " NOBYTES);
}

/* Found through VIRTUAL_ENV alone: its interpreter must be there; its packages are named. */
static void test_virtual_env(void **state)
{
	(void)state;
	const char *venv = arena_printf(temp_mem, "VIRTUAL_ENV=%s", temp_root);
	swap_one(SWAP_BUILDS, ENV(venv), NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYO3_PYTHON=" A "/bin/python", "PYO3_CROSS_LIB_DIR=/cross/lib"), NOBYTES);
	temp_put("bin/python", "");
	assert_int_equal(chmod(temp_path("bin/python"), 0755), 0);
	temp_mkdirs("lib/python3.11/site-packages");
	swap_one(SWAP_BUILDS, ENV(venv),
		arena_printf(temp_mem,
			"VIRTUAL_ENV=/home/alias-a STEADY_SITE=%s/lib/python3.11/site-packages " NOBYTES,
			temp_root));
	/* PYO3_PYTHON without links in it, as Python resolves them, is in the same environment. */
	char link[200];
	(void)snprintf(link, sizeof(link), "%s", temp_path("x"));
	temp_link(".", "x");
	link_env = link;
	swap_one(SWAP_BUILDS,
		ENV(arena_printf(temp_mem, "PYO3_PYTHON=%s/bin/python", temp_root),
			arena_printf(temp_mem, "VIRTUAL_ENV=%s", link)),
		arena_printf(temp_mem,
			"PYO3_PYTHON=/home/alias-a/bin/python VIRTUAL_ENV=/home/alias-a "
			"STEADY_SITE=%s/lib/python3.11/site-packages " NOBYTES,
			temp_root));
	link_env = NULL;
}

static void test_config(void **state)
{
	(void)state;
	swap_one(SWAP_BUILDS, ENV("PYO3_CONFIG_FILE=/home/me/target/maturin/x.txt"), NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYO3_CONFIG_FILE=/tmp/x.txt"),
		"PYO3_CONFIG_FILE=/home/config-plain.txt " NOBYTES);
	swap_one(SWAP_BUILDS, ENV("PYO3_CONFIG_FILE=/tmp/x.txt", "PYO3_PYTHON=" A "/bin/python"),
		"PYO3_PYTHON=/home/alias-a/bin/python STEADY_SITE= "
		"PYO3_CONFIG_FILE=/home/config-alias-a.txt " NOBYTES);
}

static void test_no_alias(void **state)
{
	(void)state;
	struct swap swap;
	declined = "it does not work";
	variables = ENV("PYO3_PYTHON=" A "/bin/python", "VIRTUAL_ENV=" A);
	swap_one(SWAP_BUILDS, variables, NOBYTES);
	swap_decide(&facts, SWAP_BUILDS, temp_mem, &swap);
	assert_string_equal(swap.why, declined);
	assert_null(swap.env_dir);
	declined = NULL;
	variables = ENV("PYO3_PYTHON=" A "/bin/broken");
	swap_decide(&facts, SWAP_RUNS, temp_mem, &swap);
	assert_int_equal(swap.count, 0);
	assert_string_equal(swap.why, A "/bin/broken does not answer");
}

static int no_variables(void **state)
{
	declined = NULL;
	return temp_setup(state);
}
#define SWAP_TEST(fn) cmocka_unit_test_setup_teardown(fn, no_variables, temp_teardown)

/* The copy of a config: named after its bytes, never of a file that is none. */
static void test_real_config(void **state)
{
	(void)state;
	const struct alias alias = {.python = "/home/alias/bin/python"};
	const char *file = temp_path("tmpab_d3f9h/target/maturin/pyo3-config-x.txt");
	assert_int_equal(setenv("TMPDIR", temp_root, 1), 0);
	assert_int_equal(setenv("STEADY_HOME", temp_path("home"), 1), 0);
	assert_null(swap_environment.config(NULL, file, &alias, temp_mem));
	temp_put(file + strlen(temp_root) + 1, "implementation=CPython\nversion=3.11\n");
	const char *copy = swap_environment.config(NULL, file, NULL, temp_mem);
	assert_non_null(copy);
	temp_expect(copy + strlen(temp_root) + 1, "implementation=CPython\nversion=3.11\n");
	assert_int_equal(temp_stat(copy + strlen(temp_root) + 1).st_mtim.tv_sec, 946684800);
	assert_string_equal(swap_environment.config(NULL, file, &alias, temp_mem), copy);
	/* Damaged or forged, it is written again. */
	assert_int_equal(unlink(copy), 0);
	temp_put(copy + strlen(temp_root) + 1, "version=3.12\n");
	assert_string_equal(swap_environment.config(NULL, file, &alias, temp_mem), copy);
	temp_expect(copy + strlen(temp_root) + 1, "implementation=CPython\nversion=3.11\n");

	temp_put(file + strlen(temp_root) + 1, "version=3.11\nexecutable=" A "/bin/python\n");
	assert_null(swap_environment.config(NULL, file, NULL, temp_mem));
	copy = swap_environment.config(NULL, file, &alias, temp_mem);
	assert_non_null(copy);
	temp_expect(copy + strlen(temp_root) + 1, "version=3.11\nexecutable=/home/alias/bin/python\n");

	temp_put(file + strlen(temp_root) + 1, "this is none\n");
	assert_null(swap_environment.config(NULL, file, &alias, temp_mem));
	temp_put("stable/x.txt", "version=3.11\n");
	assert_null(swap_environment.config(NULL, temp_path("stable/x.txt"), &alias, temp_mem));
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SWAP_TEST(test_builds),
		SWAP_TEST(test_two_environments),
		SWAP_TEST(test_other_alias),
		SWAP_TEST(test_runs),
		SWAP_TEST(test_virtual_env),
		SWAP_TEST(test_config),
		SWAP_TEST(test_no_alias),
		SWAP_TEST(test_real_config),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
