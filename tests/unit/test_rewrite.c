/* Plans of a rewrite, and what is on disk after it. */
#include "steady/core/rewrite.h"

#include "fakeunits.h"

#define OLD "/tmp/build-env-abcdefgh"
#define NEW "/home/me/.cache/env"
#define HEX "0123456789abcdef"
#define RUN_BASE "run-build-script-build-script-build"
#define CONFIG(env)                                                                                          \
	"implementation=CPython\nversion=3.11\nshared=true\nlib_dir=/usr/lib\nexecutable=" env               \
	"/bin/python\n"                                                                                      \
	"pointer_width=64\nbuild_flags=\nsuppress_build_script_link_lines=false\n"

static const struct interpreter python = {.implementation = "CPython",
	.major = 3,
	.minor = 11,
	.full_version = "3.11.2",
	.lib_dir = "/usr/lib",
	.lib_name = "libpython3.11.so",
	.abi_flags = "",
	.platform = "linux-x86_64",
	.pointer_width = 64};

static struct rewrite_request request(const char *to)
{
	return (struct rewrite_request){
		.map = {.to = to}, .var = rewrite_default_vars, .nvar = rewrite_default_nvar, .now = &python};
}

static const char *directory(const char *place, const char *package)
{
	return arena_printf(temp_mem, "%s/.fingerprint/%s-" HEX, place, package);
}

static const char *run_file(const char *place, const char *package, const char *name)
{
	return arena_printf(temp_mem, "%s/build/%s-" HEX "/%s", place, package, name);
}

/* A script's run that records PYO3_PYTHON and prints `output`; its hash. */
static uint64_t put_run(const char *place, const char *package, const char *output)
{
	const char *path = run_file("debug", package, "output");
	struct fake run = {.directory = directory(place, package),
		.base = RUN_BASE,
		.local = {fake_rerun(path, "build.rs"), fake_env("PYO3_PYTHON", OLD "/bin/python")},
		.nlocal = 2};
	temp_put(run_file(place, package, "output"), output);
	temp_set_time(run_file(place, package, "output"), FAKE_TIME, 987654321);
	return fake_put(&run);
}

static uint64_t put_lib(const char *place, const char *package, uint64_t dep)
{
	struct fake lib = {.directory = directory(place, package),
		.base = "lib-x",
		.dep = {fake_dep("build_script_build", dep)},
		.local = {fake_depinfo("debug/dep")},
		.nlocal = 1};
	return fake_put(&lib);
}

static const char *ffi_output(void)
{
	CLEANUP_STR struct str output = STR_INIT;
	str_add(&output,
		"cargo:rerun-if-env-changed=PYO3_PYTHON\ncargo:rerun-if-changed=build.rs\n"
		"cargo:warning=found " OLD "/bin/python\ncargo:PYO3_CONFIG=");
	str_add_hex(&output, CONFIG(OLD), strlen(CONFIG(OLD)));
	str_add(&output, "\n");
	return arena_strdup(temp_mem, output.buf);
}

/* app -> pyo3-ffi -> its script's run, as PyO3 before 0.29 records it. */
static void put_pyo3(void)
{
	uint64_t ffi = put_lib("debug", "pyo3-ffi", put_run("debug", "pyo3-ffi", ffi_output()));
	(void)put_lib("debug", "app", ffi);
	(void)put_lib("debug", "other", 0);
	temp_put(run_file("debug", "pyo3-ffi", "out/pyo3-build-config.txt"), CONFIG(OLD));
	temp_set_time(run_file("debug", "pyo3-ffi", "out/pyo3-build-config.txt"), FAKE_TIME, 5);
}

static struct rewrite_plan *plan_of(const struct target *t, const struct rewrite_request *r)
{
	struct rewrite_plan *plan = NULL;
	struct err err = ERR_INIT;
	if (rewrite_make_plan(t, r, &plan, &err) != 0)
		fail_msg("%s", err.msg);
	return plan;
}

static struct span value_of(const struct target *t, const char *place, const char *package)
{
	const struct unit *u = fake_unit(t, directory(place, package), RUN_BASE);
	assert_int_equal(u->proof, PROOF_VERIFIED);
	return u->fingerprint->local[1].value;
}

