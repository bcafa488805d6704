/* Aliases of stand-ins for Pythons: made, found again, made anew, declined. Real ones: tests/e2e/test_alias.py. */
#include "steady/core/alias.h"
#include "steady/core/aliaspath.h"

#include "fakepython.h"

#include <time.h>

static int setup(void **state)
{
	(void)umask(022);
	if (temp_setup(state) < 0)
		return -1;
	return setenv("STEADY_HOME", temp_path("home"), 1) < 0 || setenv("TMPDIR", "/nowhere", 1) < 0;
}
#define ALIAS_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, temp_teardown)

static const char *base(void)
{
	return fake_python("base/bin/python3", "3.12.4 (main)", "");
}

/* The alias's path below the temporary directory. */
static const char *get_one(const char *executable, size_t starts)
{
	size_t before = fake_starts();
	struct alias alias;
	const char *why = "";
	struct err err = ERR_INIT;
	if (alias_get(executable, temp_mem, &alias, &why, &err) != 0)
		fail_msg("%s%s", why, err.msg);
	if (fake_starts() - before != starts)
		fail_msg("%zu starts instead of %zu", fake_starts() - before, starts);
	assert_string_equal(alias.python, arena_printf(temp_mem, "%s/bin/python", alias.dir));
	assert_true(alias_is(alias.dir) && alias_is(alias.python));
	return alias.dir + strlen(temp_root) + 1;
}

static void none_one(const char *executable, const char *word, size_t starts)
{
	size_t before = fake_starts();
	struct alias alias = {.dir = "untouched"};
	const char *why = NULL;
	assert_int_equal(alias_get(executable, temp_mem, &alias, &why, NULL), ALIAS_NONE);
	assert_string_equal(alias.dir, "untouched");
	if (strstr(why, word) == NULL)
		fail_msg("%s", why);
	if (fake_starts() - before != starts)
		fail_msg("%zu starts instead of %zu", fake_starts() - before, starts);
}

static const char *below(const char *dir, const char *path)
{
	return arena_printf(temp_mem, "%s/%s", dir, path);
}

static void test_made(void **state)
{
	(void)state;
	const char *python = base();
	const char *dir = get_one(python, 2);
	assert_non_null(strstr(dir, "home/python-alias/cpython-3.12.4-x86_64-linux-gnu-"));
	assert_int_equal(strlen(strrchr(dir, '-')), 9);
	assert_int_equal(temp_count(dir), 3);
	assert_int_equal(temp_count(below(dir, "bin")), 3);
	char text[200];
	ssize_t len = readlink(temp_path(below(dir, "bin/python3.12")), text, sizeof(text));
	assert_true(len > 0 && span_eq_str(span_make(text, (size_t)len), python));
	struct stat st = temp_stat(below(dir, "lib/python3.12/site-packages"));
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_int_equal(temp_stat(below(dir, "pyvenv.cfg")).st_mtim.tv_sec, 946684800);
	assert_non_null(
		strstr(temp_get(below(dir, "pyvenv.cfg")).ptr, "include-system-site-packages = false\n"));
	assert_int_equal(temp_count("home/python-alias"), 1);

	assert_string_equal(get_one(python, 0), dir);
	/* Through a venv, and through the alias itself. */
	temp_mkdirs("env/bin");
	temp_link(python, "env/bin/python");
	assert_string_equal(get_one(temp_path("env/bin/python"), 0), dir);
	temp_put("env/pyvenv.cfg", arena_printf(temp_mem, "home = %s\n", temp_path("base/bin")));
	assert_string_equal(get_one(temp_path("env/bin/python"), 1), dir);
	assert_string_equal(get_one(temp_path(below(dir, "bin/python")), 0), dir);
}

