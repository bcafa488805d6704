#include "steady/core/buildlock.h"

#include "lockholder.h"

static unsigned times_waited;
static char waited_for[200];

static void waiting(const char *path, void *ctx)
{
	assert_ptr_equal(ctx, &times_waited);
	times_waited++;
	(void)snprintf(waited_for, sizeof(waited_for), "%s", path);
}

static struct buildlock *take(int otherfd)
{
	struct buildlock *lock = NULL;
	struct err err = ERR_INIT;
	times_waited = 0;
	if (buildlock_take(temp_fd, otherfd, waiting, &times_waited, &lock, &err) != 0)
		fail_msg("%s", err.msg);
	return lock;
}

static void busy_one(const char *path, bool busy)
{
	CLEANUP_CLOSE int fd = openat(temp_fd, path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail_msg("no %s", path);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB) < 0, busy);
}

static int make_tree(void **state)
{
	if (temp_setup(state) != 0)
		return -1;
	temp_mkdirs("debug/.fingerprint");
	temp_mkdirs("x86_64-unknown-linux-gnu/release/.fingerprint");
	temp_mkdirs("doc/app");
	return 0;
}

#define TREE_TEST(fn) cmocka_unit_test_setup_teardown(fn, make_tree, temp_teardown)

static void test_every_profile(void **state)
{
	(void)state;
	static const char *const paths[] = {"debug/.cargo-lock", "debug/.cargo-build-lock",
		"x86_64-unknown-linux-gnu/release/.cargo-lock",
		"x86_64-unknown-linux-gnu/release/.cargo-build-lock"};
	struct buildlock *lock = take(-1);
	assert_int_equal(times_waited, 0);
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		busy_one(paths[i], true);
	assert_false(temp_exists("doc/.cargo-lock"));
	assert_null(buildlock_drop(lock));
	/* Free again, and still there. */
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		busy_one(paths[i], false);
	assert_null(buildlock_drop(NULL));
}

/* Each of the locks that cargos hold makes us wait, once told, until it is let go. */
static void wait_one(const char *path, int operation)
{
	pid_t holder = lock_hold(path, operation, 150);
	struct buildlock *lock = take(-1);
	assert_int_equal(times_waited, 1);
	assert_string_equal(waited_for, path);
	busy_one("debug/.cargo-build-lock", true);
	assert_null(buildlock_drop(lock));
	lock_let_go(holder);
}

static void test_waiting(void **state)
{
	(void)state;
	wait_one("debug/.cargo-lock", LOCK_EX);
	wait_one("debug/.cargo-lock", LOCK_SH);
	wait_one("debug/.cargo-build-lock", LOCK_EX);
	wait_one("x86_64-unknown-linux-gnu/release/.cargo-lock", LOCK_EX);
}

/* Who works in another profile is not waited for, and who must not wait does not. */
static void test_one_profile(void **state)
{
	(void)state;
	const int dirs[2] = {temp_fd, -1};
	struct buildlock *lock = NULL;
	temp_mkdirs("release/.fingerprint");
	pid_t holder = lock_hold("debug/.cargo-lock", LOCK_EX, 0);
	times_waited = 0;
	assert_int_equal(buildlock_take_profile(dirs, "debug", NULL, NULL, &lock, NULL), BUILDLOCK_BUSY);
	assert_null(lock);
	assert_int_equal(buildlock_take_profile(dirs, "release", waiting, &times_waited, &lock, NULL), 0);
	busy_one("release/.cargo-lock", true);
	busy_one("x86_64-unknown-linux-gnu/release/.cargo-lock", true);
	busy_one("debug/.cargo-build-lock", false);
	assert_null(buildlock_drop(lock));
	assert_int_equal(times_waited, 0);
	lock_let_go(holder);
}

/* While we wait we hold nothing, or two programs could wait for each other. */
static void test_nothing_held_while_waiting(void **state)
{
	(void)state;
	pid_t holder = lock_hold("x86_64-unknown-linux-gnu/release/.cargo-lock", LOCK_EX, 0);
	pid_t waiter = fork();
	if (waiter == 0) {
		(void)buildlock_drop(take(-1));
		_exit(times_waited == 1 ? 0 : 1);
	}
	(void)poll(NULL, 0, 100);
	busy_one("debug/.cargo-lock", false);
	busy_one("debug/.cargo-build-lock", false);
	lock_let_go(holder);
	int status = 1;
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_int_equal(status, 0);
}

/* The target directory may be the build directory by another name, and lock files may be hard links. */
static void test_never_waits_for_itself(void **state)
{
	(void)state;
	CLEANUP_CLOSE int same = fsio_open_root(temp_root, NULL);
	assert_null(buildlock_drop(take(same)));
	assert_int_equal(times_waited, 0);
	assert_int_equal(unlinkat(temp_fd, "debug/.cargo-lock", 0), 0);
	assert_int_equal(linkat(temp_fd, "debug/.cargo-build-lock", temp_fd, "debug/.cargo-lock", 0), 0);
	assert_null(buildlock_drop(take(-1)));
	assert_int_equal(times_waited, 0);
}

static void test_hostile(void **state)
{
	(void)state;
	struct buildlock *lock = NULL;
	struct err err = ERR_INIT;
	temp_put("out", "");
	temp_link("../out", "debug/.cargo-lock");
	assert_true(buildlock_take(temp_fd, -1, waiting, &times_waited, &lock, &err) < 0);
	assert_non_null(strstr(err.msg, "debug/.cargo-lock"));
	assert_null(lock);
	/* What was taken before is free again. */
	busy_one("debug/.cargo-build-lock", false);
}

static void test_other_directory(void **state)
{
	(void)state;
	temp_mkdirs("final/debug/.fingerprint");
	CLEANUP_CLOSE int other = fsio_open_dir(temp_fd, "final", NULL);
	struct buildlock *lock = take(other);
	busy_one("final/debug/.cargo-lock", true);
	busy_one("debug/.cargo-lock", true);
	assert_null(buildlock_drop(lock));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_every_profile),
		TREE_TEST(test_waiting),
		TREE_TEST(test_one_profile),
		TREE_TEST(test_nothing_held_while_waiting),
		TREE_TEST(test_never_waits_for_itself),
		TREE_TEST(test_hostile),
		TREE_TEST(test_other_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
