/* All files of a package, as cargo lists them without git and with it. */
#include "steady/core/pkglist.h"
#include "steady/util/path.h"

#include "tempdir.h"

static void put(const char *path, const char *text)
{
	temp_put(path, text);
	temp_set_time(path, 1000, 0);
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
	assert_int_equal(pkglist_read(options, temp_root, mem, &list, &err), 0);
	assert_int_equal(list.by_git, options->git != NULL);
	qsort(list.file, list.count, sizeof(*list.file), by_name);
	CLEANUP_STR struct str seen = STR_INIT;
	for (size_t i = 0; i < list.count; i++)
		str_printf(&seen, "%s ", list.file[i].path + strlen(temp_root) + 1);
	assert_string_equal(seen.buf, expected);
}

static void walks(void **state)
{
	(void)state;
	const struct pkglist_options modern = {.workspace_root = temp_root, .minor = 95};
	const struct pkglist_options old = {.workspace_root = temp_root, .minor = 65};
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
	const struct pkglist_options modern = {.workspace_root = temp_root, .minor = 95};
	put_tree("[package]\nname = \"a\"\ninclude = [\"{src,docs}/{*.rs,b.{txt,md}}\", \"{,.dot/}x\"]\n");
	list_one(&modern, ".dot/x Cargo.lock Cargo.toml docs/b.txt src/lib.rs ");
	put_tree("[package]\nname = \"a\"\ninclude = [\"{src\"]\n");
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pkglist list;
	assert_int_equal(pkglist_read(&modern, temp_root, mem, &list, NULL), -EBADMSG);
}

static int list_by_git(
	void *ctx, const char *dir, void (*add)(void *to, const char *path), void *to, struct err *err)
{
	static const char *const files[] = {"src/.hidden", "Cargo.toml", "nested/src/lib.rs",
		"nested/Cargo.toml", "src/lib.rs", "gone", "docs", "Cargo.lock"};
	(void)err;
	assert_string_equal(dir, temp_root);
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
	assert_int_equal(
		pkglist_read(&(struct pkglist_options){.git = &none}, temp_root, mem, &list, NULL), 0);
	assert_false(list.by_git);
	assert_int_equal(list.count, 5);
}

static void date(const char *path, long seconds, long nanoseconds)
{
	CLEANUP_STR struct str full = STR_INIT;
	const struct timespec t = {.tv_sec = seconds, .tv_nsec = nanoseconds};
	const struct timespec times[2] = {t, t};
	path_join(&full, temp_root, path);
	assert_int_equal(utimensat(AT_FDCWD, full.buf, times, 0), 0);
}

static void newest_one(const char *recorded, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pkglist list;
	assert_int_equal(pkglist_read(&(struct pkglist_options){.minor = 0}, temp_root, mem, &list, NULL), 0);
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
		TEMP_TEST(walks),
		TEMP_TEST(alternatives),
		TEMP_TEST(asks_git),
		TEMP_TEST(newest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