/* All bytes and times of the tree, to be compared. */
static void describe(const char *path, struct str *out)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(temp_fd, path, NULL);
	struct dir_list list;
	assert_int_equal(fsio_list(fd, 1000, temp_mem, &list, NULL), 0);
	for (size_t i = 0; i < list.count; i++) {
		const char *child = arena_printf(temp_mem, "%s/%s", path, list.entry[i].name);
		if (S_ISDIR(temp_stat(child).st_mode)) {
			describe(child, out);
			continue;
		}
		struct stat st = temp_stat(child);
		str_printf(out, "%s %o %lld.%09ld %s\n", child, st.st_mode, (long long)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec, temp_get(child).ptr);
	}
}

static void apply(const struct rewrite_request *r, size_t edited, size_t rehashed, size_t files)
{
	CLEANUP_TARGET struct target *t = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(t, r);
	assert_int_equal(plan->edited, edited);
	assert_int_equal(plan->rehashed, rehashed);
	assert_int_equal(plan->nfile, files);
	struct err err = ERR_INIT;
	if (rewrite_apply(t, plan, &err) != 0)
		fail_msg("%s", err.msg);
}

static void test_there_and_back(void **state)
{
	(void)state;
	CLEANUP_STR struct str before = STR_INIT, after = STR_INIT, back = STR_INIT;
	put_pyo3();
	describe("debug", &before);
	const struct rewrite_request there = request(NEW);
	apply(&there, 1, 3, 8);
	CLEANUP_TARGET struct target *t = fake_load();
	for (size_t i = 0; i < t->count; i++)
		assert_int_equal(t->unit[i].proof, PROOF_VERIFIED);
	assert_true(span_eq_str(value_of(t, "debug", "pyo3-ffi"), NEW "/bin/python"));
	assert_true(t->unit[fake_index(t, directory("debug", "app"), "lib-x")].dep[0] != UNIT_NONE);
	temp_expect(run_file("debug", "pyo3-ffi", "out/pyo3-build-config.txt"), CONFIG(NEW));
	describe("debug", &after);
	assert_non_null(strstr(after.buf, "987654321"));
	/* A warning is text: it tells what was, and is nothing to cargo. */
	assert_non_null(strstr(after.buf, "cargo:warning=found " OLD "/bin/python"));
	assert_false(temp_exists(".cargo-steady"));
	/* Again there is nothing to do, and back again all is as it was. */
	apply(&there, 0, 0, 0);
	const char *const from[] = {NEW};
	struct rewrite_request return_ = request(OLD);
	return_.map.from = from;
	return_.map.nfrom = 1;
	apply(&return_, 1, 3, 8);
	describe("debug", &back);
	assert_string_equal(back.buf, before.buf);
}

/* Plans nothing, and gives this reason. */
static void left_one(const struct rewrite_request *r, const char *why)
{
	CLEANUP_TARGET struct target *t = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(t, r);
	assert_int_equal(plan->nfile, 0);
	assert_int_equal(plan->nvalue, 0);
	assert_true(plan->nleft >= 1);
	for (size_t i = 0; i < plan->nleft; i++) {
		if (strstr(plan->left[i].why, why) == NULL)
			fail_msg("%s", plan->left[i].why);
	}
}

static void test_identity(void **state)
{
	(void)state;
	put_pyo3();
	struct interpreter other = python;
	struct rewrite_request r = request(NEW);
	r.now = &other;
	other.minor = 12;
	left_one(&r, "version 3.11 was recorded");
	other = python;
	other.gil_disabled = true;
	left_one(&r, "ABI");
	other = python;
	other.debug = true;
	left_one(&r, "debug");
	other = python;
	other.lib_dir = "/opt/lib";
	left_one(&r, "lib_dir");
	other = python;
	other.pointer_width = 32;
	left_one(&r, "pointer width");
	r.now = NULL;
	left_one(&r, "has none that could be compared");
	r.force_identity = true;
	apply(&r, 1, 3, 8);
}

/* What another environment need not have alike: directories, watched files, what OUT_DIR holds. */
static void script_one(const char *line, const char *why)
{
	put_pyo3();
	(void)put_run("debug", "cffi", line);
	const struct rewrite_request r = request(NEW);
	CLEANUP_TARGET struct target *t = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(t, &r);
	size_t unit = fake_index(t, directory("debug", "cffi"), RUN_BASE);
	assert_int_equal(plan->nleft, why != NULL);
	if (why != NULL) {
		assert_int_equal(plan->left[0].unit, unit);
		if (strstr(plan->left[0].why, why) == NULL)
			fail_msg("%s", plan->left[0].why);
	}
	assert_int_equal(plan->edited, why != NULL ? 1 : 2);
}

