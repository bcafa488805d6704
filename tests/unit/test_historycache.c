#include "../../src/core/historycache_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct history_commit commits[] = {
	{.id = {.byte = {1}, .len = 20}, .author = 5, .committer = INT64_MAX, .parents = 3},
	{.id = {.byte = {2}, .len = 20}, .author = 0, .committer = 7, .parents = 0},
};
static struct history_path paths[] = {
	{.path = {"", 0}, .mode = GIT_MODE_TREE, .commit = 1},
	{.path = {"a", 1}, .mode = GIT_MODE_FILE, .commit = 0},
	{.path = {"b", 1}, .mode = GIT_MODE_FILE, .commit = HISTORY_NONE},
	{.path = {"c\n\xff", 3}, .mode = GIT_MODE_LINK, .commit = 1},
};
static const struct history history = {.head = {.byte = {9}, .len = 20},
	.commit = commits,
	.commit_count = COUNT_OF(commits),
	.path = paths,
	.path_count = COUNT_OF(paths)};

static void comes_back(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT;
	historycache_format(&history, &bytes);
	struct historycache cache;
	assert_true(historycache_parse(str_span(&bytes), mem, &cache));
	assert_true(gitoid_eq(&cache.head, &history.head));
	assert_int_equal(cache.commit_count, 2);
	assert_true(cache.commit[0].committer == INT64_MAX && cache.commit[0].parents == 3);
	assert_true(gitoid_eq(&cache.commit[1].id, &commits[1].id));
	assert_int_equal(cache.path_count, 3);
	assert_true(cache.path[0].directory && cache.path[0].path.len == 0 && cache.path[0].commit == 1);
	assert_true(!cache.path[1].directory && span_eq_str(cache.path[1].path, "a"));
	assert_true(span_eq_str(cache.path[2].path, "c\n\xff"));
}

/* Any change of any byte, and any length, is seen. */
static void damage_is_seen(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT;
	historycache_format(&history, &bytes);
	struct historycache cache;
	for (size_t i = 0; i < bytes.len; i++) {
		assert_false(historycache_parse(span_make(bytes.buf, i), mem, &cache));
		bytes.buf[i] ^= 0x10;
		assert_false(historycache_parse(str_span(&bytes), mem, &cache));
		bytes.buf[i] ^= 0x10;
	}
	str_add_char(&bytes, 'x');
	assert_false(historycache_parse(str_span(&bytes), mem, &cache));
}

static void order_one(const char *a, bool a_dir, const char *b, bool b_dir, int expected)
{
	int order = historycache_order(span_of(a), a_dir, span_of(b), b_dir);
	int back = historycache_order(span_of(b), b_dir, span_of(a), a_dir);
	if ((order > 0) - (order < 0) != expected || (back > 0) - (back < 0) != -expected)
		fail_msg("%s %s: %d %d", a, b, order, back);
}

static void order_is_that_of_trees(void **state)
{
	(void)state;
	order_one("", true, "a", false, -1);
	order_one("", true, "", true, 0);
	order_one("a", false, "a", true, -1);
	order_one("a", true, "a/b", false, -1);
	order_one("a.c", false, "a", true, -1);
	order_one("a.c", false, "a/b", false, -1);
	order_one("a", false, "a.c", false, -1);
	order_one("a0", false, "a", true, 1);
	order_one("a", true, "a", true, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(order_is_that_of_trees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
