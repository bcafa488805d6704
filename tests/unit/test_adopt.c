/* Which recorded values are those of throw-away environments. */
#include "steady/core/adopt.h"

#include "fakeunits.h"

#define DIRECTORY "debug/.fingerprint/pyo3-ffi-0123456789abcdef"

static void needed_one(const char *var, const char *value, bool expected)
{
	const struct fake run = {.directory = DIRECTORY,
		.base = "run-build-script-build-script-build",
		.local = {fake_env(var, value)},
		.nlocal = 1};
	(void)fake_put(&run);
	CLEANUP_TARGET struct target *t = fake_load();
	if (adopt_is_needed(t) != expected)
		fail_msg("%s=%s", var, value);
}

static void test_needed(void **state)
{
	(void)state;
	static const struct {
		const char *var, *value;
		bool expected;
	} rows[] = {
		{"PYO3_PYTHON", "/tmp/build-env-abcdefgh/bin/python", true},
		{"PYTHON_SYS_EXECUTABLE", "/tmp/build-env-abcdefgh/bin/python3.12", true},
		{"VIRTUAL_ENV", "/home/me/.cache/uv/builds-v0/.tmpAbCd12", true},
		{"PYO3_PYTHON", "/other/python-alias/cpython-3.12.4-x86_64-linux-gnu-01234567/bin/python",
			true},
		/* Of another front end, and gone. */
		{"PYO3_PYTHON", "/tmp/tmp.AbCdEfGhIj/venv/bin/python", true},
		{"PYO3_PYTHON", "/ci/env-17/bin/python", true},
		{"PYO3_PYTHON", "/tmp/venv/bin/python", false},
		{"PYO3_PYTHON", "/usr/bin/python3", false},
		{"PYO3_PYTHON", "python3", false},
		{"PYO3_PYTHON", "", false},
		{"PYO3_PYTHON", NULL, false},
		/* The shim replaces neither. */
		{"PATH", "/tmp/build-env-abcdefgh/bin:/usr/bin", false},
		{"CONDA_PREFIX", "/tmp/build-env-abcdefgh", false},
	};
	(void)setenv("STEADY_EPHEMERAL", "/ci/env-*", 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		needed_one(rows[i].var, rows[i].value, rows[i].expected);
}

/* One's own alias stays. */
static void test_own_alias(void **state)
{
	(void)state;
	static const char below[] = "python-alias/cpython-3.12.4-x86_64-linux-gnu-01234567/bin/python";
	(void)setenv("STEADY_HOME", temp_path("home"), 1);
	needed_one("PYO3_PYTHON", temp_path(arena_printf(temp_mem, "home/%s", below)), false);
	needed_one("PYO3_PYTHON", temp_path(arena_printf(temp_mem, "away/%s", below)), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEMP_TEST(test_needed), TEMP_TEST(test_own_alias)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