static void test_scripts(void **state)
{
	(void)state;
	script_one("", NULL);
	script_one("cargo:rustc-env=PY=" OLD "/bin/python\n", NULL);
	script_one("cargo:rerun-if-changed=" OLD "/pyvenv.cfg\n", NULL);
	script_one("cargo:warning=headers in " OLD "/include\n", NULL);
	script_one("cargo:rustc-link-search=native=" OLD "/lib\n", "names a directory");
	script_one("cargo:include=" OLD "/include\n", "names a directory");
	script_one("cargo::rustc-link-arg=-L" OLD "/lib\n", "names a directory");
	/* A package of the next environment can have another version and an older date. */
	script_one("cargo:rerun-if-changed=" OLD "/lib/python3.11/site-packages/cffi/x.h\n", "watches");
	script_one("cargo:rerun-if-changed=" OLD "\n", "watches");
	script_one("cargo:rerun-if-changed=" OLD "/bin\n", "watches");
}

static void test_out_dir(void **state)
{
	(void)state;
	put_pyo3();
	temp_put(run_file("debug", "pyo3-ffi", "out/deep/bindings.rs"), "// from " OLD "/include\n");
	const struct rewrite_request r = request(NEW);
	left_one(&r, "out/deep/bindings.rs");
}

/* Equal units must stay equal: where one of two cannot be changed, both stay. */
static void test_twins(void **state)
{
	(void)state;
	put_pyo3();
	assert_true(put_run("debug", "n", "") == put_run("triple/debug", "n", ""));
	const struct rewrite_request r = request(NEW);
	CLEANUP_TARGET struct target *both = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(both, &r);
	assert_int_equal(plan->edited, 3);
	assert_int_equal(plan->nleft, 0);
	temp_put(run_file("triple/debug", "n", "out/x"), OLD "/include");
	CLEANUP_TARGET struct target *one = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *less = plan_of(one, &r);
	assert_int_equal(less->edited, 1);
	assert_int_equal(less->nleft, 2);
	assert_string_equal(less->left[0].why, less->left[1].why);
}

/* R5: nothing below a unit that does not reproduce is changed. */
static void test_unverified(void **state)
{
	(void)state;
	put_pyo3();
	temp_put(arena_printf(temp_mem, "%s/lib-x", directory("debug", "app")), HEX);
	const struct rewrite_request r = request(NEW);
	left_one(&r, "app (lib, debug) depends on it");
	put_pyo3();
	temp_put(arena_printf(temp_mem, "%s/" RUN_BASE, directory("debug", "pyo3-ffi")), HEX);
	left_one(&r, "does not follow from its JSON");
	temp_put(arena_printf(temp_mem, "%s/" RUN_BASE, directory("debug", "pyo3-ffi")), "");
	left_one(&r, "did not finish");
}

/* A dependent without JSON keeps its old hash: cargo builds it again, as it would have without us. */
static void test_dependent_without_json(void **state)
{
	(void)state;
	put_pyo3();
	const char *json = arena_printf(temp_mem, "%s/lib-x.json", directory("debug", "app"));
	assert_int_equal(unlinkat(temp_fd, json, 0), 0);
	const char *hash = arena_printf(temp_mem, "%s/lib-x", directory("debug", "app"));
	const char *before = temp_get(hash).ptr;
	const struct rewrite_request r = request(NEW);
	apply(&r, 1, 2, 6);
	temp_expect(hash, before);
}

/* Only the variables asked for; lists of paths element by element. */
static void test_variables(void **state)
{
	(void)state;
	put_pyo3();
	struct fake run = {.directory = directory("debug", "p"),
		.base = RUN_BASE,
		.local = {fake_env("PATH", OLD "/bin:/usr/bin:" OLD "/sbin"), fake_env("VIRTUAL_ENV", OLD)},
		.nlocal = 2};
	(void)fake_put(&run);
	temp_put(run_file("debug", "p", "output"), "cargo:rerun-if-env-changed=PATH\n");
	struct rewrite_request r = request(NEW);
	static const char *const only_path[] = {"PATH"};
	r.var = only_path;
	r.nvar = 1;
	CLEANUP_TARGET struct target *t = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(t, &r);
	assert_int_equal(plan->edited, 2);
	assert_int_equal(plan->nvalue, 1);
	assert_string_equal(plan->value[0].after, NEW "/bin:/usr/bin:" NEW "/sbin");
}

