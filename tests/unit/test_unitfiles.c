/* What belongs to a unit, in small hand-made build directories; and cargo's walk for modification times. */
#include "steady/core/mtimewalk.h"
#include "steady/core/unitfiles.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEX "0123456789abcdef"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/steady-unitfiles-XXXXXX");
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int drop_root(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = fsio_open_root("/tmp", NULL);
	return fsio_remove_tree(fd, root + strlen("/tmp/"), NULL);
}

static void put_bytes(const char *path, struct span bytes)
{
	CLEANUP_CLOSE int fd = fsio_open_root(root, NULL);
	CLEANUP_STR struct str dir = STR_INIT;
	struct err err = ERR_INIT;
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		str_clear(&dir);
		str_add_mem(&dir, path, (size_t)(slash - path));
		assert_int_equal(fsio_mkdir(fd, dir.buf, &err), 0);
	}
	const struct file_meta meta = {.mode = 0644};
	assert_int_equal(fsio_replace(fd, path, bytes, &meta, &err), 0);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, span_of(text));
}

static void put_depinfo(const char *path, const char *package_file)
{
	struct depinfo_file file = {.root = DEPINFO_PACKAGE, .path = span_of(package_file)};
	const struct depinfo info = {.version = DEPINFO_V1, .file = &file, .nfile = 1};
	CLEANUP_STR struct str bytes = STR_INIT;
	depinfo_format(&info, &bytes);
	put_bytes(path, str_span(&bytes));
}

/* A target below the root of the test, read; *ret_files and *ret are freed by the caller. */
static void load(struct target **ret, struct unitfiles **ret_files)
{
	struct err err = ERR_INIT;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/target", root);
	assert_int_equal(target_load(path, ret, &err), 0);
	const struct unitfiles_options options = {.workspace_root = root};
	assert_int_equal(unitfiles_open(*ret, &options, ret_files, &err), 0);
}

static void reads_old_layout(void **state)
{
	(void)state;
	put("app/Cargo.toml", "[package]\nname = \"app\"\n");
	put("target/debug/.fingerprint/app-" HEX "/lib-app", HEX);
	put("target/debug/.fingerprint/app-" HEX "/invoked.timestamp", "x");
	put_depinfo("target/debug/.fingerprint/app-" HEX "/dep-lib-app", "src/lib.rs");
	put("target/debug/deps/app-" HEX ".d",
		"/old/target/debug/deps/app-" HEX ".d: app/src/lib.rs\n\n"
		"/old/target/debug/deps/libapp-" HEX ".rlib: app/src/lib.rs\n\n"
		"/old/target/debug/deps/app-" HEX ".rmeta: app/src/lib.rs\n");
	put("target/debug/deps/libapp-" HEX ".rlib", "");
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
	path_join(&expected, root, "app/src/lib.rs");
	assert_string_equal(path.buf, expected.buf);
}

static void reads_new_layout(void **state)
{
	(void)state;
	put("Cargo.toml", "[package]\nname = \"app\"\n");
	put("target/debug/build/app/" HEX "/fingerprint/bin-my-app", HEX);
	put("target/debug/build/app/" HEX "/fingerprint/dep-bin-my-app", "\xff\xff\xff\xff");
	put("target/debug/build/app/" HEX "/out/my_app.d",
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
	assert_string_equal(u->package_root, root);
}

static void guesses_outputs(void **state)
{
	(void)state;
	put("target/debug/.fingerprint/app-" HEX "/bin-app", HEX);
	put("target/debug/.fingerprint/app-" HEX "/lib-app", HEX);
	put("target/debug/deps/app-" HEX, "");
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
		root);
	put("n/Cargo.toml", "[package]\nname = \"n\"\n");
	put("target/debug/.fingerprint/n-" HEX "/build-script-build-script-build", HEX);
	put("target/debug/.fingerprint/n-" HEX "/build-script-build-script-build.json",
		"{\"rustc\":1,\"features\":\"[]\",\"target\":1,\"profile\":1,\"path\":1,\"deps\":[],\"local\":[],"
		"\"rustflags\":[],\"config\":1,\"compile_kind\":0}");
	put("target/debug/build/n-" HEX "/build_script_build-" HEX ".d", "/x/a: n/build.rs\n");
	put("target/debug/.fingerprint/n-fedcba9876543210/run-build-script-build-script-build", HEX);
	put("target/debug/.fingerprint/n-fedcba9876543210/run-build-script-build-script-build.json",
		"{\"rustc\":1,\"features\":\"\",\"target\":0,\"profile\":0,\"path\":0,\"deps\":[],\"local\":[],"
		"\"rustflags\":[],\"config\":0,\"compile_kind\":0}");
	put("target/debug/build/n-fedcba9876543210/output", text.buf);
	put("target/debug/build/n-fedcba9876543210/root-output", "/old/out");
	CLEANUP_TARGET struct target *t = NULL;
	CLEANUP_UNITFILES struct unitfiles *files = NULL;
	load(&t, &files);
	const struct unit_files *run = unitfiles_get(files, 1);
	assert_int_equal(run->nrerun_path, 3);
	CLEANUP_STR struct str moved = STR_INIT;
	path_join(&moved, root, "target/debug/build/n-fedcba9876543210/out/x");
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
	path_join(&full, root, path);
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	assert_int_equal(utimensat(AT_FDCWD, full.buf, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void mtime_one(const char *path, long expected)
{
	CLEANUP_STR struct str full = STR_INIT;
	struct err err = ERR_INIT;
	struct timespec seen = {.tv_sec = -1};
	path_join(&full, root, path);
	int code = mtime_recursive(full.buf, &seen, &err);
	assert_int_equal(code, expected < 0 ? FSIO_MISSING : 0);
	assert_int_equal(seen.tv_sec, expected);
}

static void link_to(const char *text, const char *path)
{
	CLEANUP_STR struct str full = STR_INIT;
	path_join(&full, root, path);
	assert_int_equal(symlink(text, full.buf), 0);
}

static void walks_as_cargo(void **state)
{
	(void)state;
	put("d/sub/file", "x");
	put("other/deep/file", "x");
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
		cmocka_unit_test_setup_teardown(reads_old_layout, make_root, drop_root),
		cmocka_unit_test_setup_teardown(reads_new_layout, make_root, drop_root),
		cmocka_unit_test_setup_teardown(guesses_outputs, make_root, drop_root),
		cmocka_unit_test_setup_teardown(reads_scripts, make_root, drop_root),
		cmocka_unit_test_setup_teardown(walks_as_cargo, make_root, drop_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
