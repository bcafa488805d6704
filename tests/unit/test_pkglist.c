/* All files of a package, as cargo lists them without git and with it. */
#include "steady/core/pkglist.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
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

static char root[64];

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/steady-pkglist-XXXXXX");
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int drop_root(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = fsio_open_root("/tmp", NULL);
	return fsio_remove_tree(fd, root + strlen("/tmp/"), NULL);
}

static void put(const char *path, const char *text)
{
	CLEANUP_CLOSE int fd = fsio_open_root(root, NULL);
	CLEANUP_STR struct str dir = STR_INIT;
	struct err err = ERR_INIT;
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		str_clear(&dir);
		str_add_mem(&dir, path, (size_t)(slash - path));
		assert_int_equal(fsio_mkdir(fd, dir.buf, &err), 0);
	}
	const struct file_meta meta = {.mode = 0644, .has_mtime = true, .mtime = {.tv_sec = 1000}};
	assert_int_equal(fsio_replace(fd, path, span_of(text), &meta, &err), 0);
}

static void put_tree(const char *manifest)
{
	static const char *const files[] = {"src/lib.rs", "src/.hidden", ".dot/x", "a.txt", "docs/b.txt",
		"target/x", "src/target/y", "nested/Cargo.toml", "nested/src/lib.rs", "Cargo.lock"};
	put("Cargo.toml", manifest);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		put(files[i], "x");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct pkglist_file *)a)->path, ((const struct pkglist_file *)b)->path);
}

/* The names, sorted, a blank behind each. */
static void list_one(const struct pkglist_options *options, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pkglist list;
	struct err err = ERR_INIT;
	assert_int_equal(pkglist_read(options, root, mem, &list, &err), 0);
	assert_int_equal(list.by_git, options->git != NULL);
	qsort(list.file, list.count, sizeof(*list.file), by_name);
	CLEANUP_STR struct str seen = STR_INIT;
	for (size_t i = 0; i < list.count; i++)
		str_printf(&seen, "%s ", list.file[i].path + strlen(root) + 1);
	assert_string_equal(seen.buf, expected);
}

static void walks(void **state)
{
	(void)state;
	const struct pkglist_options modern = {.workspace_root = root, .minor = 95};
	const struct pkglist_options old = {.workspace_root = root, .minor = 65};
	put_tree("[package]\nname = \"a\"\n");
	list_one(&modern, "Cargo.lock Cargo.toml a.txt docs/b.txt src/lib.rs src/target/y ");
	list_one(&old, "Cargo.toml a.txt docs/b.txt src/lib.rs src/target/y ");
	put("src/main.rs", "");
	list_one(&old, "Cargo.lock Cargo.toml a.txt docs/b.txt src/lib.rs src/main.rs src/target/y ");
	put_tree("[package]\nname = \"a\"\nexclude = [\"*.txt\", \"/src/target\", \"!.dot\"]\n");
	list_one(&modern, ".dot/x Cargo.lock Cargo.toml src/lib.rs src/main.rs ");
	put_tree("[package]\nname = \"a\"\ninclude = [\"src/**/*.rs\", \".dot\"]\n");
	list_one(&modern, ".dot/x Cargo.lock Cargo.toml src/lib.rs src/main.rs ");
	put_tree(
		"[package]\nname = \"a\"\ninclude.workspace = true\n[workspace.package]\ninclude = [\"docs\"]\n");
	list_one(&modern, "Cargo.lock Cargo.toml docs/b.txt ");
}

static void alternatives(void **state)
{
	(void)state;
	const struct pkglist_options modern = {.workspace_root = root, .minor = 95};
	put_tree("[package]\nname = \"a\"\ninclude = [\"{src,docs}/{*.rs,b.{txt,md}}\", \"{,.dot/}x\"]\n");
	list_one(&modern, ".dot/x Cargo.lock Cargo.toml docs/b.txt src/lib.rs ");
	put_tree("[package]\nname = \"a\"\ninclude = [\"{src\"]\n");
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pkglist list;
	assert_int_equal(pkglist_read(&modern, root, mem, &list, NULL), -EBADMSG);
}

static int list_by_git(
	void *ctx, const char *dir, void (*add)(void *to, const char *path), void *to, struct err *err)
{
	static const char *const files[] = {"src/.hidden", "Cargo.toml", "nested/src/lib.rs",
		"nested/Cargo.toml", "src/lib.rs", "gone", "docs", "Cargo.lock"};
	(void)err;
	assert_string_equal(dir, root);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		add(to, files[i]);
	return *(int *)ctx;
}

static void asks_git(void **state)
{
	(void)state;
	int tracked = 0, untracked = PKGLIST_UNTRACKED;
	const struct pkglist_git git = {list_by_git, &tracked}, none = {list_by_git, &untracked};
	put_tree("[package]\nname = \"a\"\nexclude = [\"lib.rs\"]\n");
	list_one(&(struct pkglist_options){.git = &git, .minor = 95},
		"Cargo.lock Cargo.toml docs/b.txt src/.hidden ");
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pkglist list;
	assert_int_equal(pkglist_read(&(struct pkglist_options){.git = &none}, root, mem, &list, NULL), 0);
	assert_false(list.by_git);
	assert_int_equal(list.count, 5);
}

static void date(const char *path, long seconds, long nanoseconds)
{
	CLEANUP_STR struct str full = STR_INIT;
	const struct timespec t = {.tv_sec = seconds, .tv_nsec = nanoseconds};
	const struct timespec times[2] = {t, t};
	path_join(&full, root, path);
	assert_int_equal(utimensat(AT_FDCWD, full.buf, times, 0), 0);
}

static void newest_one(const char *recorded, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pkglist list;
	assert_int_equal(pkglist_read(&(struct pkglist_options){.minor = 0}, root, mem, &list, NULL), 0);
	const char *seen = pkglist_newest(&list, span_of(recorded), mem);
	if (expected != NULL)
		assert_string_equal(seen, expected);
}

static void newest(void **state)
{
	(void)state;
	put_tree("[package]\nname = \"a\"\n");
	date("docs/b.txt", 2000, 7);
	date("target/x", 3000, 0);
	newest_one("", "2000.000000007s (docs/b.txt)");
	date("src/lib.rs", 2000, 7);
	newest_one("2000.000000007s (src/lib.rs)", "2000.000000007s (src/lib.rs)");
	newest_one("2000.000000007s (docs/b.txt)", "2000.000000007s (docs/b.txt)");
	date("src/lib.rs", 2000, 8);
	newest_one("2000.000000007s (docs/b.txt)", "2000.000000008s (src/lib.rs)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(walks, make_root, drop_root),
		cmocka_unit_test_setup_teardown(alternatives, make_root, drop_root),
		cmocka_unit_test_setup_teardown(asks_git, make_root, drop_root),
		cmocka_unit_test_setup_teardown(newest, make_root, drop_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
