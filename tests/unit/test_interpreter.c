/* Interpreters asked, and compared with what is recorded. */
#include "steady/core/interpreter.h"

#include "tempdir.h"

#include "steady/util/proc.h"

static const struct interpreter python = {
	.implementation = "CPython", .major = 3, .minor = 11, .lib_dir = "/usr/lib", .pointer_width = 64};

static void agree_one(const char *config, const char *why)
{
	struct py_config recorded;
	CLEANUP_STR struct str said = STR_INIT;
	assert_int_equal(pyconfig_parse(span_of(config), &recorded, NULL), 0);
	assert_int_equal(interpreter_agrees(&recorded, &python, &said), why == NULL);
	if (why == NULL ? said.len != 0 : strstr(said.buf, why) == NULL)
		fail_msg("%s: %s", config, said.buf);
}

static void test_agreement(void **state)
{
	(void)state;
	agree_one("version=3.11\n", NULL);
	agree_one("implementation=CPython\nversion=3.11\nlib_dir=/usr/lib\npointer_width=64\n", NULL);
	agree_one("implementation=PyPy\nversion=3.11\n", "implementation PyPy");
	agree_one("version=3.12\n", "version 3.12");
	agree_one("version=3.1\n", "version");
	agree_one("version=4.11\n", "version");
	agree_one("version=3\n", "version");
	agree_one("version=3.11.2\n", "version");
	agree_one("version=3.11\npointer_width=32\n", "pointer width 32");
	agree_one("version=3.11\nlib_dir=/opt/lib\n", "lib_dir /opt/lib");
	agree_one("version=3.11\nbuild_flags=Py_DEBUG\n", "debug");
	agree_one("version=3.11\nbuild_flags=Py_GIL_DISABLED\n", "free-threaded");
	agree_one("version=3.11\ntarget_abi=CPython-free_threaded-3.11\n", "free-threaded");
	/* The stable ABI records the oldest Python that will do. */
	agree_one("version=3.7\nabi3=true\n", NULL);
	agree_one("version=3.8\ntarget_abi=CPython-abi3-3.8\n", NULL);
	agree_one("version=3.12\nabi3=true\n", "version 3.12");
	/* Everything that differs is said. */
	agree_one("implementation=PyPy\nversion=3.9\n", "version 3.9");
}

static const char *script(const char *name, const char *text)
{
	temp_put(name, text);
	assert_int_equal(chmod(temp_path(name), 0755), 0);
	return temp_path(name);
}

