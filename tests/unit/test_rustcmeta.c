/* rustc's metadata: the names of source files hold the work tree's root, and nothing else may. */
#include "steady/format/rustcmeta.h"
#include "steady/util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "0123456789abcdef0123456789abcdef"
#define OLD(path)                                                                                            \
	path "\xC1"                                                                                          \
	     "\x00"                                                                                          \
	     "\x20" DIGEST
#define SINCE(path)                                                                                          \
	path "\xC1"                                                                                          \
	     "\x00"                                                                                          \
	     "\x00"                                                                                          \
	     "\x20" DIGEST

static void holds_one(struct span text, bool expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct err err = ERR_INIT;
	struct rustcdep own;
	assert_int_equal(
		rustcdep_parse(mem, SPAN_LIT("/t/a.d: src/lib.rs src/my\\ file.rs /ws/abs.rs\n"), &own, &err),
		0);
	assert_int_equal(rustcmeta_holds(text, SPAN_LIT("/ws"), false, &own), expected);
}

static void holds(void **state)
{
	(void)state;
	const struct {
		struct span text;
		bool expected;
	} row[] = {
		{SPAN_LIT(""), false},
		{SPAN_LIT("nothing of it, /w"), false},
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs")), false},
		{SPAN_LIT("\x12" OLD("/ws/src/my file.rs") "\x0e" OLD("/ws/src/lib.rs")), false},
		{SPAN_LIT("\x0asrc/lib.rs\xC1\x03/ws\xC1\x0e" SINCE("/ws/src/lib.rs")), false},
		/* rustc ran in a package of its own below the root. */
		{SPAN_LIT("\x0asrc/lib.rs\xC1\x05/ws/p\xC1\x10" SINCE("/ws/p/src/lib.rs")), false},
		/* No source of ours, an absolute one, the root alone, a longer name. */
		{SPAN_LIT("\x0e" OLD("/ws/src/mod.rs")), true},
		{SPAN_LIT("\x0a" OLD("/ws/abs.rs")), true},
		{SPAN_LIT("\x03/ws\xC1\x00\x00\x20" DIGEST), true},
		{SPAN_LIT("\x04/wsx\xC1"), true},
		{SPAN_LIT("/ws"), true},
		/* A text of the right kind that is not noted as a source: no digest, a wrong length, no end. */
		{SPAN_LIT("\x0e/ws/src/lib.rs\xC1\x00\x00\x00\x00\x00"), true},
		{SPAN_LIT("\x0d" OLD("/ws/src/lib.rs")), true},
		{SPAN_LIT("\x0e/ws/src/lib.rs"), true},
		{SPAN_LIT("\x0e/ws/src/lib.rs\xC1"), true},
		/* A directory that is not that of the file behind it. */
		{SPAN_LIT("\x03/ws\xC1\x10" SINCE("/ws/p/src/lib.rs")), true},
		/* Something of a macro's after what is allowed. */
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs") "\x03/ws\xC1"), true},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		holds_one(row[i].text, row[i].expected);
}

/* What is included from OUT_DIR, as rustc 1.85 and 1.95 name it. */
static void full_path(void **state)
{
	(void)state;
	const struct {
		struct span text;
		bool expected;
	} row[] = {
		{SPAN_LIT("\x0a" OLD("/ws/abs.rs")), false},
		{SPAN_LIT("\x0a/ws/abs.rs\xC1\x05/elsw\xC1\x0a" SINCE("/ws/abs.rs")), false},
		{SPAN_LIT("\x0a/ws/abs.rs\xC1\x05/elsw\xC1\x0a/ws/abs.rs\xC1 nothing more"), true},
		{SPAN_LIT("\x0a/ws/abs.rs\xC1\x05/elsw\xC1\x0a" SINCE("/ws/abx.rs")), true},
		{SPAN_LIT("\x0a" OLD("/ws/other.rs")), true},
		{SPAN_LIT("\x0a" OLD("/ws/abs.rs") " and /ws/abs.rs"), true},
	};
	struct err err = ERR_INIT;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct rustcdep own;
	assert_int_equal(rustcdep_parse(mem, SPAN_LIT("/t/a.d: src/lib.rs /ws/abs.rs\n"), &own, &err), 0);
	for (size_t i = 0; i < COUNT_OF(row); i++)
		assert_int_equal(rustcmeta_holds(row[i].text, SPAN_LIT("/ws"), true, &own), row[i].expected);
}

/* A length of two bytes. */
static void long_path(void **state)
{
	(void)state;
	CLEANUP_STR struct str text = STR_INIT, dir = STR_INIT;
	str_add(&dir, "/ws/");
	for (size_t i = 0; i < 150; i++)
		str_add_char(&dir, 'd');
	size_t len = dir.len + strlen("/src/lib.rs");
	str_add_char(&text, (char)(unsigned char)((dir.len & 0x7f) | 0x80));
	str_add_char(&text, (char)(dir.len >> 7));
	str_printf(&text, "%s\xC1", dir.buf);
	str_add_char(&text, (char)(unsigned char)((len & 0x7f) | 0x80));
	str_add_char(&text, (char)(len >> 7));
	str_printf(&text, "%s/src/lib.rs\xC1", dir.buf);
	str_add_span(&text, SPAN_LIT("\x00\x00\x20" DIGEST));
	holds_one(str_span(&text), false);
	text.buf[1] = 2;
	holds_one(str_span(&text), true);
}

static void root_one(struct span text, const char *own, const char *expected)
{
	struct span root = SPAN_LIT("");
	assert_int_equal(rustcmeta_root(text, span_of(own), &root), expected[0] != '\0');
	assert_true(span_eq_str(root, expected));
}

static void root(void **state)
{
	(void)state;
	const struct {
		struct span text;
		const char *own, *expected;
	} row[] = {
		{SPAN_LIT(""), "src/lib.rs", ""},
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs")), "src/lib.rs", "/ws"},
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs")), "lib.rs", "/ws/src"},
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs")), "src/main.rs", ""},
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs")), "/ws/src/lib.rs", ""},
		{SPAN_LIT("\x0e" OLD("/ws/src/lib.rs")), "", ""},
		{SPAN_LIT("\x0asrc/lib.rs\xC1\x03/ws\xC1\x0e" SINCE("/ws/src/lib.rs")), "src/lib.rs", "/ws"},
		{SPAN_LIT("\x0f" SINCE("/a/b/src/lib.rs")), "src/lib.rs", "/a/b"},
		/* A text that only looks like one, before it. */
		{SPAN_LIT("/x/src/lib.rs\n\x0e" OLD("/ws/src/lib.rs")), "src/lib.rs", "/ws"},
		{SPAN_LIT("\x0d" OLD("/ws/src/lib.rs")), "src/lib.rs", ""},
		{SPAN_LIT("/src/lib.rs"), "src/lib.rs", ""},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		root_one(row[i].text, row[i].own, row[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(holds), cmocka_unit_test(full_path),
		cmocka_unit_test(long_path), cmocka_unit_test(root)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
