/* Reading and writing below a directory that may be hostile. */
#include "tempdir.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SECRET "outside"

/* in/ is the tree, out/ what must not be reached from it. */
static int make_trees(void **state)
{
	if (temp_setup(state) != 0)
		return -1;
	temp_put("in/a/b/file", "text");
	temp_put("out/file", SECRET);
	temp_link("../out", "in/link");
	temp_link("../../out", "in/a/link");
	temp_link("../out/file", "in/file-link");
	temp_link("b", "in/a/inner-link");
	temp_link("nowhere", "in/dangling");
	CLEANUP_CLOSE int root = temp_fd;
	temp_fd = fsio_open_dir(root, "in", NULL);
	return temp_fd < 0 ? -1 : 0;
}

#define TREE_TEST(fn) cmocka_unit_test_setup_teardown(fn, make_trees, temp_teardown)

static int read_file(const char *path, size_t max, struct span *ret)
{
	struct err err = ERR_INIT;
	int code = fsio_read(temp_fd, path, max, temp_mem, ret, NULL, &err);
	assert_int_equal(err.code, code < 0 ? -code : 0);
	return code;
}

static void read_one(const char *path, int expected)
{
	struct span text = {NULL, 4711};
	assert_int_equal(read_file(path, 100, &text), expected);
	if (expected == 0)
		assert_string_equal(text.ptr, "text");
	else
		assert_int_equal(text.len, 4711);
}

static void test_read(void **state)
{
	(void)state;
	read_one("a/b/file", 0);
	read_one("a/b/none", FSIO_MISSING);
	read_one("a/none/file", FSIO_MISSING);
	read_one("a/b/file/x", FSIO_MISSING);
	read_one("link/file", -EINVAL);
	read_one("a/link/file", -EINVAL);
	read_one("a/inner-link/file", -EINVAL);
	read_one("file-link", -EINVAL);
	read_one("dangling", -EINVAL);
	read_one("a", -EINVAL);
}

/* Every function refuses every way out, before it does anything. */
static void outside_one(const char *path)
{
	const struct file_meta meta = {.mode = 0644};
	struct span text;
	struct stat st;
	assert_int_equal(fsio_read(temp_fd, path, 100, temp_mem, &text, NULL, NULL), -EXDEV);
	assert_int_equal(fsio_open(temp_fd, path, O_RDONLY, NULL), -EXDEV);
	assert_int_equal(fsio_open_dir(temp_fd, path, NULL), -EXDEV);
	assert_int_equal(fsio_stat(temp_fd, path, &st, NULL), -EXDEV);
	assert_int_equal(fsio_create(temp_fd, path, SPAN_LIT("x"), &meta, NULL), -EXDEV);
	assert_int_equal(fsio_replace(temp_fd, path, SPAN_LIT("x"), &meta, NULL), -EXDEV);
	assert_int_equal(fsio_rename(temp_fd, path, "a/new", NULL), -EXDEV);
	assert_int_equal(fsio_rename(temp_fd, "a/b/file", path, NULL), -EXDEV);
	assert_int_equal(fsio_unlink(temp_fd, path, NULL), -EXDEV);
	assert_int_equal(fsio_rmdir(temp_fd, path, NULL), -EXDEV);
	assert_int_equal(fsio_mkdir(temp_fd, path, NULL), -EXDEV);
	assert_int_equal(fsio_remove_tree(temp_fd, path, NULL), -EXDEV);
	assert_int_equal(fsio_set_mtime(temp_fd, path, (struct timespec){1, 1}, NULL), -EXDEV);
	assert_int_equal(fsio_sync_dir(temp_fd, path, NULL), -EXDEV);
}

static void test_outside(void **state)
{
	(void)state;
	outside_one("/");
	outside_one(temp_path("out/file"));
	outside_one("..");
	outside_one("../out/file");
	outside_one("a/../../out/file");
	outside_one("a/..");
	outside_one("a//b");
	outside_one("a/./b");
	outside_one("a/");
	temp_expect("../out/file", SECRET);
	temp_expect("a/b/file", "text");
}

/* Links on the way lead nowhere, for writers too. */
static void link_one(const char *path)
{
	const struct file_meta meta = {.mode = 0644};
	assert_true(fsio_create(temp_fd, path, SPAN_LIT("x"), &meta, NULL) < 0);
	assert_true(fsio_replace(temp_fd, path, SPAN_LIT("x"), &meta, NULL) < 0);
	assert_true(fsio_rename(temp_fd, "a/b/file", path, NULL) < 0);
	assert_true(fsio_rename(temp_fd, path, "a/new", NULL) < 0);
	assert_true(fsio_unlink(temp_fd, path, NULL) != 0);
	assert_true(fsio_mkdir(temp_fd, path, NULL) < 0);
	assert_true(fsio_remove_tree(temp_fd, path, NULL) != 0);
	assert_true(fsio_set_mtime(temp_fd, path, (struct timespec){1, 1}, NULL) < 0);
}

