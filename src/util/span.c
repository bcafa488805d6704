#include "steady/util/span.h"

struct span span_of(const char *s)
{
	return (struct span){s, strlen(s)};
}

struct span span_make(const char *ptr, size_t len)
{
	return (struct span){ptr, len};
}

bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool span_eq_str(struct span a, const char *b)
{
	return span_eq(a, span_of(b));
}

int span_cmp(struct span a, struct span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common != 0 ? memcmp(a.ptr, b.ptr, common) : 0;
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_eq(span_make(s.ptr, prefix.len), prefix);
}

bool span_ends(struct span s, struct span suffix)
{
	return s.len >= suffix.len && span_eq(span_skip(s, s.len - suffix.len), suffix);
}

struct span span_skip(struct span s, size_t count)
{
	if (count > s.len)
		count = s.len;
	return count == 0 ? s : span_make(s.ptr + count, s.len - count);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span span_trim(struct span s)
{
	while (s.len != 0 && is_space(s.ptr[0]))
		s = span_skip(s, 1);
	while (s.len != 0 && is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* Bytes of the white space that s begins with (or ends with), 0 if there is none. */
static size_t unicode_space(struct span s, bool at_end)
{
	static const char *const wide[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
		"\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
		"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

	unsigned char c = s.len != 0 ? (unsigned char)s.ptr[at_end ? s.len - 1 : 0] : 'x';
	if (c < 0x80)
		return is_space((char)c) ? 1 : 0;
	for (size_t i = 0; i < COUNT_OF(wide); i++) {
		struct span space = span_of(wide[i]);
		if (at_end ? span_ends(s, space) : span_starts(s, space))
			return space.len;
	}
	return 0;
}

struct span span_trim_unicode(struct span s)
{
	size_t step;
	while ((step = unicode_space(s, false)) != 0)
		s = span_skip(s, step);
	while ((step = unicode_space(s, true)) != 0)
		s.len -= step;
	return s;
}

size_t span_find(struct span s, char byte)
{
	const char *hit = s.len != 0 ? memchr(s.ptr, byte, s.len) : NULL;
	return hit != NULL ? (size_t)(hit - s.ptr) : s.len;
}

size_t span_find_span(struct span s, struct span needle)
{
	if (needle.len == 0)
		return 0;
	const char *hit = s.len >= needle.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
	return hit != NULL ? (size_t)(hit - s.ptr) : s.len;
}

bool span_next_line(struct span *rest, struct span *ret_line)
{
	if (rest->len == 0)
		return false;
	size_t end = span_find(*rest, '\n');
	*ret_line = span_make(rest->ptr, end);
	*rest = span_skip(*rest, end + 1);
	return true;
}

bool span_u64(struct span s, uint64_t *ret)
{
	uint64_t value = 0;
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

/* What may follow a first byte of a sequence: this many bytes, the first of them between low and high. */
struct utf8_lead {
	unsigned char from, to, more, low, high;
};

/* RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */
static const struct utf8_lead utf8_leads[] = {
	{0x00, 0x7f, 0, 0x80, 0xbf},
	{0xc2, 0xdf, 1, 0x80, 0xbf},
	{0xe0, 0xe0, 2, 0xa0, 0xbf},
	{0xe1, 0xec, 2, 0x80, 0xbf},
	{0xed, 0xed, 2, 0x80, 0x9f},
	{0xee, 0xef, 2, 0x80, 0xbf},
	{0xf0, 0xf0, 3, 0x90, 0xbf},
	{0xf1, 0xf3, 3, 0x80, 0xbf},
	{0xf4, 0xf4, 3, 0x80, 0x8f},
};

static size_t utf8_tail(const unsigned char *s, size_t len, const struct utf8_lead *lead)
{
	if (lead->more >= len)
		return 0;
	for (size_t i = 1; i <= lead->more; i++) {
		unsigned char low = i == 1 ? lead->low : 0x80, high = i == 1 ? lead->high : 0xbf;
		if (s[i] < low || s[i] > high)
			return 0;
	}
	return (size_t)lead->more + 1;
}

size_t span_utf8_step(struct span text)
{
	const unsigned char *s = (const unsigned char *)text.ptr;
	if (text.len == 0)
		return 0;
	for (size_t i = 0; i < COUNT_OF(utf8_leads); i++) {
		if (s[0] >= utf8_leads[i].from && s[0] <= utf8_leads[i].to)
			return utf8_tail(s, text.len, &utf8_leads[i]);
	}
	return 0;
}

static bool eight_are_ascii(const unsigned char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return (word & 0x8080808080808080) == 0;
}

bool span_is_utf8(struct span s)
{
	while (s.len != 0) {
		if (s.len >= 8 && eight_are_ascii((const unsigned char *)s.ptr)) {
			s = span_skip(s, 8);
			continue;
		}
		size_t step = span_utf8_step(s);
		if (step == 0)
			return false;
		s = span_skip(s, step);
	}
	return true;
}
