#include "steady/core/mark.h"

#include "tempdir.h"

#include <sys/wait.h>

static int build_dir(void)
{
	return fsio_open_dir(temp_fd, "ws/target", NULL);
}

static void test_left_and_read(void **state)
{
	(void)state;
	temp_put("ws/target/x", "");
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec when, again;
	assert_false(mark_read(fd, temp_path("ws"), &when));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), &when));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), &again));
	assert_true(timespec_cmp(again, when) >= 0);
	/* Of another work tree. */
	temp_put("other/x", "");
	assert_false(mark_read(fd, temp_path("other"), &when));
	assert_int_not_equal(mark_leave(fd, temp_path("none"), NULL, NULL), 0);
}

/* One whose process is gone is none any more, and a copy never was one. */
static void test_builder_is_over(int fd)
{
	struct timespec left;
	struct span text;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		(void)mark_leave(fd, temp_path("ws"), NULL, NULL);
		if (!mark_read(fd, temp_path("ws"), &left) ||
			mark_amend(fd, temp_path("ws"), MARK_UNLOCKED, &left, NULL) != 0 ||
			!mark_is_of_intruder(fd, temp_path("other")))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(mark_is_open(fd, temp_path("ws")));
	assert_false(mark_is_of_intruder(fd, temp_path("other")));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), &left));
	assert_int_equal(mark_amend(fd, temp_path("ws"), MARK_UNLOCKED, &left, NULL), 0);
	assert_true(mark_is_of_intruder(fd, temp_path("other")));
	const struct file_meta meta = {.mode = 0644};
	assert_int_equal(fsio_read(fd, MARK_FILE, 100000, temp_mem, &text, NULL, NULL), 0);
	assert_int_equal(fsio_replace(fd, MARK_FILE, text, &meta, NULL), 0);
	assert_false(mark_is_of_intruder(fd, temp_path("other")));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
}

/* Open until it is said that all is recorded, by the one who left it. */
static void test_open(void **state)
{
	(void)state;
	temp_put("ws/target/x", "");
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec left, now;
	assert_false(mark_is_open(fd, temp_path("ws")));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws")));
	assert_true(mark_read(fd, temp_path("ws"), &left));
	/* Somebody else's of another time. */
	struct timespec earlier = {.tv_sec = left.tv_sec - 1, .tv_nsec = left.tv_nsec};
	assert_int_equal(mark_amend(fd, temp_path("ws"), MARK_RECORDED, &earlier, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws")));
	assert_int_equal(mark_amend(fd, temp_path("ws"), MARK_UNLOCKED, &left, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws")));
	temp_put("other/x", "");
	assert_false(mark_is_of_intruder(fd, temp_path("ws")));
	assert_true(mark_is_of_intruder(fd, temp_path("other")));
	test_builder_is_over(fd);
	assert_true(mark_read(fd, temp_path("ws"), &left));
	assert_int_equal(mark_amend(fd, temp_path("ws"), MARK_RECORDED, &left, NULL), 0);
	assert_false(mark_is_of_intruder(fd, temp_path("other")));
	assert_false(mark_is_open(fd, temp_path("ws")));
	/* It still says whose builds these are. */
	assert_true(mark_read(fd, temp_path("ws"), &now));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws")));
	mark_drop(fd);
	assert_false(mark_read(fd, temp_path("ws"), &now));
}

/* About one profile, whatever state it gets. */
static void test_profile(void **state)
{
	(void)state;
	temp_put("ws/target/x", "");
	temp_put("other/x", "");
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec left;
	assert_int_equal(mark_leave(fd, temp_path("ws"), "dev-opt", NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), &left));
	assert_string_equal(mark_profile(fd, temp_path("ws"), temp_mem), "dev-opt");
	assert_int_equal(mark_amend(fd, temp_path("ws"), MARK_RECORDED, &left, NULL), 0);
	assert_false(mark_is_open(fd, temp_path("ws")));
	assert_string_equal(mark_profile(fd, temp_path("ws"), temp_mem), "dev-opt");
	assert_null(mark_profile(fd, temp_path("other"), temp_mem));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_null(mark_profile(fd, temp_path("ws"), temp_mem));
	/* A name that would be two lines. */
	assert_int_equal(mark_leave(fd, temp_path("ws"), "a\nb", NULL), 0);
	assert_false(mark_read(fd, temp_path("ws"), &left));
}

/* A copy says nothing, even one with all its times. */
static void test_copies(void **state)
{
	(void)state;
	temp_put("ws/target/x", "");
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec when;
	struct span text;
	struct stat st;
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_int_equal(fsio_read(fd, MARK_FILE, 100000, temp_mem, &text, &st, NULL), 0);
	const struct file_meta meta = {.mode = 0644, .has_mtime = true, .mtime = st.st_mtim};
	assert_int_equal(fsio_replace(fd, MARK_FILE, text, &meta, NULL), 0);
	assert_false(mark_read(fd, temp_path("ws"), &when));
}

/* Another directory in the place of the work tree. */
static void test_another_root(void **state)
{
	(void)state;
	temp_put("ws/target/x", "");
	temp_put("new/x", "");
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec when;
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_int_equal(rename(temp_path("ws"), temp_path("old")), 0);
	assert_int_equal(rename(temp_path("new"), temp_path("ws")), 0);
	assert_false(mark_read(fd, temp_path("ws"), &when));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_left_and_read),
		TEMP_TEST(test_open),
		TEMP_TEST(test_profile),
		TEMP_TEST(test_copies),
		TEMP_TEST(test_another_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
