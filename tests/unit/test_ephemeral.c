#include "steady/core/ephemeral.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_inside_text),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_nested),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
