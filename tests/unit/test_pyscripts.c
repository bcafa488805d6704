/* Which scripts see the environment, and whether they noted its path. */
#include "steady/core/pyscripts.h"

#include "fakeunits.h"

static struct unitfiles *open_files(const struct target *t)
{
	const struct unitfiles_options options = {
		.workspace_root = temp_path("ws"), .cargo_home = temp_path("cargo")};
	struct unitfiles *files = NULL;
	assert_int_equal(unitfiles_open(t, &options, &files, NULL), 0);
	return files;
}

#define RUN "run-build-script-build-script-build"

/* A script's run that registers a variable, or depends on one that does. */
static uint64_t put_run(const char *package, const char *var, uint64_t dep)
{
	struct fake fake = {
		.directory = arena_printf(temp_mem, "debug/.fingerprint/%s-0123456789abcdef", package),
		.base = RUN};
	fake.local[0] = fake_rerun(arena_printf(temp_mem, "%s/output", package), "build.rs");
	fake.nlocal = 1;
	if (var != NULL)
		fake.local[fake.nlocal++] = fake_env(var, NULL);
	if (dep != 0)
		fake.dep[0] = fake_dep("dep", dep);
	return fake_put(&fake);
}

static bool sees(const struct target *t, const struct pyscript *script, const char *package)
{
	const char *dir = arena_printf(temp_mem, "debug/.fingerprint/%s-0123456789abcdef", package);
	return script[fake_index(t, dir, RUN)].env != NULL;
}

static void test_who_sees(void **state)
{
	(void)state;
	uint64_t below = put_run("asker", "PYO3_PYTHON", 0);
	(void)put_run("asking", NULL, below);
	(void)put_run("alone", NULL, 0);
	(void)put_run("home", "HOME", 0);
	(void)put_run("path", "PATH", 0);
	(void)put_run("conda", "CONDA_PREFIX", 0);
	(void)put_run("config", "PYO3_CONFIG_FILE", 0);
	(void)put_run("old", "PYTHON_SYS_EXECUTABLE", 0);
	/* pyo3's name alone is not enough: a package of the workspace may have it. */
	(void)put_run("pyo3-ffi", "VIRTUAL_ENV", 0);
	struct target *t = fake_load();
	struct unitfiles *files = open_files(t);
	const struct pyscript *script = pyscripts_find(t, files, temp_mem);
	assert_true(sees(t, script, "asker"));
	assert_true(sees(t, script, "asking"));
	assert_false(sees(t, script, "alone"));
	assert_false(sees(t, script, "home"));
	assert_false(sees(t, script, "path"));
	assert_true(sees(t, script, "conda"));
	assert_true(sees(t, script, "config"));
	assert_true(sees(t, script, "old"));
	assert_true(sees(t, script, "pyo3-ffi"));
	(void)unitfiles_free(files);
	(void)target_free(t);
}

static const char *held(const struct target *t, bool pinned, bool told)
{
	const char *root = "/tmp/build-env-abcd1234";
	const struct pyenv env = {.root = &root, .nroot = 1, .pinned = pinned, .told = told};
	const size_t i = fake_index(t, "debug/.fingerprint/app-0123456789abcdef", RUN);
	struct unitfiles *files = open_files(t);
	const char *found = pyscripts_held(t, unitfiles_get(files, i), &env, temp_mem);
	(void)unitfiles_free(files);
	return found;
}

static void held_one(const struct target *t, const char *output, bool expected)
{
	temp_put("debug/build/app-0123456789abcdef/output", output);
	assert_int_equal(held(t, true, true) != NULL, expected);
}

static void test_held(void **state)
{
	(void)state;
	(void)put_run("app", "PYO3_PYTHON", 0);
	temp_mkdirs("debug/build/app-0123456789abcdef/out");
	struct target *t = fake_load();
	held_one(t, "cargo:rustc-cfg=x\n", false);
	held_one(t, "cargo:rustc-link-search=/tmp/build-env-abcd1234/lib/python3.12/site-packages/numpy\n",
		true);
	held_one(t, "cargo:root=/tmp/build-env-abcd1234\n", true);
	held_one(t, "cargo:root=/tmp/build-env-abcd12345\n", false);
	held_one(t, "cargo:python=/tmp/build-env-abcd1234/bin/python\n", false);
	held_one(t, "cargo:python=/tmp/build-env-abcd1234/bin/python3.12 and more\n", false);
	held_one(t, "cargo:python=/tmp/build-env-abcd1234/bin/python/../lib\n", true);
	held_one(t, "cargo:python=/tmp/build-env-abcd1234/bin/pip\n", true);
	held_one(t, "cargo:python=/tmp/build-env-abcd1234/bin/pybind11-config\n", true);
	held_one(t, "cargo:python=/tmp/build-env-abcd1234/bin/python3-config\n", true);
	/* Nothing takes the place of an interpreter that is named by a lasting path. */
	temp_put("debug/build/app-0123456789abcdef/output", "/tmp/build-env-abcd1234/bin/python\n");
	assert_non_null(held(t, false, false));
	/* Under an alias whoever holds it got it elsewhere. */
	assert_non_null(held(t, true, false));
	held_one(t, "", false);
	temp_put("debug/build/app-0123456789abcdef/out/deep/flags.rs", "-I/tmp/build-env-abcd1234/include");
	assert_string_equal(held(t, true, true), "debug/build/app-0123456789abcdef/out/deep/flags.rs");
	(void)target_free(t);
}

static void beside_one(const char *path, bool expected)
{
	if (pyscripts_is_beside(path) != expected)
		fail_msg("%s", path);
}

static void test_beside(void **state)
{
	(void)state;
	beside_one("table.txt", true);
	beside_one("src/lib.rs", true);
	beside_one("build/lib.rs", true);
	beside_one("build/gen.py", true);
	beside_one("data/dist/x", true);
	beside_one("dist/app-1.0.tar.gz", false);
	beside_one("build/lib/app/x.py", false);
	beside_one("build/lib.linux-x86_64-cpython-312/x.py", false);
	beside_one("build/temp.linux-x86_64/x", false);
	beside_one("build/bdist.linux-x86_64/x", false);
	beside_one("python/app.egg-info/PKG-INFO", false);
	beside_one("python/app/_app.abi3.so", false);
	beside_one("python/app/__pycache__/x.txt", false);
	beside_one("Cargo.lock", false);
	beside_one("sub/Cargo.lock", true);
}

static void test_covered(void **state)
{
	(void)state;
	struct input input[] = {{.kind = INPUT_FILE}, {.kind = INPUT_ENVIRONMENT}, {.kind = INPUT_BESIDE}};
	struct record record = {.input = input, .ninput = 1};
	struct pyscript script = {.beside = false}, with = {.beside = true};
	assert_false(pyscript_is_covered(&script, &record));
	record.ninput = 2;
	assert_true(pyscript_is_covered(&script, &record));
	assert_false(pyscript_is_covered(&with, &record));
	record.ninput = 3;
	assert_true(pyscript_is_covered(&with, &record));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_who_sees),
		TEMP_TEST(test_held),
		TEMP_TEST(test_beside),
		TEMP_TEST(test_covered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
