#include "steady/util/proc.h"

#include "tempdir.h"

#include <signal.h>
#include <time.h>

static int run(const char *script, unsigned timeout_ms, size_t max_out, struct proc_result *ret)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	static const char *const unset[] = {"STEADY_TEST_GONE", NULL};
	struct err err = ERR_INIT;
	int code = proc_capture(argv, unset, timeout_ms, max_out, ret, &err);
	assert_int_equal(err.code, -code);
	return code;
}

static void output_one(const char *script, const char *out, int status)
{
	struct proc_result result;
	assert_int_equal(run(script, 10000, 1000, &result), 0);
	assert_string_equal(result.out.buf, out);
	assert_int_equal(result.status, status);
	assert_false(result.truncated);
	str_release(&result.out);
}

static void test_output(void **state)
{
	(void)state;
	output_one("echo hello", "hello\n", 0);
	output_one("echo lost >&2; exit 3", "", 3);
	output_one("kill -TERM $$", "", 128 + SIGTERM);
	/* Nothing to read from, and the environment passed on but for what is unset. */
	output_one("cat; echo end", "end\n", 0);
	(void)setenv("STEADY_TEST_GONE", "1", 1);
	(void)setenv("STEADY_TEST_GONER", "2", 1);
	output_one("echo \"${STEADY_TEST_GONE-unset} $STEADY_TEST_GONER\"", "unset 2\n", 0);
	/* SIGPIPE kills children even if we ignore it. */
	(void)signal(SIGPIPE, SIG_IGN);
	output_one("kill -PIPE $$; echo alive", "", 128 + SIGPIPE);
	(void)signal(SIGPIPE, SIG_DFL);
}

static void test_limit(void **state)
{
	(void)state;
	struct proc_result result;
	assert_int_equal(run("head -c 100000 /dev/zero | tr '\\0' x", 10000, 10, &result), 0);
	assert_int_equal(result.out.len, 10);
	assert_true(result.truncated);
	assert_int_equal(result.status, 0);
	str_release(&result.out);
	assert_int_equal(run("printf 0123456789", 10000, 10, &result), 0);
	assert_false(result.truncated);
	str_release(&result.out);
}

static int64_t now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whoever does not come to an end is killed: silent, talking, with its output closed. */
static void timeout_one(const char *script)
{
	struct proc_result result = {.status = 4711};
	int64_t start = now_ms();
	assert_int_equal(run(script, 200, 100, &result), -ETIMEDOUT);
	assert_in_range(now_ms() - start, 150, 5000);
	assert_int_equal(result.status, 4711);
	/* The script said who it is before it went to sleep. */
	struct span pid_text = span_trim(temp_get("pid"));
	uint64_t pid = 0;
	assert_true(span_u64(pid_text, &pid));
	assert_int_equal(kill((pid_t)pid, 0), -1);
}

static void test_timeout(void **state)
{
	(void)state;
	const char *say = arena_printf(temp_mem, "echo $$ > %s", temp_path("pid"));
	timeout_one(arena_printf(temp_mem, "%s; exec sleep 30", say));
	timeout_one(arena_printf(temp_mem, "%s; while :; do echo y; done", say));
	timeout_one(arena_printf(temp_mem, "%s; exec sleep 30 >&-", say));
}

static void test_not_runnable(void **state)
{
	(void)state;
	struct proc_result result = {.status = 4711};
	struct err err = ERR_INIT;
	const char *const missing[] = {"/nonexistent/program", NULL};
	assert_int_equal(proc_capture(missing, NULL, 1000, 10, &result, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/program"));
	temp_put("no-program", "text");
	const char *const plain[] = {temp_path("no-program"), NULL};
	assert_int_equal(proc_capture(plain, NULL, 1000, 10, &result, &err), -EACCES);
	assert_int_equal(result.status, 4711);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_limit),
		TEMP_TEST(test_timeout),
		TEMP_TEST(test_not_runnable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
