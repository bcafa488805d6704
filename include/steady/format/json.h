/*
 * Strict JSON over cJSON, with integers that stay exact.
 *
 * cJSON keeps numbers as doubles, and half of all 64-bit hashes would not survive that. So integers are put
 * in quotes before cJSON sees the text, behind a byte (0xff) that no UTF-8 string can contain: a genuine
 * string is never taken for a number, nor the other way round.
 *
 *	CLEANUP_JSON struct cJSON *json = NULL;
 *	if (json_parse(text, 1 << 20, &json, &err) < 0)
 *		return err_wrap(&err, "%s", path);
 *	if (json_u64(cJSON_GetObjectItemCaseSensitive(json, "hash"), &hash))
 *		...
 *
 * Refused, beyond what RFC 8259 refuses: numbers that are not integers, keys given twice, \u0000, bytes that
 * are not UTF-8, more than JSON_MAX_DEPTH levels and more than JSON_MAX_VALUES values.
 * Safe to call from several threads at once (nobody asks cJSON_GetErrorPtr).
 */
#ifndef STEADY_FORMAT_JSON_H
#define STEADY_FORMAT_JSON_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#define JSON_MAX_DEPTH 64
/** Memory stays below some 200 bytes for each value. */
#define JSON_MAX_VALUES ((size_t)1 << 18)

struct cJSON;

/** 0 and a tree for json_free; -EBADMSG, with the byte offset where it can be told, also beyond max_bytes. */
int json_parse(struct span text, size_t max_bytes, struct cJSON **ret, struct err *err);
/** Accepts NULL, returns NULL. */
struct cJSON *json_free(struct cJSON *json);
void json_cleanup(struct cJSON **json);
#define CLEANUP_JSON CLEANUP(json_cleanup)

/** True for an integer from 0 to 2^64-1. NULL and any other value give false, *ret untouched. */
bool json_u64(const struct cJSON *json, uint64_t *ret);
/** True for a string (not for an integer); the bytes live as long as the tree. */
bool json_string(const struct cJSON *json, struct span *ret);

/** Appends the string in quotes, escaped as serde_json does: `\" \\ \b \f \n \r \t`, other bytes below 0x20
 * as \u00xx, everything else as it is. */
void json_add_string(struct str *out, struct span text);
void json_add_u64(struct str *out, uint64_t value);

#endif