static void ask_one(const char *executable, int code, const char *word)
{
	struct interpreter now = {.major = 4711};
	struct err err = ERR_INIT;
	assert_int_equal(interpreter_ask(executable, temp_mem, &now, &err), code);
	if (strstr(err.msg, word) == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(now.major, 4711);
}

static void test_no_python(void **state)
{
	(void)state;
	ask_one(temp_path("none"), -ENOENT, "none");
	ask_one(script("fails", "#!/bin/sh\nexit 3\n"), -EPROTO, "exit status 3");
	ask_one(script("text", "#!/bin/sh\necho hello\n"), -EPROTO, "does not answer");
	ask_one(script("empty", "#!/bin/sh\necho '{}'\n"), -EPROTO, "does not answer");
	ask_one(script("list", "#!/bin/sh\necho '[1, 2]'\n"), -EPROTO, "does not answer");
	ask_one(script("negative",
			"#!/bin/sh\necho '{\"implementation\":\"x\",\"version\":\"\",\"lib_dir\":\"\","
			"\"lib_name\":\"\",\"abiflags\":\"\",\"platform\":\"\",\"major\":-1,\"minor\":1,"
			"\"pointer_width\":64}'\n"),
		-EPROTO, "does not answer");
	temp_put("data", "no program");
	ask_one(temp_path("data"), -EACCES, "data");
}

static void test_real_python(void **state)
{
	(void)state;
	CLEANUP_STR struct str path = STR_INIT;
	if (!proc_find("python3", &path))
		skip();
	struct interpreter now;
	assert_int_equal(interpreter_ask(path.buf, temp_mem, &now, NULL), 0);
	assert_int_equal(now.major, 3);
	assert_true(now.minor >= 6);
	assert_true(now.pointer_width == 64 || now.pointer_width == 32);
	assert_string_equal(now.executable, path.buf);
	assert_true(strlen(now.full_version) > 5 && strlen(now.platform) > 3);
}

static void test_of_env(void **state)
{
	(void)state;
	const char *found = NULL;
	struct err err = ERR_INIT;
	temp_mkdirs("env/bin");
	assert_int_equal(interpreter_of_env(temp_path("env"), temp_mem, &found, &err), -ENOENT);
	(void)script("env/bin/python3", "");
	assert_int_equal(interpreter_of_env(temp_path("env"), temp_mem, &found, &err), 0);
	assert_string_equal(found, temp_path("env/bin/python3"));
	(void)script("env/bin/python", "");
	assert_int_equal(interpreter_of_env(temp_path("env"), temp_mem, &found, &err), 0);
	assert_string_equal(found, temp_path("env/bin/python"));
}

static void env_dir_one(const char *executable, const char *expected)
{
	struct span dir = interpreter_env_dir(span_of(executable));
	if (!span_eq_str(dir, expected))
		fail_msg("%s: %.*s", executable, SPAN_ARG(dir));
}

static void test_env_dir(void **state)
{
	(void)state;
	env_dir_one("/a/env/bin/python", "/a/env");
	env_dir_one("/a/env/Scripts/python.exe", "/a/env");
	env_dir_one("/a/env/sbin/python", "");
	env_dir_one("python", "");
	env_dir_one("", "");
}

static void key_one(const char *text, const char *expected)
{
	temp_put("env/pyvenv.cfg", text);
	const char *value = interpreter_env_key(temp_path("env"), "home", temp_mem);
	if (expected == NULL ? value != NULL : value == NULL || strcmp(value, expected) != 0)
		fail_msg("%s: %s", text, value != NULL ? value : "none");
}

static void test_env_key(void **state)
{
	(void)state;
	assert_null(interpreter_env_key(temp_path("env"), "home", temp_mem));
	key_one("home = /usr/bin\n", "/usr/bin");
	key_one("a = b\nHome=/with space/x = y\nhome = /second\n", "/with space/x = y");
	key_one("home =\n", "");
	key_one("home\n", NULL);
	key_one("homes = /x\nxhome = /y\n", NULL);
	key_one("", NULL);
	/* Beside the program it goes before. */
	temp_put("env/bin/pyvenv.cfg", "home = /beside\n");
	key_one("home = /above\n", "/beside");
}

static void site_one(const char *cfg, const char *expected)
{
	const struct interpreter now = {.site_packages = "lib64/x:lib/x:none/x",
		.system_site = arena_printf(temp_mem, "%s:/nowhere", temp_path("system"))};
	temp_put("env/pyvenv.cfg", cfg);
	assert_string_equal(interpreter_site(&now, temp_path("env"), temp_mem), expected);
}

/* Those that are there; the base's as site.py would have them. */
static void test_site(void **state)
{
	(void)state;
	temp_mkdirs("system");
	temp_put("env/lib64/x", "a file");
	site_one("home = /x\ninclude-system-site-packages = false\n", "");
	temp_mkdirs("env/lib/x");
	const char *own = temp_path("env/lib/x");
	const char *both = arena_printf(temp_mem, "%s:%s", own, temp_path("system"));
	site_one("home = /x\ninclude-system-site-packages = false\n", own);
	site_one("home = /x\ninclude-system-site-packages = TRUE\n", both);
	site_one("home = /x\n", both);
	site_one("", own);
}

static void test_same_file(void **state)
{
	(void)state;
	const char *base = script("base", "x"), *other = script("other", "x");
	temp_link("base", "link");
	temp_link("none", "dangling");
	assert_true(interpreter_same_file(base, temp_path("link")));
	assert_false(interpreter_same_file(base, other));
	assert_false(interpreter_same_file(temp_path("dangling"), temp_path("dangling")));
	assert_false(interpreter_same_file(temp_root, temp_root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_agreement),
		TEMP_TEST(test_no_python),
		TEMP_TEST(test_real_python),
		TEMP_TEST(test_of_env),
		TEMP_TEST(test_env_dir),
		TEMP_TEST(test_env_key),
		TEMP_TEST(test_site),
		TEMP_TEST(test_same_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
