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

/* RFC 3629: no surrogates, no overlong forms. */
size_t span_utf8_step(struct span text)
{
	const unsigned char *s = (const unsigned char *)text.ptr;
	unsigned char low = 0x80, high = 0xbf;
	size_t more, len = text.len;
	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		more = 1;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		more = 2;
		low = s[0] == 0xe0 ? 0xa0 : 0x80;
		high = s[0] == 0xed ? 0x9f : 0xbf;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		more = 3;
		low = s[0] == 0xf0 ? 0x90 : 0x80;
		high = s[0] == 0xf4 ? 0x8f : 0xbf;
	} else {
		return 0;
	}
	if (more >= len || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	}
	return more + 1;
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
