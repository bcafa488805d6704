/*
 * The files of tests/data/vectors, all left behind by real cargos: pairs of unit JSON and hash with the bytes
 * that were hashed, and binary dep-info files with their decodings.
 */
#ifndef STEADY_TESTS_VECTORS_H
#define STEADY_TESTS_VECTORS_H

#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define VECTORS_DIR TEST_DATA "/vectors/"

struct vector {
	/** "1.95/lib-native" */
	const char *name;
	/** "1.95" */
	const char *version;
	/** The full path without its suffix. */
	const char *stem;
};

static inline struct span vector_read(struct arena *mem, const char *stem, const char *suffix)
{
	char *path = arena_printf(mem, "%s%s", stem, suffix);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	CLEANUP_STR struct str text = STR_INIT;
	char buf[4096];
	for (size_t n; (n = fread(buf, 1, sizeof(buf), f)) != 0;)
		str_add_mem(&text, buf, n);
	assert_int_equal(fclose(f), 0);
	return span_make(arena_strndup(mem, text.buf, text.len), text.len);
}

/** Calls `one` for each vector with this suffix, and insists on their number: none must get lost. */
static inline void vectors_each(
	const char *suffix, size_t expected, void (*one)(struct arena *mem, const struct vector *v))
{
	CLEANUP_ARENA struct arena *names = arena_new();
	glob_t found;
	assert_int_equal(glob(arena_printf(names, VECTORS_DIR "*/*%s", suffix), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, expected);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP_ARENA struct arena *mem = arena_new();
		const char *path = found.gl_pathv[i], *name = path + strlen(VECTORS_DIR);
		struct vector v = {
			.name = arena_strndup(mem, name, strlen(name) - strlen(suffix)),
			.version = arena_strndup(mem, name, strcspn(name, "/")),
			.stem = arena_strndup(mem, path, strlen(path) - strlen(suffix)),
		};
		one(mem, &v);
	}
	globfree(&found);
}

#endif