static void test_links(void **state)
{
	(void)state;
	link_one("link/file");
	link_one("a/link/file");
	link_one("a/link/new");
	link_one("a/inner-link/new");
	temp_expect("../out/file", SECRET);
	assert_true(temp_stat("../out/file").st_mtime > 1);
	assert_int_equal(temp_count("a/b"), 1);
	assert_false(temp_exists("../out/new"));
}

/* What is not a regular file is neither read nor waited for. */
static void test_special_files(void **state)
{
	(void)state;
	struct span text;
	assert_int_equal(mkfifoat(temp_fd, "fifo", 0600), 0);
	assert_int_equal(read_file("fifo", 100, &text), -EINVAL);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", temp_path("in/socket"));
	CLEANUP_CLOSE int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(read_file("socket", 100, &text), -EINVAL);
	CLEANUP_CLOSE int dev = fsio_open_root("/dev", NULL);
	assert_int_equal(fsio_read(dev, "zero", 100, temp_mem, &text, NULL, NULL), -EINVAL);
	/* A FIFO is replaced like any name, not written into. */
	const struct file_meta meta = {.mode = 0644};
	assert_int_equal(fsio_replace(temp_fd, "fifo", SPAN_LIT("new"), &meta, NULL), 0);
	temp_expect("fifo", "new");
}

static void test_limits(void **state)
{
	(void)state;
	struct span text;
	temp_put("ten", "0123456789");
	assert_int_equal(read_file("ten", 10, &text), 0);
	assert_int_equal(text.len, 10);
	assert_int_equal(read_file("ten", 9, &text), -EFBIG);
	temp_put("empty", "");
	assert_int_equal(read_file("empty", 0, &text), 0);
	assert_int_equal(text.len, 0);
	/* A file of a terabyte, no byte of which is on disk. */
	assert_int_equal(truncate(temp_path("in/ten"), (off_t)1 << 40), 0);
	assert_int_equal(read_file("ten", (size_t)1 << 30, &text), -EFBIG);
	/* Files that say they are empty and are not: /proc. */
	CLEANUP_CLOSE int proc = fsio_open_root("/proc/self", NULL);
	assert_int_equal(fsio_read(proc, "status", 1 << 20, temp_mem, &text, NULL, NULL), 0);
	assert_true(text.len > 100);
	assert_int_equal(fsio_read(proc, "status", 20, temp_mem, &text, NULL, NULL), -EFBIG);
}

