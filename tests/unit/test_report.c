#include "steady/cli/report.h"

#include "steady/cli/table.h"
#include "steady/util/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ui_memory.h"

static void text_one(struct span text, const char *expected)
{
	struct ui_memory m;
	CLEANUP_STR struct str whole = STR_INIT;
	ui_memory_open(&m);
	struct cJSON *report = report_new("t");
	report_text(report, "x", text);
	report_print(report, &m.ui);
	ui_memory_flush(&m);
	str_printf(&whole, "{\"schema_version\":1,\"command\":\"t\",\"x\":\"%s\"}\n", expected);
	assert_string_equal(m.out, whole.buf);
	ui_memory_close(&m);
}

static void test_text(void **state)
{
	(void)state;
	text_one(SPAN_LIT("plain"), "plain");
	text_one(SPAN_LIT(""), "");
	text_one(SPAN_LIT("a\"b\\c"), "a\\\"b\\\\c");
	text_one(SPAN_LIT("\x1b[0m\n"), "\\u001b[0m\\n");
	text_one(SPAN_LIT("a\0b"),
		"a\xef\xbf\xbd"
		"b");
	text_one(SPAN_LIT("\xff\xc3\xa9"), "\xef\xbf\xbd\xc3\xa9");
	text_one(SPAN_LIT("\x7f\xc2\x9b"), "\\u007f\\u009b");
	text_one(SPAN_LIT("\xe2\x80\xae"), "\\u202e");
	text_one(SPAN_LIT("\xf0\x9f\xa6\x80"), "\xf0\x9f\xa6\x80");
}

static void test_every_kind(void **state)
{
	(void)state;
	struct ui_memory m;
	ui_memory_open(&m);
	struct cJSON *report = report_new("scan");
	struct cJSON *units = report_array(report, "units");
	struct cJSON *unit = report_object(units, NULL);
	report_hex(unit, "hash", UINT64_MAX - 1);
	report_hex(unit, "zero", 0);
	report_count(unit, "bytes", UINT64_MAX);
	report_bool(unit, "fresh", true);
	report_null(unit, "cause");
	report_string(unit, "reason", NULL);
	report_count(units, NULL, 7);
	report_print(report, &m.ui);
	ui_memory_flush(&m);
	assert_string_equal(m.out,
		"{\"schema_version\":1,\"command\":\"scan\",\"units\":[{\"hash\":\"fffffffffffffffe\","
		"\"zero\":\"0000000000000000\",\"bytes\":18446744073709551615,\"fresh\":true,\"cause\":null,"
		"\"reason\":null},7]}\n");
	ui_memory_close(&m);
}

static void test_table(void **state)
{
	(void)state;
	struct ui_memory m;
	ui_memory_open(&m);
	CLEANUP_TABLE struct table *t = table_new();
	table_column(t, "Profile", TABLE_LEFT);
	table_column(t, "Units", TABLE_RIGHT);
	table_column(t, "Where", TABLE_LEFT);
	table_cell(t, UI_PLAIN, "%s", "debug");
	table_cell(t, UI_PLAIN, "%d", 1204);
	table_cell(t, UI_PLAIN, "%s", "a\nb");
	table_cell(t, UI_PLAIN, "%s",
		"gr\xc3\xbc\xc3\x9f"
		"e-longer");
	table_cell(t, UI_PLAIN, "%d", 7);
	table_cell(t, UI_PLAIN, "%s", "");
	assert_int_equal(table_rows(t), 2);
	table_print(t, &m.ui);
	ui_memory_flush(&m);
	assert_string_equal(m.out,
		"Profile       Units  Where\n"
		"debug          1204  a\\nb\n"
		"gr\xc3\xbc\xc3\x9f"
		"e-longer      7  \n");
	ui_memory_close(&m);
}

static int clean(void **state)
{
	(void)state;
	ui_memory_clean_environment();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, clean, NULL);
}
