/* Our own directory: where it lies, and what makes it unusable. */
#include "steady/core/home.h"

#include "tempdir.h"

static int setup(void **state)
{
	(void)unsetenv("STEADY_HOME");
	(void)unsetenv("XDG_CACHE_HOME");
	(void)umask(022);
	return temp_setup(state);
}
#define HOME_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, temp_teardown)

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

static void found(const char *path)
{
	const char *home = NULL;
	struct err err = ERR_INIT;
	if (home_dir(temp_mem, &home, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal(home, temp_path(path));
	struct stat st = temp_stat(path);
	assert_true(S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0);
}

static void refused(const char *word)
{
	const char *home = "untouched";
	struct err err = ERR_INIT;
	assert_true(home_dir(temp_mem, &home, &err) < 0);
	assert_string_equal(home, "untouched");
	if (strstr(err.msg, word) == NULL)
		fail_msg("%s", err.msg);
}

static void test_places(void **state)
{
	(void)state;
	set("HOME", temp_root);
	found(".cache/cargo-steady");
	assert_int_equal(temp_stat(".cache/cargo-steady").st_mode & 07777, 0700);
	set("XDG_CACHE_HOME", temp_path("xdg"));
	found("xdg/cargo-steady");
	set("XDG_CACHE_HOME", "relative");
	found(".cache/cargo-steady");
	set("STEADY_HOME", temp_path("a/b//c/"));
	found("a/b/c");
	found("a/b/c");
	set("STEADY_HOME", "relative");
	refused("no place");
	assert_null(home_path(temp_mem));
	(void)unsetenv("STEADY_HOME");
	set("HOME", "");
	refused("no place");
}

static void test_links(void **state)
{
	(void)state;
	temp_mkdirs("real/home");
	assert_int_equal(chmod(temp_path("real/home"), 0700), 0);
	temp_link("real", "link");
	temp_link("real/home", "direct");
	/* A link on the way is the user's business; the place itself is a directory. */
	set("STEADY_HOME", temp_path("link/home"));
	found("real/home");
	set("STEADY_HOME", temp_path("direct"));
	refused("is not a directory itself");
	temp_link("none", "dangling");
	set("STEADY_HOME", temp_path("dangling"));
	refused("is not a directory itself");
	temp_put("file", "");
	set("STEADY_HOME", temp_path("file"));
	refused("is not a directory itself");
}

static void test_modes(void **state)
{
	(void)state;
	temp_mkdirs("home");
	set("STEADY_HOME", temp_path("home"));
	for (mode_t mode = 0700; mode <= 0777; mode++) {
		assert_int_equal(chmod(temp_path("home"), mode), 0);
		if ((mode & 022) != 0)
			refused("can be written to by others");
		else
			found("home");
	}
}

/* Only of a place that nobody named: what is above it may not be for others to rename things in. */
static void test_above(void **state)
{
	(void)state;
	set("HOME", temp_path("user"));
	temp_mkdirs("user/.cache/cargo-steady");
	assert_int_equal(chmod(temp_path("user/.cache"), 0777), 0);
	refused("user/.cache can be written to by others");
	assert_int_equal(chmod(temp_path("user/.cache"), 01777), 0);
	found("user/.cache/cargo-steady");
	assert_int_equal(chmod(temp_path("user/.cache"), 0777), 0);
	set("STEADY_HOME", temp_path("user/.cache/cargo-steady"));
	found("user/.cache/cargo-steady");
}

/* Needs root, who may give things away: so it runs in CI, where tests are root. */
static void test_other_user(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	temp_mkdirs("user/.cache/cargo-steady");
	set("HOME", temp_path("user"));
	found("user/.cache/cargo-steady");
	assert_int_equal(chown(temp_path("user/.cache/cargo-steady"), 12345, 0), 0);
	refused("belongs to another user");
	/* Nothing of ours is left in another user's directory. */
	assert_int_equal(chown(temp_path("user"), 12345, 0), 0);
	assert_int_equal(rmdir(temp_path("user/.cache/cargo-steady")), 0);
	assert_int_equal(rmdir(temp_path("user/.cache")), 0);
	refused("belongs to another user");
	assert_int_equal(temp_count("user"), 0);
}

static void test_open(void **state)
{
	(void)state;
	temp_mkdirs("outside");
	CLEANUP_CLOSE int made = home_open(temp_root, "things", NULL);
	assert_true(made >= 0);
	assert_int_equal(temp_stat("things").st_mode & 07777, 0700);
	CLEANUP_CLOSE int again = home_open(temp_root, "things", NULL);
	assert_true(again >= 0);
	assert_int_equal(chmod(temp_path("things"), 0770), 0);
	assert_int_equal(home_open(temp_root, "things", NULL), -EPERM);
	temp_link("outside", "link");
	assert_true(home_open(temp_root, "link", NULL) < 0);
	temp_put("file", "");
	assert_true(home_open(temp_root, "file", NULL) < 0);
	assert_true(home_open(temp_path("none"), "things", NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(test_places),
		HOME_TEST(test_links),
		HOME_TEST(test_modes),
		HOME_TEST(test_above),
		HOME_TEST(test_other_user),
		HOME_TEST(test_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
