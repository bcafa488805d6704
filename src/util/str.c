#include "steady/util/str.h"

#include "steady/util/mem.h"

#include <stdio.h>
#include <stdlib.h>

char str_empty[1] = "";

void str_release(struct str *s)
{
	if (s->cap != 0)
		free(s->buf);
	*s = (struct str)STR_INIT;
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->cap != 0)
		s->buf[0] = '\0';
}

void str_reserve(struct str *s, size_t more)
{
	size_t need;
	if (__builtin_add_overflow(s->len, more, &need) || __builtin_add_overflow(need, (size_t)1, &need))
		need = SIZE_MAX;
	if (need <= s->cap)
		return;
	size_t cap = s->cap != 0 ? s->cap : 32;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	char *grown = s->cap != 0 ? xrealloc(s->buf, cap) : xmalloc(cap);
	grown[s->len] = '\0';
	s->buf = grown;
	s->cap = cap;
}

void str_add_mem(struct str *s, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	str_reserve(s, len);
	memcpy(s->buf + s->len, bytes, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_mem(s, text, strlen(text));
}

void str_add_span(struct str *s, struct span text)
{
	str_add_mem(s, text.ptr, text.len);
}

void str_add_char(struct str *s, char c)
{
	str_add_mem(s, &c, 1);
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	str_vprintf(s, fmt, args);
	va_end(args);
}

void str_vprintf(struct str *s, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	if (len > 0) {
		str_reserve(s, (size_t)len);
		(void)vsnprintf(s->buf + s->len, (size_t)len + 1, fmt, again);
		s->len += (size_t)len;
	}
	va_end(again);
}

char *str_take(struct str *s)
{
	char *taken = s->cap != 0 ? s->buf : xstrdup("");
	*s = (struct str)STR_INIT;
	return taken;
}

struct span str_span(const struct str *s)
{
	return span_make(s->buf, s->len);
}

void str_add_hex(struct str *s, const void *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *b = bytes;
	str_reserve(s, len * 2);
	for (size_t i = 0; i < len; i++) {
		str_add_char(s, digit[b[i] >> 4]);
		str_add_char(s, digit[b[i] & 15]);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool str_add_unhex(struct str *s, struct span hex)
{
	if (hex.len == 0)
		return true;
	str_reserve(s, hex.len / 2);
	bool valid = hex.len % 2 == 0;
	for (size_t i = 0; valid && i < hex.len; i += 2) {
		int high = hex_value(hex.ptr[i]), low = hex_value(hex.ptr[i + 1]);
		valid = high >= 0 && low >= 0;
		if (valid)
			s->buf[s->len + i / 2] = (char)(unsigned char)(high * 16 + low);
	}
	if (valid)
		s->len += hex.len / 2;
	s->buf[s->len] = '\0';
	return valid;
}
