/*
 * A reader of TOML, for the few keys of Cargo.toml and .cargo/config.toml that matter here.
 *
 * It understands the syntax of TOML 1.0 (tables, dotted and quoted keys, arrays of tables, inline tables, all
 * four kinds of strings) and what 1.1 adds to it (\e, \xHH, inline tables over several lines). Numbers and
 * dates are handed over as written. What it cannot read is an error with the line, never a guess.
 *
 *	struct toml_value *root;
 *	if (toml_parse(mem, bytes, &root, &err) < 0)
 *		return err_wrap(&err, "%s", path);
 *	if (toml_string(toml_get(root, "build.target-dir"), &text))
 *		...
 *	toml_each(member, toml_get(root, "workspace.exclude"))
 *		if (toml_string(member, &text))
 *			...
 *
 * Source: the TOML specification (toml.io/en/v1.0.0).
 */
#ifndef STEADY_FORMAT_TOML_H
#define STEADY_FORMAT_TOML_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

#define TOML_MAX_BYTES ((size_t)4 * 1024 * 1024)
/** Parts of one key, and levels of arrays and inline tables in each other. */
#define TOML_MAX_DEPTH 64
/** Memory stays below some 250 bytes for each value. */
#define TOML_MAX_VALUES ((size_t)1 << 18)

enum toml_type {
	TOML_STRING,
	/** Number, boolean or date: `text` is as written. */
	TOML_BARE,
	/** Also an array of tables. */
	TOML_ARRAY,
	/** However it was written: [header], dotted key or inline. */
	TOML_TABLE,
};

struct toml_value {
	enum toml_type type;
	/** One part of a key; empty for elements of arrays and for the root. */
	struct span key;
	/** A string's contents with escapes resolved (may hold NULs); empty for arrays and tables. */
	struct span text;
	/** Members of a table or elements of an array, in the order of the text; see toml_each. */
	struct toml_value *first, *next;
	size_t count;
	/** Where it begins, counted from 1. */
	size_t line;
};

/** Runs over the members of a table or the elements of an array; nothing for other values and for NULL. */
#define toml_each(item, container)                                                                           \
	for (const struct toml_value *item = toml_first(container); item != NULL; item = item->next)

/** The root table. -EBADMSG with the line number; -EEXIST for a key or table given twice. Everything returned
 * lives in mem. */
int toml_parse(struct arena *mem, struct span bytes, struct toml_value **ret, struct err *err);
/** NULL for NULL. */
const struct toml_value *toml_first(const struct toml_value *container);
/** A table's member by its exact name; NULL if there is none, or where `table` is no table or NULL. */
const struct toml_value *toml_member(const struct toml_value *table, struct span key);
/** The same along a dotted path of bare key parts ("build.target-dir"). */
const struct toml_value *toml_get(const struct toml_value *table, const char *path);
/** True for a string. NULL and other values give false, *ret untouched. */
bool toml_string(const struct toml_value *value, struct span *ret);
/** True for `true` and `false`. */
bool toml_bool(const struct toml_value *value, bool *ret);

#endif
