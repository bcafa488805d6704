/*
 * Reports as JSON: one object on stdout, described in the manual, to which fields may be added but from which
 * none go away while schema_version is 1.
 *
 *	struct cJSON *report = report_new("scan");
 *	struct cJSON *units = report_array(report, "units");
 *	struct cJSON *unit = report_object(units, NULL);
 *	report_text(unit, "package", span_of(name));
 *	report_hex(unit, "hash", hash);
 *	report_print(report, ui);
 *
 * `key` is a literal (it is not copied); NULL where the parent is an array. Out of memory aborts.
 */
#ifndef STEADY_CLI_REPORT_H
#define STEADY_CLI_REPORT_H

#include "steady/cli/ui.h"
#include "steady/util/span.h"

struct cJSON;

#define REPORT_SCHEMA_VERSION 1

/** The values of --format: {"format", 0, OPT_CHOICE, ..., "FMT", REPORT_FORMATS, "Output format"}. */
enum report_format { REPORT_TEXT, REPORT_JSON };
#define REPORT_FORMATS "text|json"

/** With schema_version and command. Give it to report_print, or to report_free. */
struct cJSON *report_new(const char *command);
/** Accepts NULL. */
void report_free(struct cJSON *report);
/** Prints the object as one line on stdout, and frees it. */
void report_print(struct cJSON *report, struct ui *ui);

struct cJSON *report_object(struct cJSON *parent, const char *key);
struct cJSON *report_array(struct cJSON *parent, const char *key);
/** Any bytes: what is no UTF-8, and NUL, becomes U+FFFD. */
void report_text(struct cJSON *parent, const char *key, struct span text);
/** As report_text; NULL becomes null. */
void report_string(struct cJSON *parent, const char *key, const char *text);
/** An exact integer. For numbers of things; identifiers of 64 bits go through report_hex. */
void report_count(struct cJSON *parent, const char *key, uint64_t count);
/** A string of 16 hexadecimal digits, since most readers of JSON would round such a number. */
void report_hex(struct cJSON *parent, const char *key, uint64_t value);
void report_bool(struct cJSON *parent, const char *key, bool value);
void report_null(struct cJSON *parent, const char *key);

#endif
