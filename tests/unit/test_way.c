#include "steady/core/way.h"

#include "steady/util/str.h"
#include "tempdir.h"

#include <dirent.h>

static void note(const struct way_step *step, void *ctx)
{
	struct str *said = ctx;
	str_printf(said, "%c%s ", step->kind == WAY_LINK ? 'L' : 'D', step->path + strlen(temp_root));
}

static void note_times(const struct way_step *step, void *ctx)
{
	struct str *said = ctx;
	note(step, ctx);
	if (step->ctime.tv_sec == 7) {
		said->len--;
		str_printf(said, " at %ld.%ld ", (long)step->ctime.tv_sec, step->ctime.tv_nsec);
	}
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

/* In a directory that was asked about often enough to be listed: what is no file, and what comes later. */
static void test_listed(void **state)
{
	(void)state;
	static const struct {
		const char *name, *steps;
		int end;
	} row[] = {
		{"f9.rs", "D/ws/d ", WAYS_FILE},
		{"link.rs", "D/ws/d L/ws/d/link.rs ", 0},
		{"sub", "D/ws/d ", 0},
		{"sub/x.rs", "D/ws/d D/ws/d/sub ", 0},
		{"sub/", "D/ws/d D/ws/d/sub ", 0},
		{"late.rs", "D/ws/d L/ws/d/late.rs ", 0},
		{"../d/f9.rs", "D/ws/d D/ws/d ", 0},
		{"none.rs", "D/ws/d ", 0},
	};
	char name[32];
	temp_put("ws/d/sub/x.rs", "");
	link_to("f0.rs", "ws/d/link.rs");
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "ws/d/f%u.rs", i);
		temp_put(name, "");
	}
	struct ways *ways = ways_new(temp_path("ws"));
	for (unsigned i = 0; i < 10; i++) {
		CLEANUP_STR struct str said = STR_INIT;
		(void)snprintf(name, sizeof(name), "ws/d/f%u.rs", i);
		assert_int_equal(ways_follow(ways, temp_path(name), note, &said), i == 0 ? 0 : WAYS_FILE);
		assert_string_equal(said.buf, "D/ws/d ");
	}
	link_to("f1.rs", "ws/d/late.rs");
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		CLEANUP_STR struct str said = STR_INIT;
		(void)snprintf(name, sizeof(name), "ws/d/%s", row[i].name);
		assert_int_equal(ways_follow(ways, temp_path(name), note, &said), row[i].end);
		assert_string_equal(said.buf, row[i].steps);
	}
	(void)ways_free(ways);
}

/* What somebody else listed: files are taken from there, all else is looked at. */
static void test_known(void **state)
{
	(void)state;
	CLEANUP_STR struct str said = STR_INIT;
	temp_put("ws/d/src/a.rs", "");
	link_to("a.rs", "ws/d/src/b.rs");
	struct ways *ways = ways_new(temp_path("ws"));
	struct dir_entry entry[] = {{"a.rs", DT_REG}, {"b.rs", DT_LNK}};
	const struct dir_list list = {entry, 2};
	const struct way_step times = {.ctime = {7, 8}};
	ways_know(ways, temp_path("ws/d/src"), &list, &times);
	assert_int_equal(ways_follow(ways, temp_path("ws/d/src/a.rs"), note, &said), WAYS_FILE);
	str_clear(&said);
	/* A link in place of a file that is known: the list is believed. */
	assert_int_equal(unlink(temp_path("ws/d/src/a.rs")), 0);
	link_to("b.rs", "ws/d/src/a.rs");
	assert_int_equal(ways_follow(ways, temp_path("ws/d/src/a.rs"), note_times, &said), WAYS_FILE);
	assert_string_equal(said.buf, "D/ws/d D/ws/d/src at 7.8 ");
	str_clear(&said);
	assert_int_equal(unlink(temp_path("ws/d/src/a.rs")), 0);
	temp_put("ws/d/src/a.rs", "");
	assert_int_equal(ways_follow(ways, temp_path("ws/d/src/b.rs"), note, &said), 0);
	assert_string_equal(said.buf, "D/ws/d D/ws/d/src L/ws/d/src/b.rs ");
	(void)ways_free(ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_steps),
		TEMP_TEST(test_listed),
		TEMP_TEST(test_known),
		TEMP_TEST(test_circles),
		TEMP_TEST(test_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
