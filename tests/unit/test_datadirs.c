#include "steady/core/datadirs.h"

#include "steady/util/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Paths parted by blanks. */
static void find_one(const char *package, const char *paths, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str found = STR_INIT;
	struct span path[8], rest = span_of(paths);
	size_t count = 0;
	const char **dir;
	while (rest.len != 0) {
		size_t len = span_find(rest, ' ');
		path[count++] = span_make(rest.ptr, len);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
	}
	size_t dirs = datadirs_of(package, path, count, mem, &dir);
	for (size_t i = 0; i < dirs; i++)
		str_printf(&found, "%s%s", i == 0 ? "" : " ", dir[i]);
	assert_string_equal(found.buf, expected);
}

static void test_dirs(void **state)
{
	(void)state;
	find_one("/ws/a", "", "");
	find_one("/ws/a", "/ws/a/x.txt /ws/a/d/x.txt", "");
	find_one("/ws/a", "/ws/x.txt /x.txt", "");
	find_one("/ws/a", "/usr/share/x.txt", "");
	find_one("/ws/a", "/ws/b/x.txt", "/ws/b");
	find_one("/ws/a", "/ws/ab/x.txt", "/ws/ab");
	find_one("/ws/a", "/ws/b/c/x.txt /ws/b/c/d/y.txt", "/ws/b/c");
	find_one("/ws/a", "/ws/b/c/d/y.txt /ws/b/c/x.txt", "/ws/b/c");
	find_one("/ws/a", "/ws/b/c/x.txt /ws/b/d/y.txt", "/ws/b");
	find_one("/ws/a", "/ws/b/cc/x.txt /ws/b/c/y.txt", "/ws/b");
	find_one("/ws/a", "/ws/b/x.txt /ws/c/d/y.txt /ws/b/e/z.txt", "/ws/b /ws/c/d");
	find_one("/ws/deep/a", "/ws/b/x.txt /ws/deep/c/y.txt", "/ws/b /ws/deep/c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_dirs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
