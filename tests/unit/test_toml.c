#include "steady/format/toml.h"

#include "steady/util/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* {key="string",key=bare,key=[element,...]} */
static void dump(const struct toml_value *value, struct str *out)
{
	bool is_table = value->type == TOML_TABLE;
	if (value->type == TOML_BARE) {
		str_add_span(out, value->text);
		return;
	}
	if (value->type == TOML_STRING) {
		str_printf(out, "\"%.*s\"", SPAN_ARG(value->text));
		return;
	}
	str_add_char(out, is_table ? '{' : '[');
	size_t count = 0;
	toml_each (item, value) {
		str_add(out, count++ != 0 ? "," : "");
		if (is_table)
			str_printf(out, "%.*s=", SPAN_ARG(item->key));
		dump(item, out);
	}
	assert_int_equal(count, value->count);
	str_add_char(out, is_table ? '}' : ']');
}

static void parse_one(const char *text, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str out = STR_INIT;
	struct toml_value *root;
	struct err err = ERR_INIT;
	if (toml_parse(mem, span_of(text), &root, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	dump(root, &out);
	if (strcmp(out.buf, expected) != 0)
		fail_msg("%s: %s", text, out.buf);
}

static void test_values(void **state)
{
	(void)state;
	parse_one("", "{}");
	parse_one("\xef\xbb\xbf# only a comment", "{}");
	parse_one("a = 1 # one\r\nb=-0x1F\n\n c\t=\ttrue", "{a=1,b=-0x1F,c=true}");
	parse_one("a = 1979-05-27 07:32:00.5-07:00\nb = 1979-05-27\nc = 07:32:00\nd=+inf",
		"{a=1979-05-27 07:32:00.5-07:00,b=1979-05-27,c=07:32:00,d=+inf}");
	parse_one("a = []\nb = [ ]\nc = [1,2,]\nd = [\n # x\n 'a', # y\n [\"b\"],\n{ c = 1 }\n]",
		"{a=[],b=[],c=[1,2],d=[\"a\",[\"b\"],{c=1}]}");
	parse_one("a = {}\nb = { c = 1, d.e = 'f', \"g h\" = {} }", "{a={},b={c=1,d={e=\"f\"},g h={}}}");
	parse_one("a = {\n b = 1, # x\n}", "{a={b=1}}");
}

static void test_strings(void **state)
{
	(void)state;
	parse_one("a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''", "{a=\"\",b=\"\",c=\"\",d=\"\"}");
	parse_one("a = 'C:\\x\\'", "{a=\"C:\\x\\\"}");
	parse_one("a = \"q\\\" b\\\\ \\t\\u00e9\\U0001F980\\x41#\"",
		"{a=\"q\" b\\ \t\xc3\xa9\xf0\x9f\xa6\x80"
		"A#\"}");
	parse_one("a = \"\"\"\nx\n  y\"\"\"", "{a=\"x\n  y\"}");
	parse_one("a = '''\r\nx\\\r\ny'''", "{a=\"x\\\r\ny\"}");
	parse_one("a = \"\"\"x \\\n\n \t y\\  \nz\"\"\"", "{a=\"x yz\"}");
	parse_one("a = \"\"\"\"x\"\"y\"\"\"\"\"", "{a=\"\"x\"\"y\"\"\"}");
	parse_one("a = ''''x''''", "{a=\"'x'\"}");
	parse_one("a = \"\xc3\xa5\"", "{a=\"\xc3\xa5\"}");
}

static void test_keys(void **state)
{
	(void)state;
	parse_one("a.b . c = 1\na.d = 2", "{a={b={c=1},d=2}}");
	parse_one("\"a.b\".'c \"d' = 1", "{a.b={c \"d=1}}");
	parse_one("\"\" = 1\n3.14 = 2", "{=1,3={14=2}}");
	parse_one("a-b_C9 = 1", "{a-b_C9=1}");
}

static void test_tables(void **state)
{
	(void)state;
	parse_one("x=0\n[a]\nb=1\n[ c . 'd' ] # z\ne=2", "{x=0,a={b=1},c={d={e=2}}}");
	parse_one("[a.b.c]\nd=1\n[a]\ne=2\n[a.f]", "{a={b={c={d=1}},e=2,f={}}}");
	parse_one("[[a]]\nb=1\n[[a]]\n[a.c]\nd=2\n[[a.e]]\n[[a]]", "{a=[{b=1},{c={d=2},e=[{}]},{}]}");
	parse_one("[f]\na.c=1\na.t.s=2\n[f.a.x]\ny=3", "{f={a={c=1,t={s=2},x={y=3}}}}");
}

static void refused_one(struct span text, int code, const char *reason)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct toml_value *root = NULL;
	struct err err = ERR_INIT;
	if (toml_parse(mem, text, &root, &err) != -code)
		fail_msg("%.*s: %s", SPAN_ARG(text), err.msg);
	assert_null(root);
	if (strstr(err.msg, reason) == NULL)
		fail_msg("%.*s: \"%s\" does not say \"%s\"", SPAN_ARG(text), err.msg, reason);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *reason;
	} row[] = {
		{"a", "line 1: a key without '='"},
		{"\na =", "line 2: a value is missing"},
		{"a = \n1", "line 1: a value is missing"},
		{"= 1", "a key is missing"},
		{"a. = 1", "a key is missing"},
		{"a b = 1", "a key without '='"},
		{"a = yes", "a value is missing or unknown"},
		{"a = 1 b = 2", "more than one thing"},
		{"a = 'x' 'y'", "more than one thing"},
		{"[a] b = 1", "more than one thing"},
		{"[a", "without its end"},
		{"[]", "a key is missing"},
		{"[[a]", "without its end"},
		{"[a]]", "more than one thing"},
		{"a = [1", "a comma or a closing bracket"},
		{"a = [1 2]", "a comma or a closing bracket"},
		{"a = [,]", "a value is missing"},
		{"a = {b = 1", "a comma or a closing bracket"},
		{"a = {b}", "a key without '='"},
		{"a = \"x", "a string without its end"},
		{"a = \"x\n\"", "a string without its end"},
		{"a = 'x\n'", "a string without its end"},
		{"a = \"\"\"x\"\"", "a string without its end"},
		{"a = \"\"\"x\\", "an unknown escape"},
		{"a = \"\"\"x\"\"\"\"\"\"", "more than one thing"},
		{"a = '''x''''''", "more than one thing"},
		{"a = \"\\q\"", "an unknown escape"},
		{"a = \"\\u12\"", "too few"},
		{"a = \"\\ud800\"", "no character"},
		{"a = \"\\U00110000\"", "no character"},
		{"a = \"\x01\"", "a control character"},
		{"a = 'x\ry'", "a control character"},
		{"\"\"\"a\"\"\" = 1", "a key over several lines"},
		{"\xff = 1", "not UTF-8"},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		refused_one(span_of(row[i].text), EBADMSG, row[i].reason);
	refused_one(SPAN_LIT("a = 1\0"), EBADMSG, "more than one thing");
	refused_one(SPAN_LIT("a = 'x\0'"), EBADMSG, "a control character");
	refused_one(SPAN_LIT("\0"), EBADMSG, "a key is missing");
}

static void test_given_twice(void **state)
{
	(void)state;
	static const char *const row[] = {
		"a = 1\na = 2",
		"a = 1\n'a' = 2",
		"a = {b = 1, b = 2}",
		"[a]\n[a]",
		"[a]\nb = 1\n[a.b]",
		"[a]\nb = 1\n[a.b.c]",
		"a = 1\na.b = 2",
		"a.b = 1\na = 2",
		"a = {}\na.b = 1",
		"a = {b.c = 1}\n[a.b]",
		"a = {}\n[a]",
		"a = []\n[[a]]",
		"a = [{}]\n[a.b]",
		"[[a]]\n[a]",
		"[a]\n[[a]]",
		"[f]\na.c = 1\n[f.a]",
		"[f]\na.t.c = 1\n[f.a.t]",
		"[a.b]\nz = 1\n[a]\nb.t = 2",
		"[a.b.c]\nz = 1\n[a]\nb.c.t = 2",
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		refused_one(span_of(row[i]), EEXIST, "line ");
}

static void repeated_one(const char *start, const char *unit, size_t count, const char *reason)
{
	CLEANUP_STR struct str text = STR_INIT;
	str_add(&text, start);
	for (size_t i = 0; i < count; i++)
		str_add(&text, unit);
	refused_one(str_span(&text), EBADMSG, reason);
}

static void test_bounds(void **state)
{
	(void)state;
	repeated_one("a = ", "[", 10000, "too deep nesting");
	repeated_one("a = ", "{a=", 10000, "too deep nesting");
	repeated_one("a", ".a", 10000, "too many parts");
	repeated_one("[a", ".a", 10000, "too many parts");
	repeated_one("a = [", "0,", TOML_MAX_VALUES + 1, "too many values");
	repeated_one("", "[[a]]\n", TOML_MAX_VALUES + 1, "too many values");
	repeated_one("", "#", TOML_MAX_BYTES + 1, "bytes of TOML");
}

/* Duplicates are found without comparing each key with all others: quadratic time would run into the limit.
 */
static void test_many_keys(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str text = STR_INIT;
	struct toml_value *root;
	for (int i = 0; i < 200000; i++)
		str_printf(&text, "key%d=1\n", i);
	assert_int_equal(toml_parse(mem, str_span(&text), &root, NULL), 0);
	assert_int_equal(root->count, 200000);
}

static const char manifest[] = "[package]\n"
			       "name = \"demo\"\n"
			       "include = [\n  \"/src\", # all of it\n  '/build.rs',\n]\n"
			       "[workspace]\n"
			       "members = [\"a\", \"b/*\"]\n"
			       "[target.'cfg(unix)'.dependencies]\n"
			       "libc = \"0.2\"\n"
			       "[env]\n"
			       "PLAIN = \"x\"\n"
			       "TABLE = { value = \"y\", force = true, relative = false }\n";

static void test_access(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct toml_value *root;
	struct span text = SPAN_LIT("untouched");
	bool yes = false;
	assert_int_equal(toml_parse(mem, span_of(manifest), &root, NULL), 0);

	assert_true(toml_string(toml_get(root, "package.name"), &text));
	assert_true(span_eq_str(text, "demo"));
	const struct toml_value *include = toml_get(root, "package.include");
	assert_int_equal(include->type, TOML_ARRAY);
	assert_int_equal(include->count, 2);
	assert_int_equal(include->line, 3);
	assert_true(toml_string(toml_first(include)->next, &text));
	assert_true(span_eq_str(text, "/build.rs"));
	assert_int_equal(toml_first(include)->next->line, 5);

	const struct toml_value *env = toml_get(root, "env");
	assert_int_equal(env->count, 2);
	assert_true(toml_bool(toml_get(env, "TABLE.force"), &yes) && yes);
	assert_true(toml_bool(toml_get(env, "TABLE.relative"), &yes) && !yes);
	assert_false(toml_bool(toml_get(env, "PLAIN"), &yes));
	assert_non_null(
		toml_get(toml_member(toml_get(root, "target"), SPAN_LIT("cfg(unix)")), "dependencies.libc"));

	text = SPAN_LIT("untouched");
	assert_false(toml_string(toml_get(root, "package.version"), &text));
	assert_false(toml_string(toml_get(root, "package.name.more"), &text));
	assert_false(toml_string(toml_get(root, "package"), &text));
	assert_false(toml_string(toml_get(NULL, "package"), &text));
	assert_true(span_eq_str(text, "untouched"));
	assert_null(toml_first(NULL));
	assert_ptr_equal(toml_get(root, ""), root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_given_twice),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_access),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
