#include "steady/core/gitstate.h"

#include "tempdir.h"

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

static void read_one(const char *dir, const char *expected)
{
	CLEANUP_STR struct str text = STR_INIT;
	struct timespec youngest = {0, 0};
	assert_int_equal(gitstate_read(temp_path(dir), &text, &youngest), expected != NULL);
	assert_string_equal(text.buf, expected != NULL ? expected : "");
	assert_int_equal(youngest.tv_sec != 0, expected != NULL);
}

static void test_heads(void **state)
{
	(void)state;
	temp_put("g/HEAD", ONE "\n");
	temp_put("g/objects/x", "");
	read_one("g", ONE " HEAD");
	temp_put("g/HEAD", "ref: refs/heads/main\n");
	read_one("g", NULL);
	temp_put("g/packed-refs",
		"# pack-refs\n" TWO " refs/heads/mainly\n" ONE " refs/heads/main\n^" TWO "\n");
	read_one("g", ONE " refs/heads/main");
	temp_put("g/refs/heads/main", TWO "\n");
	read_one("g", TWO " refs/heads/main");
	temp_put("g/refs/heads/main", "ref: refs/heads/main\n");
	read_one("g", NULL);
	temp_put("g/HEAD", "ref: ../../etc/passwd\n");
	read_one("g", NULL);
	temp_put("g/HEAD", "rubbish");
	read_one("g", NULL);
	read_one("none", NULL);
}

static void test_linked_worktree(void **state)
{
	(void)state;
	temp_put("g/HEAD", "ref: refs/heads/main\n");
	temp_put("g/objects/x", "");
	temp_put("g/refs/heads/side", ONE "\n");
	temp_put("g/worktrees/w/HEAD", "ref: refs/heads/side\n");
	temp_put("g/worktrees/w/commondir", "../..\n");
	read_one("g/worktrees/w", ONE " refs/heads/side");
}

static void test_directory(void **state)
{
	(void)state;
	temp_put("ws/.git/HEAD", ONE);
	temp_put("ws/.git/objects/x", "");
	temp_put("ws/src/lib.rs", "");
	const char *git = temp_path("ws/.git");
	assert_string_equal(gitstate_directory(temp_mem, git), git);
	assert_string_equal(gitstate_directory(temp_mem, temp_path("ws/.git/refs/heads/main")), git);
	assert_null(gitstate_directory(temp_mem, temp_path("ws/src/lib.rs")));
	assert_null(gitstate_directory(temp_mem, temp_path("ws")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_heads),
		TEMP_TEST(test_linked_worktree),
		TEMP_TEST(test_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
