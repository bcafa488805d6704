#include "steady/core/ephemeral.h"

#include "tempdir.h"

/* The environments in the text, in order; NULL ends the list. */
static void find_one(const char *text, const char *const expected[])
{
	size_t at = 0;
	struct span env;
	for (size_t i = 0; expected[i] != NULL; i++) {
		if (!ephemeral_find(span_of(text), at, &env))
			fail_msg("%s: no %s", text, expected[i]);
		if (!span_eq_str(env, expected[i]))
			fail_msg("%s: %.*s instead of %s", text, SPAN_ARG(env), expected[i]);
		at = (size_t)(env.ptr - text) + env.len;
	}
	if (ephemeral_find(span_of(text), at, &env))
		fail_msg("%s: %.*s", text, SPAN_ARG(env));
}

#define FIND(text, ...) find_one(text, (const char *const[]){__VA_ARGS__, NULL})
#define NOTHING(text) find_one(text, (const char *const[]){NULL})

/* Every front end's directory, with what may stand behind it. */
static void pattern_one(const char *env)
{
	static const char *const behind[] = {"", "/", "/bin/python", "/bin/python3.11", "/pyvenv.cfg"};
	for (size_t i = 0; i < COUNT_OF(behind); i++) {
		char text[300];
		(void)snprintf(text, sizeof(text), "%s%s", env, behind[i]);
		FIND(text, env);
	}
}

static void test_patterns(void **state)
{
	(void)state;
	static const char *const envs[] = {
		"/home/me/.cache/uv/builds-v0/.tmpAb3xYz",
		"/home/me/.cache/uv/builds-v12/.tmp000000",
		"/home/me/.cache/uv/environments-v0/.tmpAb3xYz",
		"/home/me/.cache/uv/.tmpAb3xYz/.venv",
		"/tmp/build-env-ab_d3f9h",
		"/private/var/folders/zz/T/build-env-________",
		"/tmp/pip-build-env-01234567",
		"/tmp/tmpab_d3f9h/.venv",
		"/tmp/cibw-run-ab_d3f9h/cp311-macosx_arm64/build/venv",
		"/tmp/with space/build-env-ab_d3f9h",
		"/root/.cache/cargo-steady/python-alias/cpython-3.12.4-x86_64-linux-gnu-0a1b2c3d",
		"/elsewhere/python-alias/pypy-3.9.16-x86_64-linux-gnu-01234567",
		"C:\\Users\\me\\AppData\\Local\\uv\\cache\\builds-v0\\.tmpAb3xYz",
		"C:\\Temp\\build-env-ab_d3f9h",
		"D:/a/_temp/setup-uv-cache/builds-v0/.tmpAb3xYz",
		"C:\\Temp\\tmpab_d3f9h\\.venv",
		"C:\\Temp\\cibw-run-ab_d3f9h\\cp311-win_amd64\\build\\venv",
	};
	for (size_t i = 0; i < COUNT_OF(envs); i++)
		pattern_one(envs[i]);
	FIND("C:\\Temp\\build-env-ab_d3f9h\\Scripts\\python.exe", "C:\\Temp\\build-env-ab_d3f9h");
}

static void test_near_misses(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"/",
		"/tmp/venv/bin/python",
		"/usr/bin/python3",
		"/home/me/project/.venv/bin/python",
		"/tmp/build-env-abcdefg/bin/python",
		"/tmp/build-env-abcdefghi/bin/python",
		"/tmp/build-env-ABCDEFGH/bin/python",
		"/tmp/build-env-abcd-fgh/bin/python",
		"/tmp/xbuild-env-abcdefgh/bin/python",
		"/tmp/build-env-/bin/python",
		"build-env-abcdefgh",
		"/cache/builds-v/.tmpAb3xYz/bin/python",
		"/cache/builds-vx/.tmpAb3xYz/bin/python",
		"/cache/builds-v0/.tmpAb3xY/bin/python",
		"/cache/builds-v0/.tmpAb3xYzz/bin/python",
		"/cache/builds-v0/.tmpAb3x_z/bin/python",
		"/cache/builds-v0/tmpAb3xYz/bin/python",
		"/cache/builds-v0",
		"/cache/builds-v0/",
		"/cache/archive-v0/.tmpAb3xYz/bin/python",
		"/cache/.tmpAb3xYz/bin/python",
		"/cache/.tmpAb3xYz/.venv2/bin/python",
		"/tmp/tmpabcdefgh/bin/python",
		"/tmp/tmpABCDEFGH/.venv/bin/python",
		"/tmp/tmpabcdefg/.venv/bin/python",
		"/tmp/cibw-run-abcdefgh/cp311/build/venv2",
		"/tmp/cibw-run-abcdefgh/cp311/venv",
		"/tmp/cibw-run-abcdefgh//build/venv",
		"/tmp/cibw-run-abcdefgh",
		"/tmp/pip-install-abcdefgh/x_0123456789abcdef0123456789abcdef",
		"/tmp/build-via-sdist-abcdefgh/pkg-1.0",
		"/home/me/.cache/cargo-steady/python-alias/cpython-3.12.4-x86_64-linux-gnu-0a1b2c3d",
		"/x/python-alias/cpython-3.12.4-x86_64-linux-gnu-0A1b2c3d",
		"/x/python-alias/cpython-3.12.4-x86_64-linux-gnu-0a1b2c3",
		"/x/python-alias/mine-0a1b2c3d",
		"/x/python-alias/",
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		NOTHING(texts[i]);
}