/* Each of these is another interpreter; the first of them is met again at the end. */
static void test_identities(void **state)
{
	(void)state;
	static const struct {
		const char *version, *more, *name;
	} rows[] = {
		{"3.12.4 (main)", "", "cpython-3.12.4-x86_64-linux-gnu-"},
		{"3.12.4 (other)", "", "cpython-3.12.4-x86_64-linux-gnu-"},
		{"3.12.5 (main)", "", "cpython-3.12.5-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"debug\":true,", "cpython-3.12.4d-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"gil_disabled\":true,", "cpython-3.12.4t-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"gil_disabled\":true,\"debug\":true,",
			"cpython-3.12.4td-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"pointer_width\":32,", "cpython-3.12.4-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"lib_dir\":\"/y\",", "cpython-3.12.4-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"lib_name\":\"/y\",", "cpython-3.12.4-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"abiflags\":\"m\",", "cpython-3.12.4-x86_64-linux-gnu-"},
		{"3.12.4 (main)", "\"multiarch\":\"\",", "cpython-3.12.4-linux-x86_64-"},
		{"3.12.4 (main)", "\"implementation\":\"PyPy\",", "pypy-3.12.4-x86_64-linux-gnu-"},
		{"3.12.4/../x (main)", "", "cpython-3.12.4_.._x-x86_64-linux-gnu-"},
	};
	const char *dirs[COUNT_OF(rows)];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *python = fake_python("base/bin/python3", rows[i].version, rows[i].more);
		dirs[i] = get_one(python, 2);
		if (strncmp(dirs[i] + strlen("home/python-alias/"), rows[i].name, strlen(rows[i].name)) != 0)
			fail_msg("%s is not called %s", dirs[i], rows[i].name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(dirs[i], dirs[k]);
	}
	/* Asked again, for it was replaced; its alias is still there. */
	assert_string_equal(get_one(base(), 1), dirs[0]);
	/* The same program at another place is another one. */
	assert_string_not_equal(get_one(fake_python("b/bin/python3", "3.12.4 (main)", ""), 2), dirs[0]);
}

typedef void deviation(const char *dir);

static void put(const char *dir, const char *path, const char *text)
{
	/* Root may write anywhere; others change the mode first. */
	const char *at = below(dir, path);
	const char *parent = arena_strndup(temp_mem, at, (size_t)(strrchr(at, '/') - at));
	mode_t mode = temp_stat(parent).st_mode & 07777;
	assert_int_equal(chmod(temp_path(parent), 0755), 0);
	(void)unlink(temp_path(at));
	temp_put(at, text);
	assert_int_equal(chmod(temp_path(parent), mode), 0);
}

static void chmod_in(const char *dir, const char *path, mode_t mode)
{
	assert_int_equal(chmod(temp_path(below(dir, path)), mode), 0);
}

static void relink(const char *dir, const char *path, const char *to)
{
	assert_int_equal(unlink(temp_path(below(dir, path))), 0);
	temp_link(to, below(dir, path));
}

#define SITE "lib/python3.12/site-packages"

static void add_pth(const char *dir)
{
	put(dir, SITE "/evil.pth", "import evil\n");
}
static void add_sitecustomize(const char *dir)
{
	put(dir, SITE "/sitecustomize.py", "evil\n");
}
static void add_bytecode(const char *dir)
{
	chmod_in(dir, SITE, 0755);
	temp_put(below(dir, SITE "/__pycache__/x.pyc"), "");
	chmod_in(dir, SITE, 0555);
}
static void add_program(const char *dir)
{
	put(dir, "bin/pip", "#!/bin/sh\n");
}
static void add_at_top(const char *dir)
{
	put(dir, "lib64", "");
}
static void add_library(const char *dir)
{
	put(dir, "lib/python3.12/os.py", "evil\n");
}
static void edit_pth(const char *dir)
{
	put(dir, SITE "/steady.pth", "import evil\n");
	chmod_in(dir, SITE "/steady.pth", 0444);
}
static void edit_cfg(const char *dir)
{
	put(dir, "pyvenv.cfg", "home = /evil\n");
	chmod_in(dir, "pyvenv.cfg", 0444);
}
static void lose_pth(const char *dir)
{
	chmod_in(dir, SITE, 0755);
	assert_int_equal(unlink(temp_path(below(dir, SITE "/steady.pth"))), 0);
	chmod_in(dir, SITE, 0555);
}
static void open_site(const char *dir)
{
	chmod_in(dir, SITE, 0755);
}
static void open_bin(const char *dir)
{
	chmod_in(dir, "bin", 0777);
}
static void open_file(const char *dir)
{
	chmod_in(dir, "pyvenv.cfg", 0644);
}
static void open_top(const char *dir)
{
	chmod_in(dir, ".", 0775);
}
static void retarget(const char *dir)
{
	relink(dir, "bin/python", "/bin/true");
}
static void retarget_other(const char *dir)
{
	relink(dir, "bin/python3.12", "/bin/true");
}
static void copy_program(const char *dir)
{
	put(dir, "bin/python3", "#!/bin/sh\n");
}
static void link_file(const char *dir)
{
	temp_put("copy.cfg", temp_get(below(dir, "pyvenv.cfg")).ptr);
	relink(dir, "pyvenv.cfg", temp_path("copy.cfg"));
}
static void link_dir(const char *dir)
{
	assert_int_equal(rename(temp_path(below(dir, "lib")), temp_path("moved")), 0);
	temp_link(temp_path("moved"), below(dir, "lib"));
}
static void link_all(const char *dir)
{
	assert_int_equal(rename(temp_path(dir), temp_path("moved")), 0);
	temp_link(temp_path("moved"), dir);
}
static void replace_by_file(const char *dir)
{
	assert_int_equal(rename(temp_path(dir), temp_path("moved")), 0);
	temp_put(dir, "");
}
static void empty_it(const char *dir)
{
	assert_int_equal(rename(temp_path(dir), temp_path("moved")), 0);
	temp_mkdirs(dir);
}
static void lose_it(const char *dir)
{
	assert_int_equal(rename(temp_path(dir), temp_path("moved")), 0);
}
static void fifo(const char *dir)
{
	assert_int_equal(unlink(temp_path(below(dir, "pyvenv.cfg"))), 0);
	assert_int_equal(mkfifo(temp_path(below(dir, "pyvenv.cfg")), 0444), 0);
}
static void give_away(const char *dir)
{
	if (geteuid() == 0)
		assert_int_equal(chown(temp_path(below(dir, "bin")), 12345, 0), 0);
	else
		open_bin(dir);
}

