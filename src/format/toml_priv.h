/* What toml.c and tomltext.c share: the position in the text. */
#ifndef STEADY_FORMAT_TOML_PRIV_H
#define STEADY_FORMAT_TOML_PRIV_H

#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

struct toml_cursor {
	struct span text;
	size_t at, line;
	struct arena *mem;
	struct err *err;
};

/** "line N: what", -EBADMSG. */
int toml_bad(const struct toml_cursor *c, const char *what);
/** The byte `ahead` of the position, or NUL behind the end; no TOML text outside of strings holds a NUL. */
char toml_peek(const struct toml_cursor *c, size_t ahead);
bool toml_looking_at(const struct toml_cursor *c, const char *literal);
/** A line's end at the position is passed. */
bool toml_newline(struct toml_cursor *c);
/** Passes spaces and tabs. */
void toml_skip_blanks(struct toml_cursor *c);
/** Passes blanks, line ends and comments. */
void toml_skip_space(struct toml_cursor *c);

/** The string that begins with the quote at the position; the contents lie in the text or in mem. */
int toml_read_string(struct toml_cursor *c, bool may_span_lines, struct span *ret);
/** A number, boolean or date. */
int toml_read_bare(struct toml_cursor *c, struct span *ret);

#endif
