#include "steady/format/journalfile.h"

#include "steady/util/path.h"

#include <errno.h>
#include <string.h>

#define HEADER "cargo-steady journal 1\n"
#define CHECKSUM_LEN 16
#define MAX_PATH ((size_t)16 * 1024)

static void add_checksum(struct str *out, struct span bytes)
{
	uint64_t sum = digest_u64(bytes);
	unsigned char big_endian[8];
	for (size_t i = 0; i < sizeof(big_endian); i++)
		big_endian[i] = (unsigned char)(sum >> (8 * (7 - i)));
	str_add_hex(out, big_endian, sizeof(big_endian));
}

void journalfile_format(const struct journal_list *list, struct str *out)
{
	size_t start = out->len;
	str_printf(out, HEADER "%zu\n", list->count);
	for (size_t i = 0; i < list->count; i++) {
		const struct journal_entry *e = &list->entry[i];
		char old_hex[DIGEST_HEX_LEN + 1], new_hex[DIGEST_HEX_LEN + 1];
		digest_hex(&e->old_digest, old_hex);
		digest_hex(&e->new_digest, new_hex);
		str_printf(out, "%u %o %lld.%09ld %s %s %zu:%s\n", e->staged, (unsigned)e->mode,
			(long long)e->mtime.tv_sec, e->mtime.tv_nsec, old_hex, new_hex, strlen(e->path),
			e->path);
	}
	struct str sum = STR_INIT;
	add_checksum(&sum, span_skip(str_span(out), start));
	str_add_span(out, str_span(&sum));
	str_add_char(out, '\n');
	str_release(&sum);
}

/* Cuts the text up to `end` off *rest. */
static bool take_until(struct span *rest, char end, struct span *ret)
{
	size_t at = span_find(*rest, end);
	if (at == rest->len)
		return false;
	*ret = span_make(rest->ptr, at);
	*rest = span_skip(*rest, at + 1);
	return true;
}

static bool take_number(struct span *rest, char end, uint64_t max, uint64_t *ret)
{
	struct span text;
	return take_until(rest, end, &text) && span_u64(text, ret) && *ret <= max;
}

static bool take_mode(struct span *rest, mode_t *ret)
{
	struct span text;
	unsigned mode = 0;
	if (!take_until(rest, ' ', &text) || text.len == 0 || text.len > 7)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7')
			return false;
		mode = mode * 8 + (unsigned)(text.ptr[i] - '0');
	}
	*ret = (mode_t)mode;
	return true;
}

static bool take_time(struct span *rest, struct timespec *ret)
{
	bool before_epoch = rest->len != 0 && rest->ptr[0] == '-';
	if (before_epoch)
		*rest = span_skip(*rest, 1);
	uint64_t seconds, nanoseconds;
	if (!take_number(rest, '.', INT64_MAX, &seconds) || !take_number(rest, ' ', 999999999, &nanoseconds))
		return false;
	ret->tv_sec = before_epoch ? -(time_t)seconds : (time_t)seconds;
	ret->tv_nsec = (long)nanoseconds;
	return true;
}

static bool take_digest(struct span *rest, struct digest *ret)
{
	struct span text;
	return take_until(rest, ' ', &text) && digest_parse(text, ret);
}

static bool take_path(struct span *rest, struct arena *mem, const char **ret)
{
	uint64_t len;
	if (!take_number(rest, ':', MAX_PATH, &len) || rest->len <= len || rest->ptr[len] != '\n')
		return false;
	struct span path = span_make(rest->ptr, (size_t)len);
	*rest = span_skip(*rest, (size_t)len + 1);
	*ret = arena_strndup(mem, path.ptr, path.len);
	return path_is_inside(path);
}

static bool take_entry(struct span *rest, struct arena *mem, struct journal_entry *ret)
{
	uint64_t staged;
	if (!take_number(rest, ' ', JOURNALFILE_MAX_ENTRIES, &staged))
		return false;
	ret->staged = (unsigned)staged;
	return take_mode(rest, &ret->mode) && take_time(rest, &ret->mtime) &&
		take_digest(rest, &ret->old_digest) && take_digest(rest, &ret->new_digest) &&
		take_path(rest, mem, &ret->path);
}

static bool checksum_holds(struct span bytes, struct span *ret_body)
{
	if (bytes.len < CHECKSUM_LEN + 1)
		return false;
	struct span body = span_make(bytes.ptr, bytes.len - CHECKSUM_LEN - 1);
	struct str wanted = STR_INIT;
	add_checksum(&wanted, body);
	str_add_char(&wanted, '\n');
	bool holds = span_eq(span_skip(bytes, body.len), str_span(&wanted));
	str_release(&wanted);
	*ret_body = body;
	return holds;
}

int journalfile_parse(struct arena *mem, struct span bytes, struct journal_list *ret, struct err *err)
{
	struct span rest;
	uint64_t count;
	if (!span_starts(bytes, SPAN_LIT(HEADER)))
		return err_set(err, EBADMSG, "not a journal of this version");
	if (!checksum_holds(bytes, &rest))
		return err_set(err, EBADMSG, "the journal is damaged or incomplete");
	rest = span_skip(rest, strlen(HEADER));
	/* An entry takes more than 60 bytes: a count that cannot be true allocates nothing. */
	if (!take_number(&rest, '\n', JOURNALFILE_MAX_ENTRIES, &count) || count > rest.len / 60)
		return err_set(err, EBADMSG, "the journal's count is wrong");
	struct journal_entry *entry = arena_array(mem, (size_t)count, sizeof(*entry));
	for (size_t i = 0; i < count; i++) {
		if (!take_entry(&rest, mem, &entry[i]))
			return err_set(err, EBADMSG, "the journal's entry %zu is invalid", i);
	}
	if (rest.len != 0)
		return err_set(err, EBADMSG, "the journal has bytes behind its entries");
	ret->entry = entry;
	ret->count = (size_t)count;
	return 0;
}
