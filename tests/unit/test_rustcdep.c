/* rustc's .d files: outputs, files with blanks, variables. */
#include "steady/format/rustcdep.h"
#include "steady/util/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What was read, in one line: outputs, files, variables, each ended by '|', groups by '#'. */
static void describe(const struct rustcdep *d, struct str *out)
{
	for (size_t i = 0; i < d->noutput; i++)
		str_printf(out, "%.*s|", SPAN_ARG(d->output[i]));
	str_add(out, "#");
	for (size_t i = 0; i < d->nfile; i++)
		str_printf(out, "%.*s|", SPAN_ARG(d->file[i]));
	str_add(out, "#");
	for (size_t i = 0; i < d->nenv; i++)
		str_printf(out, "%.*s%s%.*s|", SPAN_ARG(d->env[i].key), d->env[i].has_value ? "=" : "",
			SPAN_ARG(d->env[i].value));
}

static void parse_one(const char *text, const char *expected)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct rustcdep d;
	struct err err = ERR_INIT;
	int code = rustcdep_parse(mem, span_of(text), &d, &err);
	if (expected == NULL) {
		assert_int_equal(code, -EBADMSG);
		assert_true(err.msg[0] != '\0');
		return;
	}
	assert_int_equal(code, 0);
	CLEANUP_STR struct str seen = STR_INIT;
	describe(&d, &seen);
	assert_string_equal(seen.buf, expected);
}

static void parses(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} row[] = {
		{"", "##"},
		{"/t/a.d: src/lib.rs\n\n/t/liba.rlib: src/lib.rs\n\nsrc/lib.rs:\n",
			"/t/a.d|/t/liba.rlib|#src/lib.rs|#"},
		/* a blank in a file's name, two of them, and a directory of outputs with one */
		{"/t t/a.d: a/my\\ file.txt b\\ c\\ d.rs\n\na/my\\ file.txt:\nb\\ c\\ d.rs:\n",
			"/t t/a.d|#a/my file.txt|b c d.rs|#"},
		{"a.d: x\n# env-dep:HOME=/root\n# env-dep:NONE\n# env-dep:EMPTY=\n# env-dep:E=a=b\n",
			"a.d|#x|#HOME=/root|NONE|EMPTY=|E=a=b|"},
		{"a.d: x\n# env-dep:V=1\\n2\\\\3\\r\n", "a.d|#x|#V=1\n2\\3\r|"},
		{"a.d: x\n# checksum:blake3=ab file_len:12 x: y\n", "a.d|#x|#"},
		/* no file at all, no newline at the end, carriage returns */
		{"a.d: ", "a.d|##"},
		{"a.d: x y", "a.d|#x|y|#"},
		{"a.d: x\r\n\r\nb: x\r\n", "a.d|b|#x|#"},
		/* as cargo: refused */
		{"a.d: x\\", NULL},
		{"a.d: x\n# env-dep:V=\\q\n", NULL},
		{"a.d: x\n# env-dep:V=\\\n", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		parse_one(row[i].text, row[i].expected);
}

/* No cargo writes it; it must not be read for ever. */
static void takes_nul(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct rustcdep d;
	assert_int_equal(rustcdep_parse(mem, SPAN_LIT("a: b\0 c"), &d, NULL), 0);
	assert_int_equal(d.nfile, 2);
	assert_int_equal(d.file[0].len, 2);
}

static void names_the_line(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct rustcdep d = {.nfile = 77};
	struct err err = ERR_INIT;
	assert_int_equal(rustcdep_parse(mem, SPAN_LIT("a: b\n\n# env-dep:V=\\x\n"), &d, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "line 3"));
	assert_int_equal(d.nfile, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(takes_nul),
		cmocka_unit_test(names_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
