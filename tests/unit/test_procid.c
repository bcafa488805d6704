/* Names of processes: alive, over, of somewhere else. */
#include "steady/util/procid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_alive(void **state)
{
	(void)state;
	CLEANUP_STR struct str name = STR_INIT;
	procid_add(&name);
	assert_false(procid_is_over(str_span(&name)));
}

#ifdef __linux__
/* The name of a child, told through a pipe while it waits for its end. */
static pid_t start(struct str *ret_name, int *ret_hold)
{
	int told[2], hold[2];
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(hold), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct str name = STR_INIT;
		char end;
		(void)close(hold[1]);
		procid_add(&name);
		ssize_t written = write(told[1], name.buf, name.len);
		(void)close(told[1]);
		_exit(written > 0 && read(hold[0], &end, 1) == 0 ? 0 : 1);
	}
	(void)close(told[1]);
	(void)close(hold[0]);
	char text[200];
	ssize_t len = read(told[0], text, sizeof(text));
	assert_true(len > 1);
	(void)close(told[0]);
	str_add_mem(ret_name, text, (size_t)len);
	*ret_hold = hold[1];
	return pid;
}

static void test_over(void **state)
{
	(void)state;
	CLEANUP_STR struct str name = STR_INIT;
	int hold, status;
	pid_t pid = start(&name, &hold);
	assert_false(procid_is_over(str_span(&name)));
	(void)close(hold);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(procid_is_over(str_span(&name)));
}

/* The number was given to another process. */
static void test_other_start(void **state)
{
	(void)state;
	CLEANUP_STR struct str name = STR_INIT;
	procid_add(&name);
	str_add(&name, "1");
	assert_true(procid_is_over(str_span(&name)));
}
#endif

static void test_in_doubt(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "-", ".", "0123456789abcdef0123456789abcdef.1.1.1", "1.2.3.4"};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_false(procid_is_over(span_of(rows[i])));
	CLEANUP_STR struct str name = STR_INIT;
	procid_add(&name);
	str_add(&name, "x");
	assert_false(procid_is_over(str_span(&name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alive),
#ifdef __linux__
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_other_start),
#endif
		cmocka_unit_test(test_in_doubt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