static void test_inside_text(void **state)
{
	(void)state;
	FIND("cargo:rustc-link-search=native=/tmp/build-env-abcdefgh/lib", "/tmp/build-env-abcdefgh");
	FIND("-L/tmp/build-env-abcdefgh/lib", "/tmp/build-env-abcdefgh");
	FIND("'/tmp/build-env-abcdefgh'", "/tmp/build-env-abcdefgh");
	FIND("python at \"/tmp/build-env-abcdefgh/bin/python\"", "/tmp/build-env-abcdefgh");
	FIND("version=3.11\nexecutable=/tmp/build-env-abcdefgh/bin/python\n", "/tmp/build-env-abcdefgh");
	FIND("python /tmp/build-env-abcdefgh/bin/python", "/tmp/build-env-abcdefgh");
	/* Hexadecimal text is none; whoever wants it decodes it first. */
	NOTHING("2f746d702f6275696c642d656e762d6162636465666768");
}

static void test_several(void **state)
{
	(void)state;
	FIND("/tmp/build-env-abcdefgh/bin:/usr/bin:/tmp/tmpabcdefgh/.venv/bin", "/tmp/build-env-abcdefgh",
		"/tmp/tmpabcdefgh/.venv");
	FIND("C:\\t\\build-env-abcdefgh\\Scripts;D:\\t\\build-env-hgfedcba\\Scripts",
		"C:\\t\\build-env-abcdefgh", "D:\\t\\build-env-hgfedcba");
	FIND("-L /tmp/build-env-abcdefgh/lib -L /tmp/build-env-hgfedcba/lib", "/tmp/build-env-abcdefgh",
		"/tmp/build-env-hgfedcba");
	FIND("-L/tmp/build-env-abcdefgh/lib -L/tmp/build-env-hgfedcba/lib", "/tmp/build-env-abcdefgh",
		"/tmp/build-env-hgfedcba");
	FIND("/a/build-env-abcdefgh,/a/build-env-abcdefgh", "/a/build-env-abcdefgh", "/a/build-env-abcdefgh");
}

/* An environment made inside of another one's directory is the inner one: its interpreter lies there. */
static void test_nested(void **state)
{
	(void)state;
	FIND("/tmp/build-env-abcdefgh/tmp/build-env-hgfedcba/bin/python",
		"/tmp/build-env-abcdefgh/tmp/build-env-hgfedcba");
	FIND("/tmp/cibw-run-abcdefgh/cp39/build/venv/T/pip-build-env-hgfedcba/bin/python3:/x",
		"/tmp/cibw-run-abcdefgh/cp39/build/venv/T/pip-build-env-hgfedcba");
	FIND("/tmp/.tmpAb3xYz/builds-v0/.tmpXyz123/bin/python", "/tmp/.tmpAb3xYz/builds-v0/.tmpXyz123");
}

/* Our own alias between two others is passed over. */
static void test_own_alias(void **state)
{
	(void)state;
	FIND("-L/home/me/.cache/cargo-steady/python-alias/cpython-3.12.4-linux-0a1b2c3d/lib "
	     "-L/else/python-alias/cpython-3.12.4-linux-0a1b2c3d/lib -L/tmp/build-env-abcdefgh/lib",
		"/else/python-alias/cpython-3.12.4-linux-0a1b2c3d", "/tmp/build-env-abcdefgh");
	/* Wherever our home directory lies. */
	const char *inside = "/tmp/build-env-abcdefgh/python-alias/cpython-3.12.4-linux-0a1b2c3d/bin";
	FIND(inside, "/tmp/build-env-abcdefgh/python-alias/cpython-3.12.4-linux-0a1b2c3d");
	assert_int_equal(setenv("STEADY_HOME", "/tmp/build-env-abcdefgh", 1), 0);
	NOTHING(inside);
	assert_int_equal(unsetenv("STEADY_HOME"), 0);
}

/* The environment that a path lies in; NULL if it is none of those that are thrown away. */
static void env_one(const char *path, const char *expected)
{
	const char *env = NULL;
	bool found = ephemeral_env(path, temp_mem, &env);
	if (found != (expected != NULL) || (found && strcmp(env, expected) != 0))
		fail_msg("%s: %s instead of %s", path, found ? env : "none",
			expected != NULL ? expected : "none");
}