static void test_stat(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(fsio_stat(temp_fd, "a/b/file", &st, NULL), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(fsio_stat(temp_fd, "file-link", &st, NULL), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(fsio_stat(temp_fd, "", &st, NULL), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(fsio_stat(temp_fd, "a/none/x", &st, NULL), FSIO_MISSING);
	assert_int_equal(fsio_stat(temp_fd, "a/b/file/x", &st, NULL), FSIO_MISSING);
	assert_int_equal(fsio_stat(temp_fd, "none", &st, NULL), FSIO_MISSING);
	/* Behind a link there is nothing, or an error. */
	assert_int_not_equal(fsio_stat(temp_fd, "link/file", &st, NULL), 0);
	assert_int_not_equal(fsio_stat(temp_fd, "a/link/file", &st, NULL), 0);
}

static void test_list(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned char type;
	} rows[] = {{"a", DT_DIR}, {"dangling", DT_LNK}, {"file-link", DT_LNK}, {"link", DT_LNK}};
	struct dir_list list;
	/* Twice: the descriptor's offset must not matter. */
	for (int round = 0; round < 2; round++) {
		assert_int_equal(fsio_list(temp_fd, 4, temp_mem, &list, NULL), 0);
		assert_int_equal(list.count, COUNT_OF(rows));
		for (size_t i = 0; i < list.count; i++) {
			assert_string_equal(list.entry[i].name, rows[i].name);
			assert_int_equal(list.entry[i].type, rows[i].type);
		}
	}
	assert_int_equal(fsio_list(temp_fd, 3, temp_mem, &list, NULL), -E2BIG);
	CLEANUP_CLOSE int file = fsio_open(temp_fd, "a/b/file", O_RDONLY, NULL);
	assert_true(fsio_list(file, 10, temp_mem, &list, NULL) < 0);
}

static void test_many_entries(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++)
		temp_put(arena_printf(temp_mem, "many/%d-%0*d", i, i % 200 + 1, 0), "");
	assert_int_equal(temp_count("many"), 3000);
}

static void replace_one(const char *path, const struct file_meta *meta)
{
	size_t before = temp_count("a/b");
	bool fresh = !temp_exists(path);
	assert_int_equal(fsio_replace(temp_fd, path, SPAN_LIT("new text"), meta, NULL), 0);
	temp_expect(path, "new text");
	struct stat st = temp_stat(path);
	assert_int_equal(st.st_mode & 07777, meta->mode);
	if (meta->has_mtime)
		assert_int_equal(timespec_cmp(st.st_mtim, meta->mtime), 0);
	assert_int_equal(temp_count("a/b"), before + fresh);
}

static void test_replace(void **state)
{
	(void)state;
	replace_one("a/b/file", &(struct file_meta){.mode = 0644});
	replace_one("a/b/file",
		&(struct file_meta){.mode = 0755, .has_mtime = true, .mtime = {1600000000, 123456789}});
	replace_one("a/b/new", &(struct file_meta){.mode = 0400, .has_mtime = true, .mtime = {-5, 1}});
	replace_one("a/b/file",
		&(struct file_meta){.mode = 0600, .has_mtime = true, .mtime = {4102444800, 999999999}});
	/* A reader that had the file open keeps the old one. */
	temp_put("a/b/file", "before");
	CLEANUP_CLOSE int old = fsio_open(temp_fd, "a/b/file", O_RDONLY, NULL);
	char kept[16] = "";
	replace_one("a/b/file", &(struct file_meta){.mode = 0600});
	assert_int_equal(read(old, kept, sizeof(kept) - 1), 6);
	assert_string_equal(kept, "before");
	/* A link is replaced, not followed. */
	replace_one("file-link", &(struct file_meta){.mode = 0644});
	temp_expect("../out/file", SECRET);
}

static void test_replace_fails_cleanly(void **state)
{
	(void)state;
	const struct file_meta meta = {.mode = 0644};
	struct err err = ERR_INIT;
	assert_int_equal(fsio_replace(temp_fd, "a/none/file", SPAN_LIT("x"), &meta, &err), -ENOENT);
	/* Over a directory: the temporary file must go again. */
	assert_true(fsio_replace(temp_fd, "a/b", SPAN_LIT("x"), &meta, &err) < 0);
	assert_non_null(strstr(err.msg, "a/b"));
	assert_int_equal(temp_count("a"), 3);
	/* Temporary files that a killed run of the same number left behind do not stop us. */
	for (unsigned i = 0; i < 3; i++)
		temp_put(arena_printf(temp_mem, "a/b/.steady-%ld-%u.tmp", (long)getpid(), i), "left");
	assert_int_equal(fsio_replace(temp_fd, "a/b/file", SPAN_LIT("x"), &meta, &err), 0);
	temp_expect("a/b/file", "x");
}

static void test_create(void **state)
{
	(void)state;
	const struct file_meta meta = {.mode = 0640, .has_mtime = true, .mtime = {1, 999999999}};
	assert_int_equal(fsio_create(temp_fd, "a/new", SPAN_LIT("x"), &meta, NULL), 0);
	assert_int_equal(temp_stat("a/new").st_mtim.tv_nsec, 999999999);
	assert_int_equal(temp_stat("a/new").st_mode & 07777, 0640);
	assert_int_equal(fsio_create(temp_fd, "a/new", SPAN_LIT("y"), &meta, NULL), -EEXIST);
	assert_int_equal(fsio_create(temp_fd, "dangling", SPAN_LIT("y"), &meta, NULL), -EEXIST);
	temp_expect("a/new", "x");
	assert_false(temp_exists("nowhere"));
}

static void test_directories(void **state)
{
	(void)state;
	assert_int_equal(fsio_mkdir(temp_fd, "d", NULL), 0);
	assert_int_equal(fsio_mkdir(temp_fd, "d", NULL), 0);
	assert_int_equal(fsio_mkdir(temp_fd, "none/d", NULL), -ENOENT);
	assert_int_equal(fsio_sync_dir(temp_fd, "d", NULL), 0);
	assert_int_equal(fsio_sync_dir(temp_fd, "none", NULL), -ENOENT);
	temp_put("d/x", "");
	assert_int_equal(fsio_rmdir(temp_fd, "d", NULL), -ENOTEMPTY);
	assert_int_equal(fsio_unlink(temp_fd, "d/x", NULL), 0);
	assert_int_equal(fsio_unlink(temp_fd, "d/x", NULL), FSIO_MISSING);
	assert_int_equal(fsio_unlink(temp_fd, "none/x", NULL), FSIO_MISSING);
	assert_int_equal(fsio_rmdir(temp_fd, "d", NULL), 0);
	assert_int_equal(fsio_rmdir(temp_fd, "d", NULL), FSIO_MISSING);
}

static void test_rename(void **state)
{
	(void)state;
	temp_put("a/from", "moved");
	temp_set_time("a/from", 1600000000, 7);
	assert_int_equal(fsio_rename(temp_fd, "a/from", "a/b/file", NULL), 0);
	temp_expect("a/b/file", "moved");
	assert_int_equal(temp_stat("a/b/file").st_mtim.tv_nsec, 7);
	assert_false(temp_exists("a/from"));
	assert_int_equal(fsio_rename(temp_fd, "a/from", "a/x", NULL), -ENOENT);
}

static void test_remove_tree(void **state)
{
	(void)state;
	temp_put("t/1/2/3/file", "");
	temp_link("../../out", "t/1/link");
	temp_link("../out/file", "t/file-link");
	assert_int_equal(fsio_remove_tree(temp_fd, "t", NULL), 0);
	assert_false(temp_exists("t"));
	temp_expect("../out/file", SECRET);
	assert_int_equal(fsio_remove_tree(temp_fd, "t", NULL), FSIO_MISSING);
	/* A link or a file in its place goes, what is behind it stays. */
	assert_int_equal(fsio_remove_tree(temp_fd, "link", NULL), 0);
	assert_false(temp_exists("link"));
	temp_expect("../out/file", SECRET);
	assert_int_equal(fsio_remove_tree(temp_fd, "a/b/file", NULL), 0);
	assert_false(temp_exists("a/b/file"));
}

static void test_deep_tree(void **state)
{
	(void)state;
	CLEANUP_CLOSE int at = fcntl(temp_fd, F_DUPFD_CLOEXEC, 0);
	for (unsigned i = 0; i < 80; i++) {
		assert_int_equal(mkdirat(at, "d", 0777), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(at);
		at = next;
		if (i == 19)
			assert_int_equal(symlinkat("/", at, "root"), 0);
	}
	struct err err = ERR_INIT;
	assert_int_equal(fsio_remove_tree(temp_fd, "d", &err), -ELOOP);
	assert_non_null(strstr(err.msg, "deep"));
	/* So that the test's own directory can be removed: shorten it from the top. */
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(renameat(temp_fd, "d/d", temp_fd, "e"), 0);
		assert_int_equal(fsio_remove_tree(temp_fd, "d", NULL), 0);
		assert_int_equal(renameat(temp_fd, "e", temp_fd, "d"), 0);
	}
}

static void test_times(void **state)
{
	(void)state;
	assert_int_equal(fsio_set_mtime(temp_fd, "a/b/file", (struct timespec){12, 345}, NULL), 0);
	struct stat st = temp_stat("a/b/file");
	assert_int_equal(st.st_mtim.tv_sec, 12);
	assert_int_equal(st.st_mtim.tv_nsec, 345);
	assert_true(st.st_atim.tv_sec > 12);
	struct stat target = temp_stat("../out/file");
	assert_int_equal(fsio_set_mtime(temp_fd, "file-link", (struct timespec){99, 0}, NULL), 0);
	assert_int_equal(temp_stat("file-link").st_mtim.tv_sec, 99);
	assert_int_equal(timespec_cmp(temp_stat("../out/file").st_mtim, target.st_mtim), 0);
	assert_int_equal(fsio_set_mtime(temp_fd, "none", (struct timespec){1, 1}, NULL), -ENOENT);
}

static void order_one(time_t a_sec, long a_nsec, time_t b_sec, long b_nsec, int expected)
{
	struct timespec a = {a_sec, a_nsec}, b = {b_sec, b_nsec};
	assert_int_equal(timespec_cmp(a, b), expected);
	assert_int_equal(timespec_cmp(b, a), -expected);
}

static void test_timespec_order(void **state)
{
	(void)state;
	order_one(1, 5, 1, 5, 0);
	order_one(1, 5, 1, 6, -1);
	order_one(1, 999999999, 2, 0, -1);
	order_one(-1, 0, 0, 0, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_read),
		TREE_TEST(test_outside),
		TREE_TEST(test_links),
		TREE_TEST(test_special_files),
		TREE_TEST(test_limits),
		TREE_TEST(test_stat),
		TREE_TEST(test_list),
		TREE_TEST(test_many_entries),
		TREE_TEST(test_replace),
		TREE_TEST(test_replace_fails_cleanly),
		TREE_TEST(test_create),
		TREE_TEST(test_directories),
		TREE_TEST(test_rename),
		TREE_TEST(test_remove_tree),
		TREE_TEST(test_deep_tree),
		TREE_TEST(test_times),
		cmocka_unit_test(test_timespec_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
