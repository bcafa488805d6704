#include "steady/format/json.h"

#include "steady/util/mem.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

/* First byte of the string that stands for an integer. */
#define MARK '\xff'
/* A unit's JSON with its integers quoted nearly always fits; the heap costs as much as the whole scan. */
#define ON_STACK 8192

struct scan {
	struct span text;
	size_t at;
	/* Text before this position is copied to `out`. */
	size_t copied;
	size_t depth, values;
	/* The next byte of the quoted text; there is room for the longest that can arise. */
	char *out;
	struct err *err;
};

static int bad(struct scan *s, const char *what)
{
	return err_set(s->err, EBADMSG, "%s at byte %zu", what, s->at);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->text.len ? s->text.ptr[s->at + ahead] : '\0';
}

static void copy_up_to(struct scan *s, size_t end)
{
	memcpy(s->out, s->text.ptr + s->copied, end - s->copied);
	s->out += end - s->copied;
	s->copied = end;
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* cJSON takes \u with anything that is not hexadecimal for \u0000, and cuts its strings at a NUL. */
static int scan_escape(struct scan *s)
{
	char c = peek(s, 1);
	if (c != 'u') {
		if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
			return bad(s, "an unknown escape");
		s->at += 2;
		return 0;
	}
	bool zero = true;
	for (size_t i = 2; i < 6; i++) {
		if (!is_hex(peek(s, i)))
			return bad(s, "an unknown escape");
		zero = zero && peek(s, i) == '0';
	}
	if (zero)
		return bad(s, "a NUL in a string");
	s->at += 6;
	return 0;
}

static int scan_string(struct scan *s)
{
	const char *p = s->text.ptr;
	size_t at = s->at + 1, len = s->text.len;
	for (;;) {
		while (at < len && p[at] != '"' && p[at] != '\\' && (unsigned char)p[at] >= 0x20)
			at++;
		s->at = at;
		if (at == len)
			return bad(s, "a string without its end");
		if (p[at] == '"') {
			s->at++;
			return 0;
		}
		if (p[at] != '\\')
			return bad(s, "a control character in a string");
		int r = scan_escape(s);
		if (r < 0)
			return r;
		at = s->at;
	}
}

static int scan_number(struct scan *s)
{
	size_t start = s->at;
	if (peek(s, 0) == '-')
		s->at++;
	if (!is_digit(peek(s, 0)) || (peek(s, 0) == '0' && is_digit(peek(s, 1))))
		return bad(s, "a malformed number");
	while (is_digit(peek(s, 0)))
		s->at++;
	if (peek(s, 0) == '.' || peek(s, 0) == 'e' || peek(s, 0) == 'E')
		return bad(s, "a number that is not an integer");
	copy_up_to(s, start);
	*s->out++ = '"';
	*s->out++ = MARK;
	copy_up_to(s, s->at);
	*s->out++ = '"';
	return 0;
}

static int scan_structure(struct scan *s, char c)
{
	if (c == '[' || c == '{' || c == ',')
		s->values++;
	if (c == '[' || c == '{')
		s->depth++;
	else if ((c == ']' || c == '}') && s->depth-- == 0)
		return bad(s, "a closing bracket too many");
	if (s->depth > JSON_MAX_DEPTH)
		return bad(s, "too deep nesting");
	if (s->values > JSON_MAX_VALUES)
		return bad(s, "too many values");
	s->at++;
	return 0;
}

/* Finds the ends of strings and numbers and bounds what cJSON will see; whether the pieces are in a
 * grammatical order is for cJSON to say. */
static int scan_piece(struct scan *s)
{
	char c = s->text.ptr[s->at];
	switch (c) {
	case '"':
		return scan_string(s);
	case '[':
	case ']':
	case '{':
	case '}':
	case ',':
	case ':':
		return scan_structure(s, c);
	case ' ':
	case '\t':
	case '\n':
	case '\r':
		s->at++;
		return 0;
	default:
		if (is_digit(c) || c == '-')
			return scan_number(s);
		if (c < 'a' || c > 'z')
			return bad(s, "an unexpected character");
		s->at++;
		return 0;
	}
}

static int quote_integers(struct scan *s)
{
	while (s->at < s->text.len) {
		int r = scan_piece(s);
		if (r < 0)
			return r;
	}
	copy_up_to(s, s->text.len);
	*s->out = '\0';
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool repeats_key_sorted(const cJSON *object, size_t count)
{
	CLEANUP_FREE const char **key = xreallocarray(NULL, count, sizeof(*key));
	size_t n = 0;
	for (const cJSON *item = object->child; item != NULL; item = item->next)
		key[n++] = item->string;
	qsort(key, n, sizeof(*key), compare_keys);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(key[i - 1], key[i]) == 0)
			return true;
	}
	return false;
}

