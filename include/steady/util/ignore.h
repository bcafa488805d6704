/*
 * Patterns as in .gitignore, over paths as text.
 *
 *	struct ignore *rules = ignore_new();
 *	ignore_add(rules, SPAN_LIT("*.txt"));
 *	ignore_add(rules, SPAN_LIT("!keep.txt"));
 *	if (ignore_match(rules, SPAN_LIT("docs/a.txt"), false) == IGNORE_YES)
 *		...
 *	rules = ignore_free(rules);
 *
 * One pattern a line: `*` and `?` stop at slashes, `**` between slashes stands for any number of directories, `[a-z]`
 * and `[!a-z]` for one character, a backslash takes away a character's meaning; a slash at the end means directories
 * only, one anywhere else ties the pattern to the root; `!` takes back what earlier lines match; `#` begins a comment.
 * Source: gitignore(5).
 */
#ifndef STEADY_UTIL_IGNORE_H
#define STEADY_UTIL_IGNORE_H

#include "steady/util/base.h"
#include "steady/util/span.h"

/** Longer patterns are not taken. */
#define IGNORE_MAX_PATTERN ((size_t)4096)

enum ignore_result {
	/** No pattern matches. */
	IGNORE_NONE,
	IGNORE_YES,
	/** Taken back by a pattern with `!`. */
	IGNORE_NO,
};

struct ignore;

struct ignore *ignore_new(void);
/** Accepts NULL, returns NULL. */
struct ignore *ignore_free(struct ignore *rules);
void ignore_cleanup(struct ignore **rules);
#define CLEANUP_IGNORE CLEANUP(ignore_cleanup)

/** Adds one line. Empty lines, comments and patterns that are too long are passed over. */
void ignore_add(struct ignore *rules, struct span line);
/** What the last matching pattern says about exactly this path, relative to the rules' root. */
enum ignore_result ignore_match(const struct ignore *rules, struct span path, bool is_dir);
/** The same for the path, or else for the nearest directory above it that any pattern matches. */
enum ignore_result ignore_match_above(const struct ignore *rules, struct span path, bool is_dir);

#endif
