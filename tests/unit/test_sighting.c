#include "steady/core/sighting.h"

#include "fakeunits.h"

#define DIR "debug/.fingerprint/pyo3-build-config-0123456789abcdef"
#define RUN "debug/build/pyo3-build-config-0123456789abcdef"
#define ENV "/tmp/build-env-abcdefgh"
#define CONFIG "implementation=CPython\nversion=3.11\nexecutable=" ENV "/bin/python\nlib_dir=/usr/lib\n"

static const struct pathmap any = {.nfrom = 0};

static void put_script(void)
{
	struct fake run = {.directory = DIR,
		.base = "run-build-script-build-script-build",
		.local = {fake_rerun(RUN "/output", ENV "/pyvenv.cfg"),
			fake_env("PYO3_PYTHON", ENV "/bin/python"), fake_env("PATH", "/usr/bin:" ENV "/bin")},
		.nlocal = 3};
	(void)fake_put(&run);
	CLEANUP_STR struct str output = STR_INIT;
	str_add(&output, "cargo:rerun-if-changed=" ENV "/pyvenv.cfg\ncargo:PYO3_CONFIG=");
	str_add_hex(&output, CONFIG, strlen(CONFIG));
	str_add(&output,
		"\ncargo:warning=using " ENV "/bin/python\n"
		"cargo:rustc-link-search=native=" ENV "/lib\n"
		"no instruction " ENV "/bin/python\n");
	temp_put_bytes(RUN "/output", str_span(&output));
	temp_put(RUN "/out/pyo3-build-config.txt", CONFIG);
	temp_put(RUN "/out/pyo3-build-config-file.txt", "");
	temp_put(RUN "/out/aarch64-apple-darwin/pyo3-build-config.txt", CONFIG);
	temp_put(RUN "/out/unrelated.txt", ENV);
}

struct expected {
	enum sighting_where where;
	const char *variable;
	bool interpreter, inert;
};

static void test_script(void **state)
{
	(void)state;
	static const struct expected rows[] = {
		{SIGHTING_UNIT, "rerun-if-changed", true, false},
		{SIGHTING_UNIT, "PYO3_PYTHON", true, false},
		{SIGHTING_UNIT, "PATH", false, false},
		{SIGHTING_OUTPUT, "rerun-if-changed", true, false},
		{SIGHTING_OUTPUT, "PYO3_CONFIG", true, false},
		{SIGHTING_OUTPUT, "warning", true, true},
		{SIGHTING_OUTPUT, "rustc-link-search", false, false},
		{SIGHTING_CONFIG, "executable", true, false},
		{SIGHTING_CONFIG, "executable", true, false},
	};
	put_script();
	CLEANUP_TARGET struct target *t = fake_load();
	struct script_files files;
	struct sighting_list found = VEC_INIT;
	struct config_list configs = VEC_INIT;
	script_files_read(t, &t->unit[0], temp_mem, &files);
	sightings_of_unit(t, 0, &files, &any, temp_mem, &found, &configs);
	assert_int_equal(found.len, COUNT_OF(rows));
	for (size_t i = 0; i < found.len; i++) {
		assert_int_equal(found.data[i].where, rows[i].where);
		assert_true(span_eq_str(found.data[i].variable, rows[i].variable));
		assert_int_equal(found.data[i].interpreter, rows[i].interpreter);
		assert_int_equal(found.data[i].inert, rows[i].inert);
		assert_true(span_eq_str(found.data[i].env, ENV));
	}
	assert_int_equal(configs.len, 3);
	assert_true(configs.data[0].in_output);
	assert_string_equal(configs.data[1].path, RUN "/out/pyo3-build-config.txt");
	assert_string_equal(configs.data[2].path, RUN "/out/aarch64-apple-darwin/pyo3-build-config.txt");
	/* Both lists are optional. */
	sightings_of_unit(t, 0, &files, &any, temp_mem, NULL, NULL);
	vec_release(&files.config);
	vec_release(&found);
	vec_release(&configs);
}

static void test_hostile_files(void **state)
{
	(void)state;
	put_script();
	assert_int_equal(unlinkat(temp_fd, RUN "/output", 0), 0);
	assert_int_equal(mkfifoat(temp_fd, RUN "/output", 0600), 0);
	assert_int_equal(unlinkat(temp_fd, RUN "/out/pyo3-build-config.txt", 0), 0);
	temp_put("secret", CONFIG);
	temp_link("../../../../secret", RUN "/out/pyo3-build-config.txt");
	assert_int_equal(
		truncate(temp_path(RUN "/out/aarch64-apple-darwin/pyo3-build-config.txt"), (off_t)1 << 40),
		0);
	CLEANUP_TARGET struct target *t = fake_load();
	struct script_files files;
	script_files_read(t, &t->unit[0], temp_mem, &files);
	assert_null(files.output_path);
	assert_int_equal(files.config.len, 0);
	vec_release(&files.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_script),
		TEMP_TEST(test_hostile_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
