#include "steady/core/way.h"

#include "steady/util/str.h"
#include "tempdir.h"

static void note(const struct way_step *step, void *ctx)
{
	struct str *said = ctx;
	str_printf(said, "%c%s ", step->kind == WAY_LINK ? 'L' : 'D', step->path + strlen(temp_root));
}

static void follow_one(const char *path, const char *expected)
{
	CLEANUP_STR struct str said = STR_INIT;
	struct ways *ways = ways_new(temp_path("ws"));
	assert_int_equal(ways_follow(ways, temp_path(path), note, &said), 0);
	assert_string_equal(said.buf, expected);
	/* What is known already is the same. */
	str_clear(&said);
	assert_int_equal(ways_follow(ways, temp_path(path), note, &said), 0);
	assert_string_equal(said.buf, expected);
	(void)ways_free(ways);
}

static void link_to(const char *text, const char *path)
{
	assert_int_equal(symlink(text, temp_path(path)), 0);
}

static void test_steps(void **state)
{
	(void)state;
	temp_put("ws/a/src/lib.rs", "");
	temp_put("ws/a/v1/x.txt", "");
	temp_put("outside/b/y.txt", "");
	link_to("v1", "ws/a/current");
	link_to("../../outside/b", "ws/a/out");
	link_to("current/x.txt", "ws/a/x.txt");
	link_to("nothing", "ws/a/dead");
	follow_one("ws/a/src/lib.rs", "D/ws/a D/ws/a/src ");
	follow_one("ws/a/src/../v1/x.txt", "D/ws/a D/ws/a/src D/ws/a/v1 ");
	follow_one("ws/a/current/x.txt", "D/ws/a L/ws/a/current D/ws/a/v1 ");
	follow_one("ws/a/x.txt", "D/ws/a L/ws/a/x.txt L/ws/a/current D/ws/a/v1 ");
	follow_one("ws/a/out/y.txt", "D/ws/a L/ws/a/out D/outside D/outside/b ");
	/* A link's own directory is left by "..", as the kernel does it. */
	follow_one("ws/a/out/../b/y.txt", "D/ws/a L/ws/a/out D/outside D/outside/b D/outside/b ");
	follow_one("ws/a/dead/x", "D/ws/a L/ws/a/dead ");
	follow_one("ws/none/x", "");
	follow_one("ws", "");
}

static void test_circles(void **state)
{
	(void)state;
	CLEANUP_STR struct str said = STR_INIT;
	temp_put("ws/a/b", "");
	link_to("two", "ws/one");
	link_to("one", "ws/two");
	struct ways *ways = ways_new(temp_path("ws"));
	assert_int_equal(ways_follow(ways, temp_path("ws/one/x"), note, &said), -ELOOP);
	(void)ways_free(ways);
}

static void test_passed_over(void **state)
{
	(void)state;
	CLEANUP_STR struct str said = STR_INIT;
	temp_put("ws/target/debug/x", "");
	struct ways *ways = ways_new(temp_path("ws"));
	ways_pass_over(ways, temp_path("ws/target"));
	assert_int_equal(ways_follow(ways, temp_path("ws/target/debug/x"), note, &said), 0);
	assert_string_equal(said.buf, "D/ws/target/debug ");
	(void)ways_free(ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_steps),
		TEMP_TEST(test_circles),
		TEMP_TEST(test_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