/* Whatever differs: the alias is made anew, at the same place, and nothing is left beside it. */
static void test_deviations(void **state)
{
	(void)state;
	static deviation *const deviations[] = {add_pth, add_sitecustomize, add_bytecode, add_program,
		add_at_top, add_library, edit_pth, edit_cfg, lose_pth, open_site, open_bin, open_file,
		open_top, retarget, retarget_other, copy_program, link_file, link_dir, link_all,
		replace_by_file, empty_it, lose_it, fifo, give_away};
	const char *python = base();
	const char *dir = get_one(python, 2);
	struct span cfg = temp_get(below(dir, "pyvenv.cfg"));
	for (size_t i = 0; i < COUNT_OF(deviations); i++) {
		deviations[i](dir);
		assert_string_equal(get_one(python, 1), dir);
		assert_true(span_eq(temp_get(below(dir, "pyvenv.cfg")), cfg));
		assert_int_equal(temp_count("home/python-alias"), 1);
		assert_string_equal(get_one(python, 0), dir);
		if (temp_exists("moved"))
			assert_int_equal(fsio_remove_tree(temp_fd, "moved", NULL), 0);
	}
}

/* Packages directly below, as with old PyPys, and several places, of which the first is taken. */
static void test_other_places(void **state)
{
	(void)state;
	const char *dir =
		get_one(fake_python("a/bin/pypy3", "3.7.4", "\"site_packages\":\"site-packages\","), 2);
	assert_true(temp_exists(below(dir, "site-packages/steady.pth")));
	assert_int_equal(temp_count(dir), 3);
	dir = get_one(fake_python("b/bin/python3", "3.12.4", "\"site_packages\":\"lib64/x:lib/x\","), 2);
	assert_true(temp_exists(below(dir, "lib64/x/steady.pth")));
	assert_int_equal(temp_count(dir), 3);
}

/* An alias that does not do what it is for is not used, and not tried again. */
static void test_declined(void **state)
{
	(void)state;
	static const struct {
		const char *more, *why;
	} rows[] = {
		{"\"prefix\":\"/usr\",", "does not take itself for a virtual environment"},
		{"\"executable\":\"/usr/bin/python3\",", "does not take itself"},
		{"\"path\":[\"/usr/lib\"],", "does not find packages"},
		{"\"path\":\"none\",", "does not find packages"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *python = fake_python(
			arena_printf(temp_mem, "base%zu/bin/python3", i), "3.12.4 (main)", rows[i].more);
		none_one(python, rows[i].why, 2);
		/* An answer that does not name the program is not kept. */
		none_one(python, rows[i].why, i == 1);
	}
	assert_int_equal(temp_count("home/python-alias"), COUNT_OF(rows));
}

/* It says another thing as an alias than as itself. */
static void test_another_identity(void **state)
{
	(void)state;
	const char *python = base();
	const char *text = temp_get("base/bin/python3").ptr;
	const char *behind = strchr(text, '\n') + 1;
	temp_put("base/bin/python3",
		arena_printf(temp_mem,
			"#!/bin/sh\n[ -z \"$STEADY_SITE\" ] || { echo start >>%s; echo '{\"implementation\":\"CPython\","
			"\"version\":\"3.12.9\",\"lib_dir\":\"\",\"lib_name\":\"\",\"abiflags\":\"\",\"platform\":\"x\","
			"\"major\":3,\"minor\":12,\"pointer_width\":64}'; exit 0; }\n%s",
			temp_path("starts"), behind));
	none_one(python, "is another interpreter than its base", 2);
	none_one(python, "is another interpreter than its base", 0);
	/* Once a day it is tried again: whatever the clock said then. */
	CLEANUP_CLOSE int dir = fsio_open_dir(temp_fd, "home/python-alias", NULL);
	struct dir_list list;
	assert_int_equal(fsio_list(dir, 10, temp_mem, &list, NULL), 0);
	assert_int_equal(list.count, 1);
	const char *file = below("home/python-alias", list.entry[0].name);
	const time_t days[] = {-2, 1};
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		temp_set_time(file, time(NULL) + days[i] * 86400, 0);
		none_one(python, "is another interpreter than its base", 1);
		none_one(python, "is another interpreter than its base", 0);
	}
}

