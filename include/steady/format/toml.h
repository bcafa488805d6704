/*
 * A small reader of TOML for the few keys of Cargo.toml and .cargo/config.toml that matter here.
 *
 * It understands the whole syntax of TOML 1.0 as far as finding keys and strings demands (tables, dotted and
 * quoted keys, arrays of tables, inline tables, all four kinds of strings, comments, arrays over several
 *lines), and hands every value over as text. What it cannot read is an error with the line, never a guess.
 *
 *	struct toml doc;
 *	if (toml_parse(mem, bytes, &doc, &err) == 0)
 *		value = toml_get(&doc, "build.target-dir");
 */
#ifndef STEADY_FORMAT_TOML_H
#define STEADY_FORMAT_TOML_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

#define TOML_MAX_BYTES ((size_t)4 * 1024 * 1024)

enum toml_type {
	TOML_STRING,
	/** Number, boolean or date: `text` is as written. */
	TOML_BARE,
	TOML_ARRAY,
	/** A table, however it was written; inline tables are flattened into entries with longer keys. */
	TOML_TABLE,
};

struct toml_value {
	/**
	 * The parts of the key from the root on, joined by NUL-free '\x1f'; elements of an array of tables
	 * count as "name" + '\x1f' + index.
	 */
	const char *key;
	enum toml_type type;
	/** A string's contents with escapes resolved. */
	struct span text;
	/** Elements of an array (arrays in arrays and tables in arrays are kept as elements of type
	 * TOML_ARRAY/TABLE). */
	struct toml_value *item;
	size_t count;
	size_t line;
};

struct toml {
	struct toml_value *value;
	size_t count;
};

/** -EBADMSG with the line number; -EEXIST for a key given twice. Everything returned lives in mem. */
int toml_parse(struct arena *mem, struct span bytes, struct toml *ret, struct err *err);
/** The value of a dotted path of bare key parts ("build.target-dir"), or NULL. */
const struct toml_value *toml_get(const struct toml *doc, const char *path);
/** The same for parts that may hold any character, given one by one. */
const struct toml_value *toml_get_parts(const struct toml *doc, const char *const part[], size_t count);

#endif
