#include "steady/format/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void u64_one(const char *text, bool exact, uint64_t expected)
{
	CLEANUP_JSON cJSON *json = NULL;
	assert_int_equal(json_parse(span_of(text), 4096, &json, NULL), 0);
	uint64_t value = 77;
	assert_int_equal(json_u64(json->child, &value), exact);
	assert_int_equal(value, exact ? expected : 77);
}

static void test_integers_are_exact(void **state)
{
	(void)state;
	u64_one("[0]", true, 0);
	u64_one("[7458672600737419911]", true, 7458672600737419911u);
	u64_one("[18446744073709551615]", true, UINT64_MAX);
	u64_one("[18446744073709551616]", false, 0);
	u64_one("[-1]", false, 0);
	u64_one("[\"5\"]", false, 0);
	u64_one("[true]", false, 0);
	u64_one("{\"a\" : 12 }", true, 12);
	assert_false(json_u64(NULL, &(uint64_t){0}));
}

static void string_one(const char *text, bool is_string, const char *expected)
{
	CLEANUP_JSON cJSON *json = NULL;
	assert_int_equal(json_parse(span_of(text), 4096, &json, NULL), 0);
	struct span value = SPAN_LIT("untouched");
	assert_int_equal(json_string(json->child, &value), is_string);
	assert_true(span_eq_str(value, is_string ? expected : "untouched"));
}

static void test_strings_are_no_numbers(void **state)
{
	(void)state;
	string_one("[\"12\"]", true, "12");
	string_one("[12]", false, NULL);
	string_one("[\"\"]", true, "");
	string_one("[\"\\u00ff1\"]", true,
		"\xc3\xbf"
		"1");
	string_one("[\"a\\\"1,2\\\\\"]", true, "a\"1,2\\");
	string_one("[\"\\ud83e\\udd80\"]", true, "\xf0\x9f\xa6\x80");
	string_one("[null]", false, NULL);
	assert_false(json_string(NULL, &(struct span){NULL, 0}));
}

static void refused_one(struct span text, const char *reason)
{
	struct cJSON *json = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(json_parse(text, 4096, &json, &err), -EBADMSG);
	assert_null(json);
	if (strstr(err.msg, reason) == NULL)
		fail_msg("\"%.*s\": \"%s\" does not say \"%s\"", SPAN_ARG(text), err.msg, reason);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *reason;
	} row[] = {
		{"", "malformed JSON"},
		{"{", "malformed JSON"},
		{"[1,]", "malformed JSON"},
		{"[1 2]", "malformed JSON"},
		{"[1]]", "bracket too many at byte 3"},
		{"[1] [2]", "malformed JSON"},
		{"[1.0]", "not an integer"},
		{"[1e3]", "not an integer"},
		{"[01]", "malformed number"},
		{"[-]", "malformed number at byte 2"},
		{"[--1]", "malformed number"},
		{"[+1]", "unexpected character at byte 1"},
		{"[nul]", "malformed JSON"},
		{"[NaN]", "unexpected character"},
		{"{\"a\":1,\"b\":2,\"a\":3}", "twice"},
		{"{\"a\":1,\"\\u0061\":3}", "twice"},
		{"[{\"x\":{\"a\":1,\"a\":1}}]", "twice"},
		{"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,"
		 "\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"b\":1}",
			"twice"},
		{"{1:2}", "a number for a key"},
		{"{\"a\":{\"b\":[{1:2}]}}", "a number for a key"},
		{"[\"\\u0000\"]", "NUL"},
		{"[\"\\u00zz\"]", "escape"},
		{"[\"\\x\"]", "escape"},
		{"[\"\\", "escape"},
		{"[\"\\ud800\"]", "malformed JSON"},
		{"[\"a\nb\"]", "control character"},
		{"[\"abc", "without its end"},
		{"\xef\xbb\xbf[1]", "unexpected character at byte 0"},
		{"[\"\xff\x31\"]", "not UTF-8"},
		{"[\"\xed\xa0\x80\"]", "not UTF-8"},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		refused_one(span_of(row[i].text), row[i].reason);
	refused_one(SPAN_LIT("[1]\0"), "unexpected character at byte 3");
}

static void nested_one(size_t depth, int expected)
{
	CLEANUP_STR struct str text = STR_INIT;
	CLEANUP_JSON cJSON *json = NULL;
	for (size_t i = 0; i < depth; i++)
		str_add_char(&text, '[');
	for (size_t i = 0; i < depth; i++)
		str_add_char(&text, ']');
	assert_int_equal(json_parse(str_span(&text), 1 << 20, &json, NULL), expected);
}

static void test_bounds(void **state)
{
	(void)state;
	nested_one(JSON_MAX_DEPTH, 0);
	nested_one(JSON_MAX_DEPTH + 1, -EBADMSG);
	nested_one(10000, -EBADMSG);

	struct cJSON *json = NULL;
	assert_int_equal(json_parse(SPAN_LIT("[123]"), 4, &json, NULL), -EBADMSG);
	CLEANUP_STR struct str many = STR_INIT;
	str_add_char(&many, '[');
	for (size_t i = 0; i <= JSON_MAX_VALUES; i++)
		str_add(&many, "0,");
	str_add(&many, "0]");
	assert_int_equal(json_parse(str_span(&many), 1 << 24, &json, NULL), -EBADMSG);
	assert_null(json);
}

static void test_written_as_serde_json_does(void **state)
{
	(void)state;
	CLEANUP_STR struct str out = STR_INIT;
	json_add_string(&out, SPAN_LIT("a\"b\\c\b\f\n\r\t\x01\x0b\x1f/\x7f\xc3\xa9"));
	assert_string_equal(out.buf, "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u000b\\u001f/\x7f\xc3\xa9\"");
	str_clear(&out);
	json_add_u64(&out, 0);
	str_add_char(&out, ' ');
	json_add_u64(&out, UINT64_MAX);
	assert_string_equal(out.buf, "0 18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_exact),
		cmocka_unit_test(test_strings_are_no_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_written_as_serde_json_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
