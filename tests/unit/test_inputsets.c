/* Inputs beyond single files: user patterns, side outputs, interpreters behind environments. */
#include "steady/core/fileset.h"
#include "steady/core/globs.h"
#include "steady/core/sides.h"
#include "steady/core/venvlink.h"
#include "steady/util/path.h"

#include "tempdir.h"

static int drop_root(void **state)
{
	(void)unsetenv(GLOBS_VARIABLE);
	return temp_teardown(state);
}

static void drop(const char *path)
{
	assert_int_equal(fsio_unlink(temp_fd, path, NULL), 0);
}

/* What is in the set now; the digest is returned, `names` filled where it is not NULL. */
static struct digest look(const char *globs, struct str *names)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct contents *contents = contents_new(NULL);
	struct fileset set = {.why = NULL};
	fileset_of_globs(&set, mem, contents, temp_root, globs);
	contents_settle(contents, NULL);
	fileset_finish(mem, &set);
	assert_null(set.why);
	for (size_t i = 0; names != NULL && i < set.count; i++)
		str_printf(names, "%s ", set.file[i].name);
	struct digest digest = set.digest;
	fileset_release(&set);
	contents = contents_free(contents);
	return digest;
}

static void expect_names(const char *globs, const char *expected)
{
	CLEANUP_STR struct str names = STR_INIT;
	(void)look(globs, &names);
	assert_string_equal(names.buf, expected);
}

/* The digest with the change differs from the one before. */
static void expect_change(const char *globs, struct digest *before, bool change)
{
	struct digest now = look(globs, NULL);
	assert_int_equal(digest_eq(before, &now), !change);
	*before = now;
}

static void globs(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	const char *why;
	assert_null(globs_read(mem, temp_root, &why));
	assert_null(why);
	temp_put(GLOBS_FILE, "# of the macro\nassets/\n\n*.sql \n!old.sql\n");
	assert_int_equal(setenv(GLOBS_VARIABLE, "x/*.txt:/top", 1), 0);
	const char *text = globs_read(mem, temp_root, &why);
	assert_string_equal(text, "\nassets/\n*.sql\n!old.sql\nx/*.txt\n/top\n");
	static const char *const files[] = {"assets/a", "assets/deep/b", "m/1.sql", "m/old.sql", "x/1.txt",
		"x/y/2.txt", "top", "y/top", ".git/3.sql", "target/CACHEDIR.TAG", "target/4.sql"};
	for (size_t i = 0; i < COUNT_OF(files); i++)
		temp_put(files[i], "1");
	expect_names(text, "assets/a assets/deep/b m/1.sql top x/1.txt ");
	struct digest digest = look(text, NULL);
	temp_put("assets/a", "2");
	expect_change(text, &digest, true);
	temp_put("m/old.sql", "2");
	expect_change(text, &digest, false);
	assert_int_equal(symlink("a", temp_path("assets/link")), 0);
	expect_change(text, &digest, true);
	drop("assets/link");
	assert_int_equal(symlink("b", temp_path("assets/link")), 0);
	expect_change(text, &digest, true);
	drop(GLOBS_FILE);
	assert_int_equal(mkfifo(temp_path(GLOBS_FILE), 0600), 0);
	(void)globs_read(mem, temp_root, &why);
	assert_non_null(why);
}

