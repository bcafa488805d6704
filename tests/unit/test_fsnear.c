#include "steady/util/fsnear.h"

#include "tempdir.h"

static const char *const paths[] = {"", ".", "a", "a/b", "a/b/file", "a/b/none", "a/b/other", "a/c",
	"a/c/file", "a/none/file", "a/none/more", "a/b/file/x", "link/file", "a/b/file", "top", "link",
	"../out/file", "/etc/passwd", "a/../a/b/file", "a//b/file", "dangling", "a/c/file"};

static int make_tree(void **state)
{
	if (temp_setup(state) != 0)
		return -1;
	temp_put("a/b/file", "text");
	temp_put("a/b/other", "text too");
	temp_put("a/c/file", "third");
	temp_put("out/file", "outside");
	temp_put("top", "");
	temp_link("out", "link");
	temp_link("nowhere", "dangling");
	return 0;
}

/* Whatever was asked before, the answer is fsio_stat's. */
static void test_stat(void **state)
{
	(void)state;
	struct fsnear near = FSNEAR_INIT(temp_fd);
	for (size_t first = 0; first < COUNT_OF(paths); first++) {
		for (size_t second = 0; second < COUNT_OF(paths); second++) {
			struct stat expected = {.st_size = -1}, found = {.st_size = -1};
			(void)fsnear_stat(&near, paths[first], &found);
			found = expected;
			int code = fsio_stat(temp_fd, paths[second], &expected, NULL);
			assert_int_equal(fsnear_stat(&near, paths[second], &found), code);
			assert_int_equal(found.st_ino, expected.st_ino);
			assert_int_equal(found.st_size, expected.st_size);
		}
	}
	fsnear_release(&near);
}

static int64_t mtime_of(const char *path)
{
	struct stat st;
	assert_int_equal(fsio_stat(temp_fd, path, &st, NULL), 0);
	return st.st_mtim.tv_sec;
}

static void test_set_mtime(void **state)
{
	(void)state;
	static const char *const there[] = {"a/b/file", "a/b/other", "a/c/file", "a/b", "link", "top"};
	struct fsnear near = FSNEAR_INIT(temp_fd);
	for (size_t i = 0; i < COUNT_OF(there); i++) {
		struct timespec time = {.tv_sec = 1000 + (time_t)i};
		assert_int_equal(fsnear_set_mtime(&near, there[i], time), 0);
	}
	for (size_t i = 0; i < COUNT_OF(there); i++)
		assert_int_equal(mtime_of(there[i]), 1000 + (int64_t)i);
	assert_true(mtime_of("out") > 2000);
	assert_true(fsnear_set_mtime(&near, "link/file", (struct timespec){.tv_sec = 1}) < 0);
	assert_true(fsnear_set_mtime(&near, "a/none", (struct timespec){.tv_sec = 1}) < 0);
	assert_true(mtime_of("out/file") > 2000);
	fsnear_release(&near);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stat, make_tree, temp_teardown),
		cmocka_unit_test_setup_teardown(test_set_mtime, make_tree, temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
