#include "steady/core/gitwatch.h"

#include "tempdir.h"

#include <sys/stat.h>

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

static void put_repository(const char *git)
{
	temp_put(arena_printf(temp_mem, "%s/HEAD", git), "ref: refs/heads/main\n");
	temp_put(arena_printf(temp_mem, "%s/objects/x", git), "");
	temp_put(arena_printf(temp_mem, "%s/refs/heads/main", git), ONE "\n");
}

static void knows_one(const char *path, bool expected)
{
	assert_int_equal(gitwatch_knows(temp_mem, temp_path("ws"), temp_path(path)), expected);
}

static void test_knows(void **state)
{
	(void)state;
	put_repository("ws/.git");
	put_repository("ws/.git/modules/sub");
	put_repository("ws/fixtures/repo.git");
	temp_put("ws/src/lib.rs", "");
	knows_one("ws/.git", true);
	knows_one("ws/.git/HEAD", true);
	knows_one("ws/.git/logs/HEAD", true);
	knows_one("ws/.git/refs/heads/main", true);
	knows_one("ws/.git/logs/refs/heads/main", true);
	knows_one("ws/.git/refs/tags", true);
	knows_one("ws/.git/packed-refs", true);
	knows_one("ws/.git/index", true);
	knows_one("ws/src/../.git/HEAD", true);
	knows_one("ws/.git/modules/sub/HEAD", true);
	knows_one("ws/.git/config", false);
	knows_one("ws/.git/logs/refs/heads/side", false);
	knows_one("ws/.git/refsx", false);
	knows_one("ws/src/lib.rs", false);
	knows_one("ws/fixtures/repo.git/HEAD", false);
}

static void test_sources_inside_a_repository(void **state)
{
	(void)state;
	put_repository(".");
	temp_put("ws/src/lib.rs", "");
	knows_one("ws/src/lib.rs", false);
	knows_one("HEAD", true);
	temp_put("ws/.git", "gitdir: ../worktrees/ws\n");
	knows_one("ws/src/lib.rs", false);
	temp_put("worktrees/ws/HEAD", "ref: refs/heads/side\n");
	temp_put("worktrees/ws/commondir", "../..\n");
	knows_one("worktrees/ws/HEAD", true);
	knows_one("worktrees/ws/refs/bisect", false);
}

static void reads_one(const char *path, const char *expected)
{
	CLEANUP_STR struct str text = STR_INIT;
	struct timespec youngest = {0, 0};
	assert_int_equal(gitwatch_read(temp_mem, temp_path(path), &text, &youngest), expected != NULL);
	if (expected != NULL) {
		assert_string_equal(text.buf, expected);
		assert_int_not_equal(youngest.tv_sec, 0);
	}
}

static void test_references(void **state)
{
	(void)state;
	put_repository("ws/.git");
	reads_one("ws/.git/HEAD", ONE " refs/heads/main");
	reads_one("ws/.git/refs/heads/main", ONE " refs/heads/main");
	reads_one("ws/.git/packed-refs", "\nrefs/heads/main " ONE);
	temp_put("ws/.git/packed-refs",
		"# pack-refs with: peeled\n" TWO " refs/heads/main\n" ONE " refs/tags/v1\n^" TWO "\n" TWO
		" refs/tags/v3\n");
	temp_put("ws/.git/refs/tags/v2", TWO "\n");
	temp_put("ws/.git/refs/tags/v3", ONE "\n");
	temp_put("ws/.git/refs/tagsoup", ONE "\n");
	reads_one("ws/.git/refs/tags", "\nrefs/tags/v1 " ONE "\nrefs/tags/v2 " TWO "\nrefs/tags/v3 " ONE);
	reads_one("ws/.git/refs/tags/v1", "\nrefs/tags/v1 " ONE);
	reads_one("ws/.git/refs/heads", "\nrefs/heads/main " ONE);
	temp_put("ws/.git/reftable/tables.list", "");
	reads_one("ws/.git/refs/tags", NULL);
	reads_one("ws/.git/config", NULL);
	assert_int_equal(mkfifo(temp_path("ws/.git/index"), 0600), 0);
	reads_one("ws/.git/index", NULL);
	assert_int_equal(mkfifo(temp_path("ws/.git/refs/remotes"), 0600), 0);
	reads_one("ws/.git/refs/remotes", NULL);
	reads_one("ws/src", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_knows),
		TEMP_TEST(test_sources_inside_a_repository),
		TEMP_TEST(test_references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
