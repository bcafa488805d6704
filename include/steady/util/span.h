/*
 * A slice of bytes that somebody else owns. Not NUL-terminated; ptr may be NULL only when len is 0.
 * Print one with "%.*s", SPAN_ARG(s).
 */
#ifndef STEADY_UTIL_SPAN_H
#define STEADY_UTIL_SPAN_H

#include "steady/util/base.h"

#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

#define SPAN_ARG(s) (int)(s).len, (s).ptr
#define SPAN_LIT(literal) ((struct span){("" literal ""), sizeof(literal) - 1})

struct span span_of(const char *s);
struct span span_make(const char *ptr, size_t len);
bool span_eq(struct span a, struct span b);
bool span_eq_str(struct span a, const char *b);
/** Byte order, as memcmp, the shorter one first when one is the beginning of the other. */
int span_cmp(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_ends(struct span s, struct span suffix);
struct span span_skip(struct span s, size_t count);
/** Without ASCII white space at both ends. */
struct span span_trim(struct span s);
/** Without Unicode white space at both ends, as Rust's str::trim; the text is UTF-8. */
struct span span_trim_unicode(struct span s);
/** Position of the first `byte`, or s.len. */
size_t span_find(struct span s, char byte);
/** Position of the first occurrence of `needle`, or s.len when there is none. */
size_t span_find_span(struct span s, struct span needle);
/** Cuts the text up to the next '\n' off *rest (the newline is dropped); false at the end. */
bool span_next_line(struct span *rest, struct span *ret_line);
/** A whole span of decimal digits that fits; false otherwise, *ret untouched. */
bool span_u64(struct span s, uint64_t *ret);
/** Length of the well-formed UTF-8 sequence that the text begins with, 0 if there is none. */
size_t span_utf8_step(struct span text);
/** True for well-formed UTF-8, as Rust's str demands it. */
bool span_is_utf8(struct span s);

#endif
