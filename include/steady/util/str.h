/*
 * Text that grows. `buf` is never NULL and always NUL-terminated; len does not count the NUL.
 *
 *	struct str s = STR_INIT;
 *	str_printf(&s, "%zu units", n);
 *	str_release(&s);
 */
#ifndef STEADY_UTIL_STR_H
#define STEADY_UTIL_STR_H

#include "steady/util/base.h"
#include "steady/util/span.h"

#include <stdarg.h>

struct str {
	char *buf;
	size_t len;
	/** Bytes allocated; 0 while buf is the shared empty string. */
	size_t cap;
};

extern char str_empty[];
#define STR_INIT                                                                                             \
	{                                                                                                    \
		.buf = str_empty, .len = 0, .cap = 0                                                         \
	}
#define CLEANUP_STR CLEANUP(str_release)

void str_release(struct str *s);
/** Empty again, the memory is kept. */
void str_clear(struct str *s);
/** Room for `more` bytes behind len (and the NUL). */
void str_reserve(struct str *s, size_t more);
void str_add(struct str *s, const char *text);
void str_add_span(struct str *s, struct span text);
void str_add_mem(struct str *s, const void *bytes, size_t len);
void str_add_char(struct str *s, char c);
void str_printf(struct str *s, const char *fmt, ...) STEADY_PRINTF(2, 3);
void str_vprintf(struct str *s, const char *fmt, va_list args) STEADY_PRINTF(2, 0);
/** Hands the heap buffer over (free() it) and leaves an empty string. */
char *str_take(struct str *s);
struct span str_span(const struct str *s);

/** Lower-case hexadecimal of the bytes. */
void str_add_hex(struct str *s, const void *bytes, size_t len);
/** The bytes that lower-case hexadecimal stands for; false and *s as it was for anything else. */
bool str_add_unhex(struct str *s, struct span hex);

#endif
