/* What belongs to a unit, in small hand-made build directories; and cargo's walk for modification times. */
#include "steady/core/mtimewalk.h"
#include "steady/core/unitfiles.h"
#include "steady/util/path.h"

#include "tempdir.h"

#define HEX "0123456789abcdef"

static void put_depinfo(const char *path, const char *package_file)
{
	struct depinfo_file file = {.root = DEPINFO_PACKAGE, .path = span_of(package_file)};
	const struct depinfo info = {.version = DEPINFO_V1, .file = &file, .nfile = 1};
	CLEANUP_STR struct str bytes = STR_INIT;
	depinfo_format(&info, &bytes);
	temp_put_bytes(path, str_span(&bytes));
}

/* A target below the root of the test, read; *ret_files and *ret are freed by the caller. */
static void load(struct target **ret, struct unitfiles **ret_files)
{
	struct err err = ERR_INIT;
	const char *path = temp_path("target");
	assert_int_equal(target_load(path, ret, &err), 0);
	const struct unitfiles_options options = {.workspace_root = temp_root};
	assert_int_equal(unitfiles_open(*ret, &options, ret_files, &err), 0);
}

static void reads_old_layout(void **state)
{
	(void)state;
	temp_put("app/Cargo.toml", "[package]\nname = \"app\"\n");
	temp_put("target/debug/.fingerprint/app-" HEX "/lib-app", HEX);
	temp_put("target/debug/.fingerprint/app-" HEX "/invoked.timestamp", "x");
	put_depinfo("target/debug/.fingerprint/app-" HEX "/dep-lib-app", "src/lib.rs");
	temp_put("target/debug/deps/app-" HEX ".d",
		"/old/target/debug/deps/app-" HEX ".d: app/src/lib.rs\n\n"
		"/old/target/debug/deps/libapp-" HEX ".rlib: app/src/lib.rs\n\n"
		"/old/target/debug/deps/app-" HEX ".rmeta: app/src/lib.rs\n");
	temp_put("target/debug/deps/libapp-" HEX ".rlib", "");
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_UNITFILES struct unitfiles *files = NULL;
	load(&t, &files);
	const struct unit_files *u = unitfiles_get(files, 0);
	assert_int_equal(u->reference_state, REFERENCE_READ);
	assert_true(u->invoked.present);
	assert_int_equal(u->origin, ORIGIN_WORKSPACE);
	assert_string_equal(u->main_source, "app/src/lib.rs");
	assert_int_equal(u->noutput, 2);
	assert_false(u->outputs_guessed);
	assert_string_equal(u->outputs[0].file.path, "debug/deps/libapp-" HEX ".rlib");
	assert_true(u->outputs[0].is_rlib && u->outputs[0].file.present);
	assert_true(u->outputs[1].is_rmeta && !u->outputs[1].file.present);
	assert_string_equal(u->outputs[1].file.path, "debug/deps/libapp-" HEX ".rmeta");
	CLEANUP_STR struct str path = STR_INIT;
	assert_true(unitfiles_depinfo_path(files, u, &u->depinfo.file[0], &path));
	CLEANUP_STR struct str expected = STR_INIT;
	path_join(&expected, temp_root, "app/src/lib.rs");
	assert_string_equal(path.buf, expected.buf);
}

static void reads_new_layout(void **state)
{
	(void)state;
	temp_put("Cargo.toml", "[package]\nname = \"app\"\n");
	temp_put("target/debug/build/app/" HEX "/fingerprint/bin-my-app", HEX);
	temp_put("target/debug/build/app/" HEX "/fingerprint/dep-bin-my-app", "\xff\xff\xff\xff");
	temp_put("target/debug/build/app/" HEX "/out/my_app.d",
		"/x/my_app.d: src/main.rs\n\n/x/my_app: src/main.rs\n");
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_UNITFILES struct unitfiles *files = NULL;
	load(&t, &files);
	unitfiles_preload(files);
	const struct unit_files *u = unitfiles_get(files, 0);
	assert_int_equal(u->reference_state, REFERENCE_DAMAGED);
	assert_true(u->reference.present);
	assert_int_equal(u->noutput, 1);
	assert_string_equal(u->outputs[0].file.path, "debug/build/app/" HEX "/out/my_app");
	assert_string_equal(u->package_root, temp_root);
}

static void guesses_outputs(void **state)
{
	(void)state;
	temp_put("target/debug/.fingerprint/app-" HEX "/bin-app", HEX);
	temp_put("target/debug/.fingerprint/app-" HEX "/lib-app", HEX);
	temp_put("target/debug/deps/app-" HEX, "");
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_UNITFILES struct unitfiles *files = NULL;
	load(&t, &files);
	const struct unit_files *bin = unitfiles_get(files, 0);
	assert_true(bin->outputs_guessed && bin->outputs[0].file.present);
	assert_int_equal(bin->reference_state, REFERENCE_MISSING);
	assert_int_equal(bin->origin, ORIGIN_UNKNOWN);
	assert_null(bin->package_root);
}

