#include "steady/cli/report.h"

#include "steady/cli/visible.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>

static struct cJSON *made(struct cJSON *item)
{
	/* cJSON gives NULL for want of memory only. */
	if (item == NULL)
		abort();
	return item;
}

static struct cJSON *put(struct cJSON *parent, const char *key, struct cJSON *item)
{
	(void)made(item);
	if (key != NULL)
		(void)cJSON_AddItemToObjectCS(parent, key, item);
	else
		(void)cJSON_AddItemToArray(parent, item);
	return item;
}

struct cJSON *report_new(const char *command)
{
	struct cJSON *report = made(cJSON_CreateObject());
	report_count(report, "schema_version", REPORT_SCHEMA_VERSION);
	report_string(report, "command", command);
	return report;
}

void report_free(struct cJSON *report)
{
	cJSON_Delete(report);
}

struct cJSON *report_object(struct cJSON *parent, const char *key)
{
	return put(parent, key, cJSON_CreateObject());
}

struct cJSON *report_array(struct cJSON *parent, const char *key)
{
	return put(parent, key, cJSON_CreateArray());
}

void report_text(struct cJSON *parent, const char *key, struct span text)
{
	CLEANUP_STR struct str valid = STR_INIT;
	while (text.len != 0) {
		size_t step = span_utf8_step(text);
		if (step == 0 || text.ptr[0] == '\0') {
			str_add(&valid, "\xef\xbf\xbd");
			step = 1;
		} else {
			str_add_mem(&valid, text.ptr, step);
		}
		text = span_skip(text, step);
	}
	(void)put(parent, key, cJSON_CreateString(valid.buf));
}

void report_string(struct cJSON *parent, const char *key, const char *text)
{
	if (text != NULL)
		report_text(parent, key, span_of(text));
	else
		report_null(parent, key);
}

void report_count(struct cJSON *parent, const char *key, uint64_t count)
{
	/* As text: a number of cJSON's is a double. */
	char digits[24];
	(void)snprintf(digits, sizeof(digits), "%" PRIu64, count);
	(void)put(parent, key, cJSON_CreateRaw(digits));
}

void report_hex(struct cJSON *parent, const char *key, uint64_t value)
{
	char digits[20];
	(void)snprintf(digits, sizeof(digits), "%016" PRIx64, value);
	(void)put(parent, key, cJSON_CreateString(digits));
}

void report_bool(struct cJSON *parent, const char *key, bool value)
{
	(void)put(parent, key, cJSON_CreateBool(value));
}

void report_null(struct cJSON *parent, const char *key)
{
	(void)put(parent, key, cJSON_CreateNull());
}

/*
 * cJSON escapes the control characters below 0x20 only. The others that a terminal obeys can stand nowhere
 * but in strings, so they can be escaped in the finished text.
 */
static void add_escaped(struct str *out, struct span json)
{
	while (json.len != 0) {
		size_t step = span_utf8_step(json);
		uint32_t code = step != 0 ? visible_code_point(json.ptr, step) : 0;
		if (code >= 0x7f && visible_is_unsafe(code))
			str_printf(out, "\\u%04x", (unsigned)code);
		else
			str_add_mem(out, json.ptr, step != 0 ? step : 1);
		json = span_skip(json, step != 0 ? step : 1);
	}
}

void report_print(struct cJSON *report, struct ui *ui)
{
	CLEANUP_STR struct str out = STR_INIT;
	char *json = cJSON_PrintUnformatted(report);
	if (json == NULL)
		abort();
	add_escaped(&out, span_of(json));
	str_add_char(&out, '\n');
	ui_raw(ui, str_span(&out));
	cJSON_free(json);
	report_free(report);
}