/* All but pyo3's own, and the package that `ctx` names. */
static bool must_rerun(size_t unit, bool told, void *ctx)
{
	CLEANUP_TARGET struct target *t = fake_load();
	const char *package = t->unit[unit].package;
	return strncmp(package, "pyo3", 4) != 0 && (told || ctx == NULL || strcmp(package, ctx) != 0);
}

static struct rewrite_request alias_request(void)
{
	struct rewrite_request r = request(NEW);
	r.must_rerun = must_rerun;
	r.map.one_name = true;
	return r;
}

/* A script other than pyo3's own, above it or with the variable itself. */
static void third_party_one(const char *package, bool registers)
{
	uint64_t ffi = put_run("debug", "pyo3-ffi", ffi_output());
	struct fake run = {.directory = directory("debug", package),
		.base = RUN_BASE,
		.dep = {fake_dep("build_script_build", registers ? 0 : ffi)},
		.local = {registers ? fake_env("PYO3_PYTHON", OLD "/bin/python3.11") : fake_env("HOME", "/h"),
			fake_env("OWN", package)},
		.nlocal = 2};
	(void)fake_put(&run);
	temp_put(run_file("debug", package, "output"), "cargo:rustc-cfg=x\n");
	temp_put(run_file("debug", package, "out/made.o"), "object");
	temp_set_time(run_file("debug", package, "out/made.o"), FAKE_TIME, 0);
}

static void reruns_one(const struct rewrite_request *r, size_t edited, size_t left, size_t rerun)
{
	CLEANUP_TARGET struct target *t = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(t, r);
	assert_int_equal(plan->edited, edited);
	assert_int_equal(plan->nleft, left);
	assert_int_equal(plan->nrerun, rerun);
}

/* With an alias only a record keeps them; pyo3's own are kept in any case. */
static void test_third_parties(void **state)
{
	(void)state;
	struct rewrite_request r = alias_request();
	put_pyo3();
	reruns_one(&r, 1, 0, 0);
	third_party_one("above", false);
	reruns_one(&r, 1, 1, 1);
	/* The old value stays, and that is enough. */
	third_party_one("registers", true);
	third_party_one("pyo3", true);
	reruns_one(&r, 2, 2, 1);
	char above[] = "above", registers[] = "registers";
	r.ctx = above;
	reruns_one(&r, 2, 1, 0);
	r.ctx = registers;
	reruns_one(&r, 3, 1, 1);
	r.must_rerun = NULL;
	reruns_one(&r, 3, 0, 0);
}

/* A record keeps a script, but not one that gave the interpreter's path to what is compiled. */
static void test_told_path(void **state)
{
	static const char *const tells[] = {
		"cargo:rustc-env=PYTHON=" OLD "/bin/python\n", "cargo:python=" OLD "/bin/python3.11\n"};
	static const char *const keeps[] = {"with " OLD "/bin/python\n",
		"cargo:rerun-if-changed=" OLD "/bin/python\n", "cargo:rustc-env=PYTHON=/usr/bin/python3\n"};
	char registers[] = "registers";
	struct rewrite_request r = alias_request();
	(void)state;
	r.ctx = registers;
	put_pyo3();
	third_party_one("registers", true);
	for (size_t i = 0; i < COUNT_OF(tells); i++) {
		temp_put(run_file("debug", "registers", "output"), tells[i]);
		reruns_one(&r, 1, 1, 0);
	}
	for (size_t i = 0; i < COUNT_OF(keeps); i++) {
		temp_put(run_file("debug", "registers", "output"), keeps[i]);
		reruns_one(&r, 2, 0, 0);
	}
}