static void interpreters(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct venvlink link;
	temp_put("base/python3.11", "x");
	temp_put("base/python3.11d", "x");
	temp_put("venv/pyvenv.cfg", "home = x\n");
	temp_put("venv/bin/activate", "");
	assert_false(venvlink_read(mem, temp_path("venv/pyvenv.cfg"), &link));
	assert_int_equal(symlink("python3", temp_path("venv/bin/python")), 0);
	assert_false(venvlink_read(mem, temp_path("venv/pyvenv.cfg"), &link));
	assert_int_equal(symlink(temp_path("base/python3.11"), temp_path("venv/bin/python3")), 0);
	assert_true(venvlink_read(mem, temp_path("venv/pyvenv.cfg"), &link));
	assert_true(span_ends(span_of(link.program), SPAN_LIT("/base/python3.11")));
	assert_false(link.is_copy);
	struct timespec before = link.youngest;
	assert_int_equal(usleep(20000), 0);
	drop("venv/bin/python3");
	assert_int_equal(symlink("../../base/python3.11d", temp_path("venv/bin/python3")), 0);
	assert_true(venvlink_read(mem, temp_path("venv/pyvenv.cfg"), &link));
	assert_true(span_ends(span_of(link.program), SPAN_LIT("/base/python3.11d")));
	assert_true(timespec_cmp(link.youngest, before) > 0);
	drop("venv/bin/python");
	temp_put("venv/bin/python", "a copy");
	assert_true(venvlink_read(mem, temp_path("venv/pyvenv.cfg"), &link));
	assert_true(link.is_copy);
	drop("venv/bin/python");
	assert_int_equal(symlink("python", temp_path("venv/bin/python")), 0);
	drop("venv/bin/python3");
	assert_false(venvlink_read(mem, temp_path("venv/pyvenv.cfg"), &link));
}

static struct timespec changed(const char *path)
{
	struct stat st;
	assert_int_equal(stat(temp_path(path), &st), 0);
	return st.st_ctim;
}

static void expect_sides(const char *from, const char *to, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_PKGGIT struct pkggit *git = pkggit_new();
	const char *build = temp_path("target");
	const struct sides_options options = {
		.workspace_root = temp_root, .build_dir = build, .since = changed("start")};
	CLEANUP_SIDES struct sides *sides = sides_find(&options);
	sides_date(sides, NULL, NULL);
	CLEANUP_STR struct str seen = STR_INIT;
	const char **path;
	const struct sides_run run = {changed(from), changed(to), NULL};
	size_t count = sides_between(sides, git, mem, &run, &path);
	for (size_t i = 0; i < count; i++)
		str_printf(&seen, "%s ", path[i] + strlen(temp_root) + 1);
	assert_string_equal(seen.buf, expected);
}

static void put_later(const char *path)
{
	assert_int_equal(usleep(12000), 0);
	temp_put(path, "x");
}

static void side_outputs(void **state)
{
	(void)state;
	temp_put("src/lib.rs", "");
	put_later("start");
	put_later("src/gen.rs");
	put_later("dist/a/b");
	put_later("target/x");
	put_later("other/CACHEDIR.TAG");
	put_later(".git/x");
	put_later("end");
	put_later("late");
	put_later("last");
	expect_sides("start", "end", "dist/a/b end src/gen.rs start ");
	expect_sides("late", "last", "last late ");
}

static void many_side_outputs(void **state)
{
	(void)state;
	temp_put("start", "");
	/* Beyond the tick of the clock: what follows is later. */
	assert_int_equal(usleep(12000), 0);
	for (unsigned i = 0; i <= SIDES_MAX; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "out/%u/%u", i % 10, i);
		temp_put(name, "");
	}
	temp_put("end", "");
	CLEANUP_STR struct str expected = STR_INIT;
	str_add(&expected, " ");
	expect_sides("start", "start", "start ");
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_PKGGIT struct pkggit *git = pkggit_new();
	const struct sides_options options = {.workspace_root = temp_root, .since = changed("start")};
	CLEANUP_SIDES struct sides *sides = sides_find(&options);
	sides_date(sides, NULL, NULL);
	const char **path;
	const struct sides_run run = {changed("start"), changed("end"), NULL};
	assert_int_equal(sides_between(sides, git, mem, &run, &path), 11);
	assert_string_equal(path[10], temp_path("out/9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(globs, temp_setup, drop_root),
		cmocka_unit_test_setup_teardown(interpreters, temp_setup, drop_root),
		cmocka_unit_test_setup_teardown(side_outputs, temp_setup, drop_root),
		cmocka_unit_test_setup_teardown(many_side_outputs, temp_setup, drop_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
