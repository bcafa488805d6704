#include "steady/util/flock.h"

#include "lockholder.h"

#include <time.h>

static void test_taken_and_closed(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = -1;
	assert_int_equal(flock_try(temp_fd, "lock", &fd, NULL), 0);
	assert_true(temp_exists("lock"));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* Held through one open file, busy through another, free when closed. */
	CLEANUP_CLOSE int other = -1;
	assert_int_equal(flock_try(temp_fd, "lock", &other, NULL), FLOCK_BUSY);
	assert_true(other >= 0);
	(void)close(TAKE_FD(fd));
	CLEANUP_CLOSE int again = -1;
	assert_int_equal(flock_try(temp_fd, "lock", &again, NULL), 0);
	assert_true(temp_exists("lock"));
}

static void test_another_process(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_CLOSE int shared = -1;
	pid_t holder = lock_hold("lock", LOCK_EX, 0);
	assert_int_equal(flock_try(temp_fd, "lock", &fd, NULL), FLOCK_BUSY);
	lock_let_go(holder);
	assert_int_equal(flock_wait(fd, NULL), 0);
	(void)close(TAKE_FD(fd));
	/* A shared lock (cargo since 1.96 on .cargo-lock) stops us too. */
	holder = lock_hold("lock", LOCK_SH, 0);
	assert_int_equal(flock_try(temp_fd, "lock", &shared, NULL), FLOCK_BUSY);
	lock_let_go(holder);
}

static void test_wait(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = -1;
	struct timespec before, after;
	pid_t holder = lock_hold("lock", LOCK_EX, 100);
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(flock_try(temp_fd, "lock", &fd, NULL), FLOCK_BUSY);
	assert_int_equal(flock_wait(fd, NULL), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	before.tv_nsec += 50000000;
	if (before.tv_nsec >= 1000000000)
		before = (struct timespec){before.tv_sec + 1, before.tv_nsec - 1000000000};
	assert_int_equal(timespec_cmp(after, before), 1);
	lock_let_go(holder);
}

static void test_hostile_lock_files(void **state)
{
	(void)state;
	int fd = -1;
	temp_put("out", "");
	temp_link("out", "link");
	assert_true(flock_try(temp_fd, "link", &fd, NULL) < 0);
	temp_mkdirs("dir");
	assert_true(flock_try(temp_fd, "dir", &fd, NULL) < 0);
	assert_int_equal(flock_try(temp_fd, "../lock", &fd, NULL), -EXDEV);
	assert_int_equal(fd, -1);
	/* No waiting for somebody at the other end. */
	assert_int_equal(mkfifoat(temp_fd, "fifo", 0600), 0);
	CLEANUP_CLOSE int fifo = -1;
	assert_int_equal(flock_try(temp_fd, "fifo", &fifo, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_taken_and_closed),
		TEMP_TEST(test_another_process),
		TEMP_TEST(test_wait),
		TEMP_TEST(test_hostile_lock_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
