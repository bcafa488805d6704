#include "steady/core/gitreaders.h"

#include "tempdir.h"

#define COMMIT "1111111111111111111111111111111111111111"

static void head_one(const char *directory, const char *expected)
{
	const char *head = gitreaders_head(temp_mem, temp_path(directory));
	if (expected == NULL)
		assert_null(head);
	else
		assert_string_equal(head, temp_path(expected));
}

static void test_head(void **state)
{
	(void)state;
	temp_put("ws/crates/a/Cargo.toml", "");
	temp_put("linked/a/Cargo.toml", "");
	head_one("ws/crates/a", NULL);
	temp_put("ws/.git/HEAD", COMMIT "\n");
	temp_put("ws/.git/objects/x", "");
	head_one("ws/crates/a", "ws/.git/HEAD");
	head_one("ws", "ws/.git/HEAD");
	temp_put("ws/.git/worktrees/w/HEAD", COMMIT "\n");
	temp_put("ws/.git/worktrees/w/commondir", "../..\n");
	temp_put("linked/.git", "gitdir: ../ws/.git/worktrees/w\n");
	head_one("linked/a", "ws/.git/worktrees/w/HEAD");
	temp_put("linked/.git", "gitdir: ../nowhere\n");
	head_one("linked/a", NULL);
	temp_put("linked/.git", "rubbish");
	head_one("linked/a", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEMP_TEST(test_head)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
