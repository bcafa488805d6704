#include "steady/util/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void alloc_one(struct arena *a, size_t size)
{
	size_t before = arena_used(a);
	unsigned char *p = arena_alloc(a, size);
	assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(p[i], 0);
	memset(p, 0xa5, size);
	assert_true(arena_used(a) >= before + size);
}

static void test_arena(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 7, 16, 17, 4096, 16384, 16385, 65536, 65537, 1000000, 3};
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *kept = arena_strdup(a, "kept");
	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < COUNT_OF(sizes); i++)
			alloc_one(a, sizes[i]);
	}
	assert_string_equal(kept, "kept");
}

static void test_arena_text(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *a = arena_new();
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(a, NULL, 0), "");
	const char *with_nul = arena_strndup(a, "a\0b", 3);
	assert_memory_equal(with_nul, "a\0b", 4);
	assert_string_equal(arena_printf(a, "%d-%s", 5, "x"), "5-x");
	assert_string_equal(arena_printf(a, "%s", ""), "");
	assert_int_equal(strlen(arena_printf(a, "%70000d", 1)), 70000);
	assert_null(arena_free(NULL));
}

static void test_vec(void **state)
{
	(void)state;
	VEC(int) numbers = VEC_INIT;
	vec_each (n, &numbers)
		fail_msg("%d in an empty array", *n);
	for (int i = 0; i < 1000; i++)
		*vec_add(&numbers) = i;
	int expected = 0;
	vec_each (n, &numbers)
		assert_int_equal(*n, expected++);
	assert_int_equal(expected, 1000);
	CLEANUP_ARENA struct arena *a = arena_new();
	const int *kept = vec_copy(a, &numbers);
	vec_release(&numbers);
	assert_int_equal(kept[0], 0);
	assert_int_equal(kept[999], 999);
	assert_non_null(vec_copy(a, &numbers));
	assert_null(numbers.data);
	assert_int_equal(numbers.cap, 0);
}

static void test_hand_over(void **state)
{
	(void)state;
	CLEANUP_FREE char *text = xstrdup("text");
	CLEANUP_FREE char *taken = TAKE_PTR(text);
	assert_null(text);
	assert_string_equal(taken, "text");
	int kept = -1;
	{
		CLEANUP_CLOSE int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
		CLEANUP_CLOSE int given = open("/dev/null", O_RDONLY | O_CLOEXEC);
		kept = TAKE_FD(given);
		assert_true(closed >= 0 && kept >= 0 && given == -1);
	}
	assert_int_equal(fcntl(kept, F_GETFD), FD_CLOEXEC);
	assert_int_equal(close(kept), 0);
}

/* A size that overflows must end the program instead of giving too little memory. */
static void overflow_one(void (*fn)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(quiet, STDERR_FILENO);
		fn();
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void overflow_array(void)
{
	free(xreallocarray(NULL, SIZE_MAX / 2, 3));
}

static void overflow_arena(void)
{
	(void)arena_array(arena_new(), SIZE_MAX / 4, 8);
}

static void overflow_rounding(void)
{
	(void)arena_alloc(arena_new(), SIZE_MAX - 1);
}

static void test_overflow(void **state)
{
	(void)state;
	overflow_one(overflow_array);
	overflow_one(overflow_arena);
	overflow_one(overflow_rounding);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_text),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
