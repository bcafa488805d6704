#include "steady/core/mark.h"

#include "tempdir.h"

#include <sys/wait.h>

/* Of the work tree ws; there is another one. */
static int build_dir(void)
{
	temp_put("ws/target/x", "");
	temp_put("other/x", "");
	return fsio_open_dir(temp_fd, "ws/target", NULL);
}

static void test_left_and_read(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec when, again;
	assert_false(mark_read(fd, temp_path("ws"), NULL, &when));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), NULL, &when));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), NULL, &again));
	assert_true(timespec_cmp(again, when) >= 0);
	/* Of another work tree. */
	assert_false(mark_read(fd, temp_path("other"), NULL, &when));
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
		if (!mark_read(fd, temp_path("ws"), NULL, &left) ||
			mark_amend(fd, temp_path("ws"), NULL, MARK_UNLOCKED, &left, NULL) != 0 ||
			!mark_is_of_intruder(fd, temp_path("other"), NULL))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(mark_is_open(fd, temp_path("ws"), NULL));
	assert_false(mark_is_of_intruder(fd, temp_path("other"), NULL));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("ws"), NULL, &left));
	assert_int_equal(mark_amend(fd, temp_path("ws"), NULL, MARK_UNLOCKED, &left, NULL), 0);
	assert_true(mark_is_of_intruder(fd, temp_path("other"), NULL));
	const struct file_meta meta = {.mode = 0644};
	assert_int_equal(fsio_read(fd, MARK_FILE, 100000, temp_mem, &text, NULL, NULL), 0);
	assert_int_equal(fsio_replace(fd, MARK_FILE, text, &meta, NULL), 0);
	assert_false(mark_is_of_intruder(fd, temp_path("other"), NULL));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
}

