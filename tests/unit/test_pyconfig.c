#include "steady/format/pyconfig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define OLD_TEXT                                                                                             \
	"implementation=CPython\nversion=3.11\nshared=true\nabi3=false\nlib_name=python3.11\n"               \
	"lib_dir=/usr/lib\nexecutable=/tmp/venv/bin/python\npointer_width=64\nbuild_flags=\n"                \
	"suppress_build_script_link_lines=false\n"

static void test_fields(void **state)
{
	(void)state;
	struct py_config c;
	assert_int_equal(pyconfig_parse(SPAN_LIT(OLD_TEXT), &c, NULL), 0);
	assert_true(span_eq_str(c.implementation, "CPython"));
	assert_true(span_eq_str(c.version, "3.11"));
	assert_true(span_eq_str(c.lib_name, "python3.11"));
	assert_true(span_eq_str(c.lib_dir, "/usr/lib"));
	assert_true(span_eq_str(c.executable, "/tmp/venv/bin/python"));
	assert_null(c.framework_prefix.ptr);
	assert_non_null(c.build_flags.ptr);
	assert_int_equal(c.build_flags.len, 0);
	assert_int_equal(c.pointer_width, 64);

	assert_int_equal(
		pyconfig_parse(SPAN_LIT("version= 3.9\t\r\nversion=3.10\nunheard=1\n"), &c, NULL), 0);
	assert_true(span_eq_str(c.implementation, "CPython"));
	assert_true(span_eq_str(c.version, "3.10"));
	assert_null(c.executable.ptr);
	assert_int_equal(c.pointer_width, 0);
}

static void abi_one(const char *lines, enum py_abi abi, bool stable, bool gil_disabled, bool debug)
{
	CLEANUP_STR struct str text = STR_INIT;
	struct py_config c;
	str_printf(&text, "version=3.13\n%s\n", lines);
	assert_int_equal(pyconfig_parse(str_span(&text), &c, NULL), 0);
	if (c.abi != abi || c.stable_abi != stable || c.gil_disabled != gil_disabled || c.debug != debug)
		fail_msg("%s: %d %d %d %d", lines, (int)c.abi, c.stable_abi, c.gil_disabled, c.debug);
}

static void test_abi(void **state)
{
	(void)state;
	abi_one("abi3=false", PY_ABI_GIL, false, false, false);
	abi_one("abi3=true", PY_ABI_ABI3, true, false, false);
	abi_one("build_flags=Py_GIL_DISABLED", PY_ABI_FREE_THREADED, false, true, false);
	abi_one("build_flags=Py_REF_DEBUG,Py_DEBUG", PY_ABI_GIL, false, false, true);
	abi_one("build_flags=Py_DEBUG,Py_GIL_DISABLED", PY_ABI_FREE_THREADED, false, true, true);
	abi_one("build_flags=Py_DEBUGGER", PY_ABI_GIL, false, false, false);
	abi_one("target_abi=CPython-gil_enabled-3.11", PY_ABI_GIL, false, false, false);
	abi_one("target_abi=CPython-free_threaded-3.14", PY_ABI_FREE_THREADED, false, true, false);
	abi_one("target_abi=CPython-abi3-3.8", PY_ABI_ABI3, true, false, false);
	abi_one("target_abi=CPython-abi3t-3.15", PY_ABI_ABI3T, true, false, false);
	abi_one("target_abi=CPython-unheard-3.15", PY_ABI_UNKNOWN, false, false, false);
	abi_one("target_abi=", PY_ABI_UNKNOWN, false, false, false);
}

static void refused_one(struct span text, const char *reason)
{
	struct py_config c = {.pointer_width = 77};
	struct err err = ERR_INIT;
	assert_int_equal(pyconfig_parse(text, &c, &err), -EBADMSG);
	assert_int_equal(c.pointer_width, 77);
	assert_non_null(strstr(err.msg, reason));
}

static void test_refused(void **state)
{
	(void)state;
	refused_one(SPAN_LIT(""), "without a version");
	refused_one(SPAN_LIT("implementation=CPython\n"), "without a version");
	refused_one(SPAN_LIT("version=3.9\n\n"), "line 2 ");
	refused_one(SPAN_LIT("version=3.9\nnonsense\n"), "line 2 ");
	refused_one(SPAN_LIT("version=3.9\nlib_dir=\xff\n"), "not UTF-8");
	CLEANUP_STR struct str huge = STR_INIT;
	str_add(&huge, "version=3.9\nx=");
	str_reserve(&huge, PYCONFIG_MAX_BYTES);
	while (huge.len <= PYCONFIG_MAX_BYTES)
		str_add_char(&huge, 'x');
	refused_one(str_span(&huge), "bytes");
}

static void test_hex(void **state)
{
	(void)state;
	CLEANUP_STR struct str hex = STR_INIT, text = STR_INIT;
	str_add_hex(&hex, OLD_TEXT, strlen(OLD_TEXT));
	assert_true(pyconfig_from_hex(SPAN_LIT("PYO3_CONFIG"), str_span(&hex), &text));
	assert_string_equal(text.buf, OLD_TEXT);

	str_clear(&text);
	assert_false(pyconfig_from_hex(SPAN_LIT("PYO3_OTHER"), str_span(&hex), &text));
	assert_false(pyconfig_from_hex(SPAN_LIT("PYO3_CONFIG"), SPAN_LIT(""), &text));
	assert_false(pyconfig_from_hex(SPAN_LIT("PYO3_CONFIG"), SPAN_LIT("696"), &text));
	assert_false(pyconfig_from_hex(SPAN_LIT("PYO3_CONFIG"), SPAN_LIT("696D"), &text));
	assert_string_equal(text.buf, "");
}

static void executable_one(const char *before, const char *after)
{
	CLEANUP_STR struct str out = STR_INIT;
	struct py_config c;
	assert_int_equal(pyconfig_parse(span_of(before), &c, NULL), 0);
	pyconfig_set_executable(&c, SPAN_LIT("/alias/python"), &out);
	assert_string_equal(out.buf, after);
}

static void test_set_executable(void **state)
{
	(void)state;
	executable_one(
		"version=3.9\nexecutable=/a/b\nx=/a/b\n", "version=3.9\nexecutable=/alias/python\nx=/a/b\n");
	executable_one("version=3.9\nexecutable= /a/b \r\n", "version=3.9\nexecutable= /alias/python \r\n");
	executable_one("version=3.9\nexecutable=\n", "version=3.9\nexecutable=/alias/python\n");
	executable_one("executable=/a\nversion=3\nexecutable=/b",
		"executable=/alias/python\nversion=3\nexecutable=/alias/python");
	executable_one("version=3.9\nmy_executable=/a/b\n", "version=3.9\nmy_executable=/a/b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_abi),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_set_executable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