static void reads_scripts(void **state)
{
	(void)state;
	CLEANUP_STR struct str text = STR_INIT;
	str_printf(&text,
		"cargo:rerun-if-changed=%s/n/data\nhello\ncargo:rerun-if-changed=/old/out/x\n"
		"cargo:rerun-if-changed=src/a b\ncargo:rerun-if-env-changed=CC\n",
		temp_root);
	temp_put("n/Cargo.toml", "[package]\nname = \"n\"\n");
	temp_put("target/debug/.fingerprint/n-" HEX "/build-script-build-script-build", HEX);
	temp_put("target/debug/.fingerprint/n-" HEX "/build-script-build-script-build.json",
		"{\"rustc\":1,\"features\":\"[]\",\"target\":1,\"profile\":1,\"path\":1,\"deps\":[],\"local\":[],"
		"\"rustflags\":[],\"config\":1,\"compile_kind\":0}");
	temp_put("target/debug/build/n-" HEX "/build_script_build-" HEX ".d", "/x/a: n/build.rs\n");
	temp_put("target/debug/.fingerprint/n-fedcba9876543210/run-build-script-build-script-build", HEX);
	temp_put("target/debug/.fingerprint/n-fedcba9876543210/run-build-script-build-script-build.json",
		"{\"rustc\":1,\"features\":\"\",\"target\":0,\"profile\":0,\"path\":0,\"deps\":[],\"local\":[],"
		"\"rustflags\":[],\"config\":0,\"compile_kind\":0}");
	temp_put("target/debug/build/n-fedcba9876543210/output", text.buf);
	temp_put("target/debug/build/n-fedcba9876543210/root-output", "/old/out");
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_UNITFILES struct unitfiles *files = NULL;
	load(&t, &files);
	const struct unit_files *run = unitfiles_get(files, 1);
	assert_int_equal(run->nrerun_path, 3);
	CLEANUP_STR struct str moved = STR_INIT;
	path_join(&moved, temp_root, "target/debug/build/n-fedcba9876543210/out/x");
	assert_true(span_eq_str(run->rerun_path[0], "data"));
	assert_true(span_eq_str(run->rerun_path[1], moved.buf));
	assert_true(span_eq_str(run->rerun_path[2], "src/a b"));
	assert_int_equal(run->nrerun_env, 1);
	assert_true(span_eq_str(run->rerun_env[0], "CC"));
	assert_false(run->invoked.present);
}

static void date(const char *path, long seconds)
{
	CLEANUP_STR struct str full = STR_INIT;
	path_join(&full, temp_root, path);
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	assert_int_equal(utimensat(AT_FDCWD, full.buf, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void mtime_one(const char *path, long expected)
{
	CLEANUP_STR struct str full = STR_INIT;
	struct err err = ERR_INIT;
	struct timespec seen = {.tv_sec = -1};
	path_join(&full, temp_root, path);
	int code = mtime_recursive(full.buf, &seen, &err);
	assert_int_equal(code, expected < 0 ? FSIO_MISSING : 0);
	assert_int_equal(seen.tv_sec, expected);
}

static void link_to(const char *text, const char *path)
{
	CLEANUP_STR struct str full = STR_INIT;
	path_join(&full, temp_root, path);
	assert_int_equal(symlink(text, full.buf), 0);
}

static void walks_as_cargo(void **state)
{
	(void)state;
	temp_put("d/sub/file", "x");
	temp_put("other/deep/file", "x");
	link_to("../other", "d/link");
	link_to("nowhere", "d/dangling");
	link_to("..", "d/sub/loop");
	link_to("d/sub/file", "to-file");
	date("d/sub/file", 100);
	date("d/dangling", 90000);
	date("d/sub/loop", 80000);
	date("other/deep/file", 300);
	date("other/deep", 40);
	date("other", 50);
	date("d/link", 200);
	date("to-file", 70000);
	date("d/sub", 60);
	date("d", 70);
	mtime_one("d", 300);
	/* from here the link leads out, so it counts; seen from d it leads back */
	mtime_one("d/sub", 80000);
	mtime_one("to-file", 100);
	mtime_one("d/dangling", -1);
	mtime_one("absent", -1);
	date("d/link", 400);
	mtime_one("d", 400);
	date("d/sub", 500);
	mtime_one("d", 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(reads_old_layout),
		TEMP_TEST(reads_new_layout),
		TEMP_TEST(guesses_outputs),
		TEMP_TEST(reads_scripts),
		TEMP_TEST(walks_as_cargo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