static void test_unsuitable(void **state)
{
	(void)state;
	none_one(fake_python("a/bin/python3", "3.12.4", "\"base\":\"\","), "does not say where", 1);
	none_one(fake_python("b/bin/python3", "3.12.4", "\"base\":\"/none/python3\","), "is not there", 1);
	none_one(fake_python("c/bin/python3", "3.12.4", "\"site_packages\":\"\","), "does not say where", 1);
	none_one(fake_python("d/bin/python3", "3.12.4", "\"site_packages\":\"../x\","), "strange", 1);
	none_one(fake_python("e/bin/python3", "3.12.4", "\"site_packages\":\"/x\","), "strange", 1);
	none_one(fake_python("builds-v0/.tmpAb3xYz/bin/python3", "3.12.4", ""), "throw-away", 1);
	struct alias alias;
	const char *why;
	struct err err = ERR_INIT;
	assert_int_equal(alias_get(temp_path("none"), temp_mem, &alias, &why, &err), -ENOENT);
	temp_put("no-python", "#!/bin/sh\nexit 1\n");
	assert_int_equal(chmod(temp_path("no-python"), 0755), 0);
	assert_int_equal(alias_get(temp_path("no-python"), temp_mem, &alias, &why, &err), -EPROTO);
}

/* No safe place: no alias, and the build goes on without. */
static void test_hostile_home(void **state)
{
	(void)state;
	const char *python = base();
	temp_mkdirs("home");
	assert_int_equal(chmod(temp_path("home"), 0777), 0);
	none_one(python, "can be written to by others", 1);
	assert_int_equal(chmod(temp_path("home"), 0700), 0);
	temp_mkdirs("elsewhere");
	temp_link("../elsewhere", "home/python-alias");
	none_one(python, "home", 1);
	assert_int_equal(temp_count("elsewhere"), 0);
	assert_int_equal(unlink(temp_path("home/python-alias")), 0);
	temp_mkdirs("home/python-alias");
	assert_int_equal(chmod(temp_path("home/python-alias"), 0775), 0);
	none_one(python, "can be written to by others", 0);
	assert_int_equal(unsetenv("STEADY_HOME"), 0);
	assert_int_equal(setenv("XDG_CACHE_HOME", "", 1), 0);
	assert_int_equal(setenv("HOME", "", 1), 0);
	none_one(python, "no place", 1);
	assert_false(alias_is("/x/python-alias/cpython"));
}

/* What a killed maker left is swept up when it is old, not while it may be at work. */
static void test_sweep(void **state)
{
	(void)state;
	const char *python = base();
	const char *dir = get_one(python, 2);
	temp_mkdirs("home/python-alias/.new-1-0/bin");
	retarget(dir);
	assert_string_equal(get_one(python, 1), dir);
	assert_true(temp_exists("home/python-alias/.new-1-0/bin"));
}

static void test_alias_is(void **state)
{
	(void)state;
	temp_mkdirs("home");
	temp_link("home", "link");
	assert_true(alias_is(temp_path("home/python-alias/x")));
	assert_true(alias_is(temp_path("home//python-alias/./x/bin/python")));
	assert_false(alias_is(temp_path("home/python-alias")));
	assert_false(alias_is(temp_path("home/python-alias/.new-1-0")));
	assert_false(alias_is(temp_path("home/python-alias/../x")));
	assert_false(alias_is(temp_path("home/python-aliases/x")));
	assert_false(alias_is("python-alias/x"));
	assert_false(alias_is(""));
	/* Named through a link, the home directory is the same one. */
	assert_int_equal(setenv("STEADY_HOME", temp_path("link/../home"), 1), 0);
	assert_true(alias_is(temp_path("home/python-alias/x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALIAS_TEST(test_made),
		ALIAS_TEST(test_identities),
		ALIAS_TEST(test_deviations),
		ALIAS_TEST(test_other_places),
		ALIAS_TEST(test_declined),
		ALIAS_TEST(test_another_identity),
		ALIAS_TEST(test_unsuitable),
		ALIAS_TEST(test_hostile_home),
		ALIAS_TEST(test_sweep),
		ALIAS_TEST(test_alias_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