/* Open until it is said that all is recorded, by the one who left it. */
static void test_open(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec left, now;
	assert_false(mark_is_open(fd, temp_path("ws"), NULL));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws"), NULL));
	assert_true(mark_read(fd, temp_path("ws"), NULL, &left));
	/* Somebody else's of another time. */
	struct timespec earlier = {.tv_sec = left.tv_sec - 1, .tv_nsec = left.tv_nsec};
	assert_int_equal(mark_amend(fd, temp_path("ws"), NULL, MARK_RECORDED, &earlier, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws"), NULL));
	assert_int_equal(mark_amend(fd, temp_path("ws"), NULL, MARK_UNLOCKED, &left, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws"), NULL));
	assert_false(mark_is_of_intruder(fd, temp_path("ws"), NULL));
	assert_true(mark_is_of_intruder(fd, temp_path("other"), NULL));
	test_builder_is_over(fd);
	assert_true(mark_read(fd, temp_path("ws"), NULL, &left));
	assert_int_equal(mark_amend(fd, temp_path("ws"), NULL, MARK_RECORDED, &left, NULL), 0);
	assert_false(mark_is_of_intruder(fd, temp_path("other"), NULL));
	assert_false(mark_is_open(fd, temp_path("ws"), NULL));
	/* It still says whose builds these are. */
	assert_true(mark_read(fd, temp_path("ws"), NULL, &now));
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(mark_is_open(fd, temp_path("ws"), NULL));
	mark_drop(fd, NULL);
	assert_false(mark_read(fd, temp_path("ws"), NULL, &now));
}

static bool is_marked(int fd, const char *root, const char *profile)
{
	struct timespec when;
	return mark_read(fd, temp_path(root), profile, &when);
}

/* About one profile, whatever state it gets; the later one counts. */
static void test_profile(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec left;
	assert_true(mark_is_own_or_none(fd, temp_path("ws")));
	assert_int_equal(mark_leave(fd, temp_path("ws"), "dev-opt", NULL), 0);
	assert_int_equal(mark_leave(fd, temp_path("other"), "release", NULL), 0);
	assert_true(is_marked(fd, "ws", "dev-opt"));
	assert_false(is_marked(fd, "ws", "release"));
	assert_true(is_marked(fd, "other", "release"));
	assert_false(is_marked(fd, "ws", "debug"));
	assert_false(is_marked(fd, "ws", NULL));
	assert_false(mark_is_own_or_none(fd, temp_path("ws")));
	assert_true(mark_read(fd, temp_path("ws"), "dev-opt", &left));
	assert_int_equal(mark_amend(fd, temp_path("ws"), "dev-opt", MARK_RECORDED, &left, NULL), 0);
	assert_false(mark_is_open(fd, temp_path("ws"), "dev-opt"));
	assert_true(mark_is_open(fd, temp_path("other"), "release"));
	/* Of all profiles: nothing else is left. */
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_true(is_marked(fd, "ws", "release"));
	assert_true(is_marked(fd, "ws", "dev-opt"));
	assert_false(is_marked(fd, "other", "release"));
	assert_true(mark_is_own_or_none(fd, temp_path("ws")));
	/* Then of one again. */
	assert_int_equal(mark_leave(fd, temp_path("other"), "release", NULL), 0);
	assert_false(is_marked(fd, "ws", "release"));
	assert_true(is_marked(fd, "ws", "debug"));
	/* What is dropped for one does not bring that of all back. */
	mark_drop(fd, "release");
	assert_false(is_marked(fd, "ws", "release"));
	assert_false(is_marked(fd, "other", "release"));
	assert_true(is_marked(fd, "ws", "debug"));
	assert_int_not_equal(mark_leave(fd, temp_path("ws"), "a\nb", NULL), 0);
	assert_int_not_equal(mark_leave(fd, temp_path("ws"), "../x", NULL), 0);
	assert_int_not_equal(mark_leave(fd, temp_path("ws"), "", NULL), 0);
}

/* A builder without a lock in all profiles, and in one. */
static void test_intruder_of_a_profile(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec left;
	assert_int_equal(mark_leave(fd, temp_path("other"), "release", NULL), 0);
	assert_true(mark_read(fd, temp_path("other"), "release", &left));
	assert_int_equal(mark_amend(fd, temp_path("other"), "release", MARK_UNLOCKED, &left, NULL), 0);
	assert_true(mark_is_of_intruder(fd, temp_path("ws"), "release"));
	assert_true(mark_is_of_intruder(fd, temp_path("ws"), NULL));
	assert_false(mark_is_of_intruder(fd, temp_path("ws"), "debug"));
	assert_int_equal(mark_leave(fd, temp_path("other"), NULL, NULL), 0);
	assert_true(mark_read(fd, temp_path("other"), NULL, &left));
	assert_int_equal(mark_amend(fd, temp_path("other"), NULL, MARK_UNLOCKED, &left, NULL), 0);
	assert_int_equal(mark_leave(fd, temp_path("ws"), "debug", NULL), 0);
	assert_true(mark_is_of_intruder(fd, temp_path("ws"), "debug"));
}

/* A copy says nothing, even one with all its times. */
static void test_copies(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec when;
	struct span text;
	struct stat st;
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_int_equal(fsio_read(fd, MARK_FILE, 100000, temp_mem, &text, &st, NULL), 0);
	const struct file_meta meta = {.mode = 0644, .has_mtime = true, .mtime = st.st_mtim};
	assert_int_equal(fsio_replace(fd, MARK_FILE, text, &meta, NULL), 0);
	assert_false(mark_read(fd, temp_path("ws"), NULL, &when));
}

/* Another directory in the place of the work tree. */
static void test_another_root(void **state)
{
	(void)state;
	temp_put("new/x", "");
	CLEANUP_CLOSE int fd = build_dir();
	struct timespec when;
	assert_int_equal(mark_leave(fd, temp_path("ws"), NULL, NULL), 0);
	assert_int_equal(rename(temp_path("ws"), temp_path("old")), 0);
	assert_int_equal(rename(temp_path("new"), temp_path("ws")), 0);
	assert_false(mark_read(fd, temp_path("ws"), NULL, &when));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_left_and_read),
		TEMP_TEST(test_open),
		TEMP_TEST(test_profile),
		TEMP_TEST(test_intruder_of_a_profile),
		TEMP_TEST(test_copies),
		TEMP_TEST(test_another_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