static void test_rerun(void **state)
{
	(void)state;
	const struct rewrite_request r = alias_request();
	put_pyo3();
	third_party_one("above", false);
	apply(&r, 1, 4, 10);
	assert_false(temp_exists(run_file("debug", "above", "output")));
	assert_true(temp_exists(run_file("debug", "above", "steady-aside-output")));
	assert_true(temp_stat(run_file("debug", "above", "out/made.o")).st_mtim.tv_sec < FAKE_TIME);
	apply(&r, 0, 0, 0);
}

/* An alias of another home directory: the same interpreter's becomes ours, whoever else is recorded with it. */
static void test_alias_of_another_home(void **state)
{
	(void)state;
	struct rewrite_request r = alias_request();
	static const char other[] = "/other/home/python-alias/cpython-3.11.2-x86_64-linux-gnu-01234567";
	const struct fake run = {.directory = directory("debug", "pyo3-x"),
		.base = RUN_BASE,
		.local = {fake_env("PYO3_PYTHON", arena_printf(temp_mem, "%s/bin/python", other))},
		.nlocal = 1};
	(void)fake_put(&run);
	temp_put(run_file("debug", "pyo3-x", "output"), "");
	r.map.to = "/my/home/python-alias/cpython-3.11.2-x86_64-linux-gnu-01234567";
	reruns_one(&r, 1, 0, 0);
	r.map.to = "/my/home/python-alias/cpython-3.11.9-x86_64-linux-gnu-89abcdef";
	left_one(&r, "alias of another interpreter");
}

/* A script that nothing would make cargo run, though its output names directories of the old environment. */
static void test_rerun_without_variable(void **state)
{
	(void)state;
	struct rewrite_request r = request(NEW);
	put_pyo3();
	third_party_one("above", false);
	temp_put(run_file("debug", "above", "output"), "cargo:rustc-link-search=" OLD "/lib\n");
	reruns_one(&r, 1, 1, 1);
	r.must_rerun = must_rerun;
	reruns_one(&r, 1, 1, 1);
}

/* maturin's own config, which belongs to no unit, and one of another environment. */
static void test_maturin(void **state)
{
	(void)state;
	const char *mine = "maturin/pyo3-config-x86_64-unknown-linux-gnu-3.11.txt";
	const char *other = "maturin/pyo3-config-x86_64-unknown-linux-gnu-3.12.txt";
	const struct rewrite_request r = request(NEW);
	put_pyo3();
	temp_put(mine, CONFIG(OLD));
	temp_set_time(mine, FAKE_TIME, 6);
	temp_put(other, CONFIG("/tmp/build-env-zzzzzzzz"));
	temp_put("maturin/notes", CONFIG(OLD));
	apply(&r, 1, 3, 9);
	temp_expect(mine, CONFIG(NEW));
	assert_int_equal(temp_stat(mine).st_mtim.tv_sec, FAKE_TIME);
	assert_int_equal(temp_stat(mine).st_mtim.tv_nsec, 6);
	temp_expect(other, CONFIG("/tmp/build-env-zzzzzzzz"));
	temp_expect("maturin/notes", CONFIG(OLD));
}

/* A stranger's output that names environments without end. */
static void test_many_environments(void **state)
{
	(void)state;
	CLEANUP_STR struct str output = STR_INIT;
	for (unsigned i = 0; i < 20000; i++)
		str_printf(&output, "cargo:k=/tmp/build-env-%08u/bin/python\n", i);
	put_pyo3();
	(void)put_run("debug", "z", output.buf);
	const struct rewrite_request r = request(NEW);
	CLEANUP_TARGET struct target *t = fake_load();
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = plan_of(t, &r);
	assert_int_equal(plan->edited, 1);
	assert_int_equal(plan->nleft, 1);
	assert_true(plan->nenv <= 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_there_and_back),
		TEMP_TEST(test_identity),
		TEMP_TEST(test_scripts),
		TEMP_TEST(test_out_dir),
		TEMP_TEST(test_twins),
		TEMP_TEST(test_unverified),
		TEMP_TEST(test_dependent_without_json),
		TEMP_TEST(test_variables),
		TEMP_TEST(test_maturin),
		TEMP_TEST(test_third_parties),
		TEMP_TEST(test_told_path),
		TEMP_TEST(test_rerun),
		TEMP_TEST(test_alias_of_another_home),
		TEMP_TEST(test_rerun_without_variable),
		TEMP_TEST(test_many_environments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
