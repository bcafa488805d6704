#include "steady/core/scan.h"

#include "fakeunits.h"

#define ENV "/tmp/build-env-abcdefgh"
#define HEX "0123456789abcdef"

static const char *config(const char *executable, const char *version)
{
	return arena_printf(temp_mem, "version=%s\nexecutable=%s\n", version, executable);
}

static void put_run(unsigned number, const char *text)
{
	const char *package = arena_printf(temp_mem, "p%03u", number);
	struct fake run = {.directory = arena_printf(temp_mem, "debug/.fingerprint/%s-" HEX, package),
		.base = "run-build-script-build-script-build",
		.local = {fake_env("PYO3_PYTHON", ENV "/bin/python"),
			fake_env("N", arena_printf(temp_mem, "%u", number))},
		.nlocal = 2};
	(void)fake_put(&run);
	temp_put(arena_printf(temp_mem, "debug/build/%s-" HEX "/out/pyo3-build-config.txt", package), text);
}

static struct scan *scan_tree(struct target **ret)
{
	*ret = fake_load();
	return scan_new(*ret, true);
}

static void test_interpreters(void **state)
{
	(void)state;
	put_run(0, config(ENV "/bin/python", "3.11"));
	put_run(1, config(ENV "/bin/python", "3.11"));
	put_run(2, config("/usr/bin/python3", "3.12"));
	put_run(3, "no config");
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_SCAN struct scan *s = scan_tree(&t);
	assert_int_equal(s->configs.len, 3);
	assert_int_equal(s->ninterpreter, 2);
	assert_int_equal(s->interpreter[0].configs, 2);
	assert_true(s->interpreter[0].ephemeral);
	assert_int_equal(s->interpreter[1].configs, 1);
	assert_false(s->interpreter[1].ephemeral);
	assert_int_equal(s->packages, 4);
	assert_int_equal(s->verified, 4);
	assert_int_equal(s->failed + s->without_hash, 0);
	assert_int_equal(s->sightings.len, 4 + 2);
}

static void test_counts(void **state)
{
	(void)state;
	put_run(0, "");
	put_run(1, "");
	put_run(2, "");
	temp_put("debug/.fingerprint/p001-" HEX "/run-build-script-build-script-build", "");
	temp_put("debug/.fingerprint/p002-" HEX "/run-build-script-build-script-build", HEX);
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_SCAN struct scan *s = scan_tree(&t);
	assert_int_equal(s->verified, 1);
	assert_int_equal(s->without_hash, 1);
	assert_int_equal(s->failed, 1);
	assert_null(scan_free(NULL));
}

/* On several threads what is found still comes in the order of the units. */
static void test_order(void **state)
{
	(void)state;
	enum { UNITS = 200 };
	for (unsigned i = 0; i < UNITS; i++)
		put_run(i, config(ENV "/bin/python", "3.11"));
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_SCAN struct scan *s = scan_tree(&t);
	assert_int_equal(s->sightings.len, 2 * UNITS);
	assert_int_equal(s->configs.len, UNITS);
	for (size_t i = 0; i < s->sightings.len; i++)
		assert_int_equal(s->sightings.data[i].unit, i / 2);
	for (size_t i = 0; i < s->configs.len; i++)
		assert_int_equal(s->configs.data[i].unit, i);
	assert_int_equal(s->ninterpreter, 1);
	assert_int_equal(s->interpreter[0].configs, UNITS);
}

static void version_one(const char *d_file, const char *expected)
{
	struct fake lib = {.directory = "debug/.fingerprint/my-lib-" HEX,
		.base = "lib-my_lib",
		.local = {fake_depinfo("debug/dep")},
		.nlocal = 1};
	(void)fake_put(&lib);
	temp_put("debug/deps/my_lib-" HEX ".d", d_file);
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_SCAN struct scan *s = scan_tree(&t);
	assert_int_equal(s->packages, 1);
	const char *version = fake_unit(t, lib.directory, lib.base)->version;
	if (expected == NULL)
		assert_null(version);
	else
		assert_string_equal(version, expected);
}

static void test_versions(void **state)
{
	(void)state;
	version_one("x: src/lib.rs\n\n# env-dep:CARGO_PKG_VERSION=1.2.3\n", "1.2.3");
	version_one("x: /home/me/.cargo/registry/src/index/my-lib-0.5.0-rc.1/src/lib.rs\n", "0.5.0-rc.1");
	version_one("x: /vendor/my-lib-extra/my-lib-2.0.0/src/lib.rs\n", "2.0.0");
	version_one("x: src/lib.rs\n", NULL);
	version_one("# env-dep:CARGO_PKG_VERSION=evil\"version\n", NULL);
}

/* A stranger's configs that all differ cost no more than so many alike. */
static void test_many_interpreters(void **state)
{
	(void)state;
	CLEANUP_STR struct str output = STR_INIT;
	put_run(0, "");
	for (unsigned i = 0; i < 5000; i++) {
		const char *text = config(arena_printf(temp_mem, "/x/%u", i), "3.11");
		str_add(&output, "cargo:PYO3_CONFIG=");
		str_add_hex(&output, text, strlen(text));
		str_add_char(&output, '\n');
	}
	temp_put("debug/build/p000-" HEX "/output", output.buf);
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_SCAN struct scan *s = scan_tree(&t);
	assert_int_equal(s->configs.len, 5000);
	assert_int_equal(s->ninterpreter, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_interpreters),
		TEMP_TEST(test_counts),
		TEMP_TEST(test_order),
		TEMP_TEST(test_versions),
		TEMP_TEST(test_many_interpreters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