static void test_env_by_name(void **state)
{
	(void)state;
	env_one("/tmp/build-env-abcdefgh/bin/python3.12", "/tmp/build-env-abcdefgh");
	env_one("/tmp/build-env-abcdefgh", "/tmp/build-env-abcdefgh");
	env_one("/tmp//x/../build-env-abcdefgh/bin/python", "/tmp/build-env-abcdefgh");
	env_one("/else/python-alias/cpython-3.12.4-linux-0a1b2c3d/bin/python",
		"/else/python-alias/cpython-3.12.4-linux-0a1b2c3d");
	env_one("/home/me/.cache/cargo-steady/python-alias/cpython-3.12.4-linux-0a1b2c3d/bin/python", NULL);
	env_one("/usr/bin/python3", NULL);
	env_one("python3", NULL);
	env_one("build-env-abcdefgh/bin/python", NULL);
	env_one("", NULL);
}

static void test_env_of_user(void **state)
{
	(void)state;
	assert_int_equal(setenv("STEADY_EPHEMERAL", "/opt/ci/venv-*:/x/[0-9]*/env", 1), 0);
	env_one("/opt/ci/venv-17/bin/python", "/opt/ci/venv-17");
	env_one("/opt/ci/venv-17", "/opt/ci/venv-17");
	env_one("/opt/ci/venv/bin/python", NULL);
	env_one("/opt/ci/a/venv-17/bin/python", NULL);
	env_one("/x/123/env/bin/python", "/x/123/env");
	env_one("/x/a/env/bin/python", NULL);
	assert_int_equal(setenv("STEADY_EPHEMERAL", "::", 1), 0);
	env_one("/opt/ci/venv-17/bin/python", NULL);
	assert_int_equal(unsetenv("STEADY_EPHEMERAL"), 0);
}

static void place_one(const char *path, bool expected)
{
	if (ephemeral_place(path, temp_mem) != expected)
		fail_msg("%s is %sa throw-away place", path, expected ? "not " : "");
}

static void test_place(void **state)
{
	(void)state;
	assert_int_equal(setenv("TMPDIR", "/scratch", 1), 0);
	static const char *const thrown_away[] = {
		"/tmp/.tmpAb3xYz/x",
		"/tmp/tmpab_d3f9h",
		"/tmp/tmp.Ab3dEf9hIj/venv",
		"/tmp/mytool-a1b2c3d4/venv/bin/python",
		"/var/tmp/x/mytool_a1b2c3d4",
		"/private/var/folders/zz/T/mytool.a1b2c3d4",
		"/scratch/0123456789abcdef0123456789abcdef/env",
		"/scratch/01234567-89ab-cdef-0123-456789abcdef/env",
		"/home/me/.cache/uv/.tmpAb3xYz/env",
	};
	static const char *const kept[] = {
		"/tmp/venv",
		"/tmp/venv/bin/python",
		"/tmp",
		"/tmp/foo-project1",
		"/tmp/foo-my_venvs",
		"/tmp/foo-20240131",
		"/tmp/a1b2c3d4",
		"/tmp/mytool-a1b2c3d",
		"/tmp/mytool-A1B2C3D4",
		"/tmp/py311-venv",
		"/tmpx/mytool-a1b2c3d4",
		"/home/me/.cache/other/.tmpAb3xYz/env",
		"/home/me/tmpab_d3f9h/venv",
		"tmp/tmpab_d3f9h",
	};
	for (size_t i = 0; i < COUNT_OF(thrown_away); i++)
		place_one(thrown_away[i], true);
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		place_one(kept[i], false);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* By place only where there is a virtual environment; its directory is found from its interpreter. */
static void test_env_by_place(void **state)
{
	(void)state;
	assert_int_equal(setenv("TMPDIR", temp_root, 1), 0);
	temp_put("tool-a1b2c3d4/env/pyvenv.cfg", "home = /usr/bin\n");
	temp_put("own/pyvenv.cfg", "home = /usr/bin\n");
	temp_mkdirs("tool-a1b2c3d4/none/bin");
	env_one(temp_path("tool-a1b2c3d4/env/bin/python"), temp_path("tool-a1b2c3d4/env"));
	env_one(temp_path("tool-a1b2c3d4/env"), temp_path("tool-a1b2c3d4/env"));
	env_one(temp_path("tool-a1b2c3d4/env/lib/x"), NULL);
	env_one(temp_path("tool-a1b2c3d4/none/bin/python"), NULL);
	env_one(temp_path("own/bin/python"), NULL);
	/* What is drawn by lot lies inside of it. */
	env_one(temp_path("own/tool-a1b2c3d4/bin/python"), NULL);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
	if (setenv("HOME", "/home/me", 1) < 0 || unsetenv("STEADY_HOME") < 0 ||
		unsetenv("XDG_CACHE_HOME") < 0 || unsetenv("UV_CACHE_DIR") < 0 ||
		unsetenv("RUNNER_TEMP") < 0 || unsetenv("TMPDIR") < 0)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_inside_text),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_own_alias),
		TEMP_TEST(test_env_by_name),
		TEMP_TEST(test_env_of_user),
		TEMP_TEST(test_place),
		TEMP_TEST(test_env_by_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
