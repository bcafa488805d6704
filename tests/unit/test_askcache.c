/* Interpreters are asked once: what counts as the same one, and what makes an answer worthless. */
#include "steady/core/interpreter.h"

#include "fakepython.h"

static int setup(void **state)
{
	if (temp_setup(state) < 0)
		return -1;
	return setenv("STEADY_HOME", temp_path("home"), 1) < 0 || unsetenv("LD_LIBRARY_PATH") < 0;
}
#define ASK_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, temp_teardown)

/* Asks, and says whether that cost a start. */
static void ask_one(const char *executable, const char *version, bool started)
{
	size_t before = fake_starts();
	struct interpreter now;
	struct err err = ERR_INIT;
	if (interpreter_known(executable, temp_mem, &now, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal(now.full_version, version);
	assert_string_equal(now.executable, executable);
	assert_int_equal(fake_starts() - before, started);
}

static void test_asked_once(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	ask_one(python, "3.12.4 (main)", true);
	ask_one(python, "3.12.4 (main)", false);
	/* A link to it is the same program. */
	temp_mkdirs("env/bin");
	temp_link(python, "env/bin/python");
	ask_one(temp_path("env/bin/python"), "3.12.4 (main)", false);
	/* Another library path may mean another library; -I does not keep sysconfig from reading the other one. */
	static const char *const names[] = {"LD_LIBRARY_PATH", "_PYTHON_SYSCONFIGDATA_NAME"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(setenv(names[i], "/x", 1), 0);
		ask_one(python, "3.12.4 (main)", true);
		ask_one(python, "3.12.4 (main)", false);
		assert_int_equal(unsetenv(names[i]), 0);
		ask_one(python, "3.12.4 (main)", false);
	}
}

/* The `home` in pyvenv.cfg chooses the library that a link's interpreter reads; other keys do not count. */
static void test_home_counts(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	ask_one(python, "3.12.4 (main)", true);
	temp_mkdirs("env/bin");
	temp_link(python, "env/bin/python");
	const char *in_env = temp_path("env/bin/python");
	temp_put("env/pyvenv.cfg", "prompt = a\nhome = /one\n");
	ask_one(in_env, "3.12.4 (main)", true);
	temp_put("env/pyvenv.cfg", "HOME=/one\nprompt = b\n");
	ask_one(in_env, "3.12.4 (main)", false);
	temp_put("env/pyvenv.cfg", "home = /two\n");
	ask_one(in_env, "3.12.4 (main)", true);
	/* Python looks beside the program first. */
	temp_put("env/bin/pyvenv.cfg", "home = /one\n");
	ask_one(in_env, "3.12.4 (main)", false);
}

/* Upgraded in place: other bytes, or just another file at the same path. */
static void test_replaced(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	ask_one(python, "3.12.4 (main)", true);
	(void)fake_python("base/bin/python3", "3.12.5 (main)", "");
	ask_one(python, "3.12.5 (main)", true);
	ask_one(python, "3.12.5 (main)", false);
	struct stat old = temp_stat("base/bin/python3");
	(void)fake_python("base/bin/pythonX", "3.12.6 (main)", "");
	assert_int_equal(rename(temp_path("base/bin/pythonX"), python), 0);
	assert_int_equal(temp_stat("base/bin/python3").st_size, old.st_size);
	temp_set_time("base/bin/python3", old.st_mtim.tv_sec, old.st_mtim.tv_nsec);
	ask_one(python, "3.12.6 (main)", true);
}

/* The shared library is what answers: when it is replaced, the little program around it need not be. */
static void test_library_replaced(void **state)
{
	(void)state;
	temp_put("base/lib/libpython.so", "one");
	const char *more = arena_printf(temp_mem, "\"library\":\"%s\",", temp_path("base/lib/libpython.so"));
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", more);
	ask_one(python, "3.12.4 (main)", true);
	ask_one(python, "3.12.4 (main)", false);
	temp_put("base/lib/libpython.so", "other");
	ask_one(python, "3.12.4 (main)", true);
	assert_int_equal(unlink(temp_path("base/lib/libpython.so")), 0);
	ask_one(python, "3.12.4 (main)", true);
	ask_one(python, "3.12.4 (main)", true);
}

/* pyenv's shims start the version that a file of the project names: no answer of theirs is kept. */
static void test_script(void **state)
{
	(void)state;
	const char *real = fake_python("base/bin/python3", "3.12.4 (main)", "");
	temp_put("shims/python3", arena_printf(temp_mem, "#!/bin/sh\nexec '%s' \"$@\"\n", real));
	assert_int_equal(chmod(temp_path("shims/python3"), 0755), 0);
	ask_one(temp_path("shims/python3"), "3.12.4 (main)", true);
	ask_one(temp_path("shims/python3"), "3.12.4 (main)", true);
	ask_one(real, "3.12.4 (main)", true);
	ask_one(real, "3.12.4 (main)", false);
}

static const char *answer_file(void)
{
	CLEANUP_CLOSE int dir = fsio_open_dir(temp_fd, "home/interpreters", NULL);
	struct dir_list list = {.count = 0};
	assert_int_equal(fsio_list(dir, 10, temp_mem, &list, NULL), 0);
	assert_int_equal(list.count, 1);
	return arena_printf(temp_mem, "home/interpreters/%s", list.entry[0].name);
}

/* Any byte changed, any end cut off: none of it is believed. */
static void test_damage(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	ask_one(python, "3.12.4 (main)", true);
	const char *file = answer_file();
	struct span good = temp_get(file);
	for (size_t i = 0; i < good.len; i += 7) {
		char *bad = arena_strndup(temp_mem, good.ptr, good.len);
		bad[i] ^= 1;
		temp_put_bytes(file, span_make(bad, good.len));
		ask_one(python, "3.12.4 (main)", true);
		assert_true(span_eq(temp_get(file), good));
		temp_put_bytes(file, span_make(good.ptr, i));
		ask_one(python, "3.12.4 (main)", true);
	}
	ask_one(python, "3.12.4 (main)", false);
}

static void test_strange_files(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	ask_one(python, "3.12.4 (main)", true);
	const char *file = answer_file();
	struct span good = temp_get(file);
	temp_put_bytes("elsewhere", good);
	assert_int_equal(unlink(temp_path(file)), 0);
	temp_link("../../elsewhere", file);
	ask_one(python, "3.12.4 (main)", true);
	assert_true(S_ISREG(temp_stat(file).st_mode));
	assert_int_equal(unlink(temp_path(file)), 0);
	assert_int_equal(mkfifo(temp_path(file), 0600), 0);
	ask_one(python, "3.12.4 (main)", true);
	ask_one(python, "3.12.4 (main)", false);
}

/* Without a place for answers everything is as it was: the interpreter is asked. */
static void test_no_home(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	temp_mkdirs("home");
	assert_int_equal(chmod(temp_path("home"), 0777), 0);
	ask_one(python, "3.12.4 (main)", true);
	ask_one(python, "3.12.4 (main)", true);
	assert_int_equal(temp_count("home"), 0);
}

static void test_no_answer(void **state)
{
	(void)state;
	struct interpreter now = {.major = 4711};
	temp_put("fails", "#!/bin/sh\nexit 3\n");
	assert_int_equal(chmod(temp_path("fails"), 0755), 0);
	assert_int_equal(interpreter_known(temp_path("fails"), temp_mem, &now, NULL), -EPROTO);
	assert_int_equal(interpreter_known(temp_path("none"), temp_mem, &now, NULL), -ENOENT);
	assert_int_equal(now.major, 4711);
}

/* Copies of an interpreter in environments that are thrown away leave an answer each; not for ever. */
static void test_many(void **state)
{
	(void)state;
	const char *python = fake_python("base/bin/python3", "3.12.4 (main)", "");
	temp_mkdirs("home");
	assert_int_equal(chmod(temp_path("home"), 0700), 0);
	temp_mkdirs("home/interpreters");
	assert_int_equal(chmod(temp_path("home/interpreters"), 0700), 0);
	for (unsigned i = 0; i < 600; i++)
		temp_put(arena_printf(temp_mem, "home/interpreters/%032u", i), "old");
	ask_one(python, "3.12.4 (main)", true);
	assert_int_equal(temp_count("home/interpreters"), 1);
	ask_one(python, "3.12.4 (main)", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(test_asked_once),
		ASK_TEST(test_home_counts),
		ASK_TEST(test_replaced),
		ASK_TEST(test_library_replaced),
		ASK_TEST(test_script),
		ASK_TEST(test_damage),
		ASK_TEST(test_strange_files),
		ASK_TEST(test_no_home),
		ASK_TEST(test_no_answer),
		ASK_TEST(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