static bool repeats_key(const cJSON *object)
{
	size_t count = 0;
	for (const cJSON *item = object->child; item != NULL; item = item->next)
		count++;
	if (count > 16)
		return repeats_key_sorted(object, count);
	for (const cJSON *item = object->child; item != NULL; item = item->next) {
		for (const cJSON *earlier = object->child; earlier != item; earlier = earlier->next) {
			if (strcmp(earlier->string, item->string) == 0)
				return true;
		}
	}
	return false;
}

/* What cJSON does not mind: keys given twice, and our own quoted integers as keys. */
static const char *fault_in(const cJSON *json)
{
	if (cJSON_IsObject(json) && repeats_key(json))
		return "a key is given twice";
	for (const cJSON *item = json->child; item != NULL; item = item->next) {
		if (item->string != NULL && item->string[0] == MARK)
			return "a number for a key";
		if (item->child == NULL)
			continue;
		const char *fault = fault_in(item);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

int json_parse(struct span text, size_t max_bytes, struct cJSON **ret, struct err *err)
{
	if (text.len > max_bytes)
		return err_set(err, EBADMSG, "%zu bytes of JSON, more than %zu", text.len, max_bytes);
	if (!span_is_utf8(text))
		return err_set(err, EBADMSG, "JSON that is not UTF-8");
	if (text.len == 0)
		return err_set(err, EBADMSG, "malformed JSON: an empty file");

	/* An integer gains three bytes, and every other byte can be one at most. */
	size_t room = text.len / 2 * 5 + 8;
	char on_stack[ON_STACK];
	CLEANUP_FREE char *on_heap = room > sizeof(on_stack) ? xmalloc(room) : NULL;
	char *quoted = on_heap != NULL ? on_heap : on_stack;
	struct scan scan = {.text = text, .out = quoted, .err = err};
	int r = quote_integers(&scan);
	if (r < 0)
		return r;

	const char *end = NULL;
	CLEANUP_JSON cJSON *json =
		cJSON_ParseWithLengthOpts(quoted, (size_t)(scan.out - quoted), &end, false);
	if (json == NULL || span_trim(span_of(end)).len != 0)
		return err_set(err, EBADMSG, "malformed JSON");
	const char *fault = fault_in(json);
	if (fault != NULL)
		return err_set(err, EBADMSG, "malformed JSON: %s", fault);
	*ret = TAKE_PTR(json);
	return 0;
}

struct cJSON *json_free(struct cJSON *json)
{
	cJSON_Delete(json);
	return NULL;
}

void json_cleanup(struct cJSON **json)
{
	*json = json_free(*json);
}

bool json_u64(const struct cJSON *json, uint64_t *ret)
{
	if (!cJSON_IsString(json) || json->valuestring[0] != MARK)
		return false;
	return span_u64(span_of(json->valuestring + 1), ret);
}

bool json_string(const struct cJSON *json, struct span *ret)
{
	if (!cJSON_IsString(json) || json->valuestring[0] == MARK)
		return false;
	*ret = span_of(json->valuestring);
	return true;
}

static void add_escape(struct str *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *pair = letters; *pair != '\0'; pair += 2) {
		if ((unsigned char)pair[0] == c) {
			str_add_mem(out, (char[]){'\\', pair[1]}, 2);
			return;
		}
	}
	str_add_mem(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

void json_add_string(struct str *out, struct span text)
{
	size_t from = 0;
	str_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		str_add_mem(out, text.ptr + from, i - from);
		add_escape(out, c);
		from = i + 1;
	}
	if (from < text.len)
		str_add_mem(out, text.ptr + from, text.len - from);
	str_add_char(out, '"');
}

void json_add_u64(struct str *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	str_add_mem(out, digits + at, sizeof(digits) - at);
}
