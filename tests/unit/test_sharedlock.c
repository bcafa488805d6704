/* The lock on shared target directories. */
#include "steady/core/sharedlock.h"

#include "tempdir.h"

#include <sys/wait.h>

static void count_waits(const char *path, void *ctx)
{
	(void)path;
	++*(int *)ctx;
}

static void test_needed(void **state)
{
	(void)state;
	temp_put("ws/target/x", "");
	temp_put("other/x", "");
	struct location where = {.workspace_root = temp_path("ws"), .build_dir = temp_path("ws/target")};
	assert_false(sharedlock_is_needed(&where));
	where.build_dir = temp_path("other");
	assert_true(sharedlock_is_needed(&where));
	/* A link out of the workspace. */
	assert_int_equal(symlink(temp_path("other"), temp_path("ws/link")), 0);
	where.build_dir = temp_path("ws/link");
	assert_true(sharedlock_is_needed(&where));
}

static void test_nested_does_not_wait(void **state)
{
	(void)state;
	(void)unsetenv(SHAREDLOCK_HELD);
	struct sharedlock outer, inner, other;
	int waits = 0;
	assert_int_equal(sharedlock_take(temp_fd, "debug", count_waits, &waits, temp_mem, &outer, NULL), 0);
	assert_true(outer.fd >= 0);
	(void)setenv(SHAREDLOCK_HELD, outer.held, 1);
	assert_int_equal(sharedlock_take(temp_fd, "debug", count_waits, &waits, temp_mem, &inner, NULL), 0);
	assert_int_equal(inner.fd, -1);
	assert_string_equal(inner.held, outer.held);
	/* Another profile's is another lock, and both are held below. */
	assert_int_equal(sharedlock_take(temp_fd, "release", count_waits, &waits, temp_mem, &other, NULL), 0);
	assert_true(other.fd >= 0);
	assert_true(strlen(other.held) > strlen(outer.held));
	assert_int_equal(waits, 0);
	steady_cleanup_close(&outer.fd);
	steady_cleanup_close(&other.fd);
	(void)unsetenv(SHAREDLOCK_HELD);
}

static void test_strangers_wait(void **state)
{
	(void)state;
	(void)unsetenv(SHAREDLOCK_HELD);
	struct sharedlock lock;
	int waits = 0;
	assert_int_equal(sharedlock_take(temp_fd, "debug", count_waits, &waits, temp_mem, &lock, NULL), 0);
	pid_t pid = fork();
	if (pid == 0) {
		steady_cleanup_close(&lock.fd);
		struct sharedlock mine;
		int told = 0;
		int code = sharedlock_take(temp_fd, "debug", count_waits, &told, temp_mem, &mine, NULL);
		_exit(code == 0 && told == 1 && access(temp_path("released"), F_OK) == 0 ? 0 : 1);
	}
	(void)usleep(100000);
	temp_put("released", "");
	steady_cleanup_close(&lock.fd);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Who does not know what will be built asks whether anything is. */
static void test_any_profile(void **state)
{
	(void)state;
	(void)unsetenv(SHAREDLOCK_HELD);
	struct sharedlock one, any;
	int waits = 0;
	assert_int_equal(sharedlock_take(temp_fd, NULL, NULL, NULL, temp_mem, &any, NULL), 0);
	assert_int_equal(sharedlock_take(temp_fd, "release", count_waits, &waits, temp_mem, &one, NULL), 0);
	assert_int_equal(sharedlock_take(temp_fd, NULL, NULL, NULL, temp_mem, &any, NULL), BUILDLOCK_BUSY);
	assert_int_equal(
		sharedlock_take(temp_fd, "release", NULL, NULL, temp_mem, &any, NULL), BUILDLOCK_BUSY);
	(void)setenv(SHAREDLOCK_HELD, one.held, 1);
	assert_int_equal(sharedlock_take(temp_fd, NULL, NULL, NULL, temp_mem, &any, NULL), 0);
	(void)unsetenv(SHAREDLOCK_HELD);
	steady_cleanup_close(&one.fd);
	assert_int_equal(sharedlock_take(temp_fd, NULL, NULL, NULL, temp_mem, &any, NULL), 0);
	assert_int_equal(any.fd, -1);
}

static void test_names(void **state)
{
	(void)state;
	struct sharedlock lock;
	struct err err = ERR_INIT;
	assert_true(sharedlock_take(temp_fd, "../../x", count_waits, NULL, temp_mem, &lock, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_needed),
		TEMP_TEST(test_nested_does_not_wait),
		TEMP_TEST(test_strangers_wait),
		TEMP_TEST(test_any_profile),
		TEMP_TEST(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
