/*
 * Text of others made safe to show: what a terminal would obey instead of print is spelled out.
 */
#ifndef STEADY_CLI_VISIBLE_H
#define STEADY_CLI_VISIBLE_H

#include "steady/util/span.h"
#include "steady/util/str.h"

/**
 * Appends `text` with control characters (C0, DEL, C1), line and paragraph separators and the characters that
 * turn the direction of writing as \n, \t, \r or \u{1b}, and bytes that are no UTF-8 as \xff. All else,
 * the backslash included, stays as it is.
 */
void visible_add(struct str *out, struct span text);
/** Columns the text needs, taking every character to be one column wide. */
size_t visible_width(struct span text);
/** The code point of the well-formed sequence of `len` bytes at `s`. */
uint32_t visible_code_point(const char *s, size_t len);
/** Would a terminal act upon this character, or a reader be misled by it? */
bool visible_is_unsafe(uint32_t code_point);

#endif
