#include "steady/format/pyrecord.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void line_one(const char *text, const char *path, const char *hash, bool passed_over)
{
	struct pyrecord_line line;
	struct span rest = span_of(text);
	assert_true(pyrecord_next(&rest, &line));
	assert_true(span_eq_str(line.path, path));
	assert_true(span_eq_str(line.hash, hash));
	assert_int_equal(line.passed_over, passed_over);
	assert_false(pyrecord_next(&rest, &line));
}

static void test_lines(void **state)
{
	(void)state;
	line_one("cffi/api.py,sha256=abc,42169", "cffi/api.py", "sha256=abc", false);
	line_one("cffi/api.py,sha256=abc,42169\r\n", "cffi/api.py", "sha256=abc", false);
	line_one("\n\n_cffi.so,sha256=x,\n", "_cffi.so", "sha256=x", false);
	line_one("\"a,b.py\",sha256=abc,1", "a,b.py", "sha256=abc", false);
	line_one("cffi/none.py,,", "cffi/none.py", "", false);
	line_one("cffi/none.py", "cffi/none.py", "", false);
	line_one("cffi/none.py,sha256=abc", "cffi/none.py", "", false);
	line_one("cffi-1.0.dist-info/METADATA,sha256=m,1", "cffi-1.0.dist-info/METADATA", "sha256=m", false);
	line_one("cffi/INSTALLER,sha256=m,1", "cffi/INSTALLER", "sha256=m", false);
	line_one("uv_build/__init__.py,sha256=m,1", "uv_build/__init__.py", "sha256=m", false);
	/* what differs between two installations of one wheel */
	line_one("../../../bin/cffi,sha256=abc,200", "../../../bin/cffi", "sha256=abc", true);
	line_one("../../Scripts/cffi.exe,sha256=abc,200", "../../Scripts/cffi.exe", "sha256=abc", true);
	line_one("../../../share/cffi/bin.txt,sha256=abc,200", "../../../share/cffi/bin.txt", "sha256=abc",
		false);
	line_one("../../../include/cffi.h,sha256=abc,200", "../../../include/cffi.h", "sha256=abc", false);
	line_one("cffi/bin/tool,sha256=abc,200", "cffi/bin/tool", "sha256=abc", false);
	line_one("cffi/__pycache__/api.cpython-312.pyc,,", "cffi/__pycache__/api.cpython-312.pyc", "", true);
	line_one("cffi-1.0.dist-info/RECORD,,", "cffi-1.0.dist-info/RECORD", "", true);
	line_one("cffi-1.0.dist-info/INSTALLER,sha256=i,4", "cffi-1.0.dist-info/INSTALLER", "sha256=i", true);
	line_one("cffi-1.0.dist-info/REQUESTED,sha256=i,0", "cffi-1.0.dist-info/REQUESTED", "sha256=i", true);
	line_one("cffi-1.0.dist-info/direct_url.json,sha256=i,9", "cffi-1.0.dist-info/direct_url.json",
		"sha256=i", true);
	line_one("cffi-1.0.dist-info/uv_cache.json,sha256=i,9", "cffi-1.0.dist-info/uv_cache.json",
		"sha256=i", true);
	struct pyrecord_line line;
	struct span rest = span_of("\n \n\r\n");
	assert_false(pyrecord_next(&rest, &line));
}

static struct digest sum_of(const char *text)
{
	struct pyrecord_sum sum = {.count = 0};
	struct pyrecord_line line;
	for (struct span rest = span_of(text); pyrecord_next(&rest, &line);) {
		if (!line.passed_over)
			pyrecord_add(&sum, line.both);
	}
	return pyrecord_digest(&sum);
}

static void sum_one(const char *a, const char *b, bool equal)
{
	struct digest x = sum_of(a), y = sum_of(b);
	assert_int_equal(digest_eq(&x, &y), equal);
}

static void test_sums(void **state)
{
	(void)state;
	const char *text = "a.py,sha256=1,1\nb.py,sha256=2,2\n";
	sum_one(text, "b.py,sha256=2,2\r\na.py,sha256=1,1\r\n", true);
	sum_one(text, "a.py,sha256=1,1\nb.py,sha256=2,2\n../bin/a,sha256=3,3\na.pyc,,\n", true);
	sum_one(text, "a.py,sha256=1,1\nb.py,sha256=3,2\n", false);
	sum_one(text, "a.py,sha256=2,1\nb.py,sha256=1,2\n", false);
	sum_one(text, "a.py,sha256=1,1\n", false);
	sum_one(text, "a.py,sha256=1,1\na.py,sha256=1,1\nb.py,sha256=2,2\n", false);
	sum_one("", "\n", true);
	sum_one("", "a.py,sha256=1,1\n", false);
}

static void name_one(const char *directory, const char *name, const char *version)
{
	struct span n, v;
	assert_int_equal(pyrecord_name(span_of(directory), &n, &v), name != NULL);
	if (name == NULL)
		return;
	assert_true(span_eq_str(n, name));
	assert_true(span_eq_str(v, version));
}

static void test_names(void **state)
{
	(void)state;
	name_one("cffi-1.17.1.dist-info", "cffi", "1.17.1");
	name_one("zope-interface-5.0+local.1.dist-info", "zope-interface", "5.0+local.1");
	name_one("cffi.dist-info", NULL, NULL);
	name_one("cffi-.dist-info", NULL, NULL);
	name_one("-1.0.dist-info", NULL, NULL);
	name_one(".dist-info", NULL, NULL);
	name_one("cffi-1.0.egg-info", NULL, NULL);
	name_one("", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
