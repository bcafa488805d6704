#include "steady/format/buildoutput.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void line_one(struct span text, enum output_kind kind, const char *key, const char *value)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct build_output output;
	build_output_parse(mem, text, &output);
	if (output.count != 1)
		fail_msg("%zu instructions in \"%.*s\"", output.count, SPAN_ARG(text));
	assert_int_equal(output.line[0].kind, kind);
	assert_true(span_eq_str(output.line[0].key, key));
	if (!span_eq_str(output.line[0].value, value))
		fail_msg("\"%.*s\", not \"%s\"", SPAN_ARG(output.line[0].value), value);
}

static void test_instructions(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum output_kind kind;
		const char *key, *value;
	} row[] = {
		{"cargo:rerun-if-changed=build.rs", OUTPUT_RERUN_IF_CHANGED, "rerun-if-changed", "build.rs"},
		{"cargo::rerun-if-changed=build.rs\n", OUTPUT_RERUN_IF_CHANGED, "rerun-if-changed",
			"build.rs"},
		{"cargo:rerun-if-changed=a\r\n", OUTPUT_RERUN_IF_CHANGED, "rerun-if-changed", "a"},
		{"cargo:rerun-if-changed= a b \t", OUTPUT_RERUN_IF_CHANGED, "rerun-if-changed", " a b"},
		{"cargo:rerun-if-changed=", OUTPUT_RERUN_IF_CHANGED, "rerun-if-changed", ""},
		{"cargo:rerun-if-changed=a=b", OUTPUT_RERUN_IF_CHANGED, "rerun-if-changed", "a=b"},
		{" \v\f\tcargo:rerun-if-env-changed=CC", OUTPUT_RERUN_IF_ENV_CHANGED, "rerun-if-env-changed",
			"CC"},
		{"\xe3\x80\x80\xc2\xa0"
		 "cargo:rerun-if-env-changed=CC\xe2\x80\x89",
			OUTPUT_RERUN_IF_ENV_CHANGED, "rerun-if-env-changed", "CC"},
		{"cargo:rustc-link-search=native=/usr/lib", OUTPUT_INSTRUCTION, "rustc-link-search",
			"native=/usr/lib"},
		{"cargo::rustc-env=A=b", OUTPUT_INSTRUCTION, "rustc-env", "A=b"},
		{"cargo:rustc-flags=-l x", OUTPUT_INSTRUCTION, "rustc-flags", "-l x"},
		{"cargo:rustc-link-lib=x", OUTPUT_INSTRUCTION, "rustc-link-lib", "x"},
		{"cargo:rustc-cfg=x", OUTPUT_INSTRUCTION, "rustc-cfg", "x"},
		{"cargo:rustc-check-cfg=x", OUTPUT_INSTRUCTION, "rustc-check-cfg", "x"},
		{"cargo:rustc-cdylib-link-arg=x", OUTPUT_INSTRUCTION, "rustc-cdylib-link-arg", "x"},
		{"cargo:rustc-link-arg=x", OUTPUT_INSTRUCTION, "rustc-link-arg", "x"},
		{"cargo:rustc-link-arg-bin=app=x", OUTPUT_INSTRUCTION, "rustc-link-arg-bin", "app=x"},
		{"cargo:rustc-link-arg-bins=x", OUTPUT_INSTRUCTION, "rustc-link-arg-bins", "x"},
		{"cargo:rustc-link-arg-cdylib=x", OUTPUT_INSTRUCTION, "rustc-link-arg-cdylib", "x"},
		{"cargo:rustc-link-arg-tests=x", OUTPUT_INSTRUCTION, "rustc-link-arg-tests", "x"},
		{"cargo:rustc-link-arg-benches=x", OUTPUT_INSTRUCTION, "rustc-link-arg-benches", "x"},
		{"cargo:rustc-link-arg-examples=x", OUTPUT_INSTRUCTION, "rustc-link-arg-examples", "x"},
		{"cargo:warning=x", OUTPUT_TEXT, "warning", "x"},
		{"cargo::error=x", OUTPUT_TEXT, "error", "x"},
		/* In the old spelling everything else is metadata. */
		{"cargo:PYO3_CONFIG=696d", OUTPUT_METADATA, "PYO3_CONFIG", "696d"},
		{"cargo::metadata=PYO3_CONFIG=696d", OUTPUT_METADATA, "PYO3_CONFIG", "696d"},
		{"cargo::metadata=k=v=w ", OUTPUT_METADATA, "k", "v=w"},
		{"cargo:metadata=k=v", OUTPUT_METADATA, "metadata", "k=v"},
		{"cargo:error=x", OUTPUT_METADATA, "error", "x"},
		{"cargo: rerun-if-changed=x", OUTPUT_METADATA, " rerun-if-changed", "x"},
		{"cargo:rerun-if-changed =x", OUTPUT_METADATA, "rerun-if-changed ", "x"},
		{"cargo:=x", OUTPUT_METADATA, "", "x"},
		{"text\n\ncargo:k=v\nmore", OUTPUT_METADATA, "k", "v"},
		{"\xff\ncargo:k=d\xc3\xa5ta", OUTPUT_METADATA, "k", "d\xc3\xa5ta"},
	};
	for (size_t i = 0; i < COUNT_OF(row); i++)
		line_one(span_of(row[i].text), row[i].kind, row[i].key, row[i].value);
}

static void nothing_one(const char *text)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct build_output output;
	build_output_parse(mem, span_of(text), &output);
	if (output.count != 0)
		fail_msg("an instruction in \"%s\"", text);
}

static void test_lines_that_say_nothing(void **state)
{
	(void)state;
	nothing_one("");
	nothing_one("\n\n");
	nothing_one("hello cargo:k=v");
	nothing_one("Cargo:k=v");
	nothing_one("cargo:no-equals");
	nothing_one("cargo:");
	nothing_one("cargo::");
	nothing_one("cargo::k=v");
	nothing_one("cargo::metadata=k");
	nothing_one("cargo:::rerun-if-changed=x");
	nothing_one("cargo:k=\xff");
	nothing_one("\xff cargo:k=v");
}

/* Every "x" becomes "long", every "gone" the empty text. */
static bool edit_x(const struct output_line *line, struct str *ret, void *ctx)
{
	++*(int *)ctx;
	if (span_eq_str(line->value, "gone"))
		return true;
	if (!span_eq_str(line->value, "x"))
		return false;
	str_add(ret, "long");
	return true;
}

static void rewrite_one(const char *text, const char *expected, size_t edits, int seen)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str out = STR_INIT;
	struct build_output output;
	int calls = 0;
	build_output_parse(mem, span_of(text), &output);
	assert_int_equal(build_output_rewrite(&output, edit_x, &calls, &out), edits);
	assert_string_equal(out.buf, expected);
	assert_int_equal(calls, seen);
}

static void test_rewrite(void **state)
{
	(void)state;
	rewrite_one("", "", 0, 0);
	rewrite_one("cargo:a=x", "cargo:a=long", 1, 1);
	rewrite_one("cargo:a=x \r\ntext x\n\xff\ncargo::metadata=b=gone\n cargo:c=y\n",
		"cargo:a=long \r\ntext x\n\xff\ncargo::metadata=b=\n cargo:c=y\n", 2, 3);
	rewrite_one("x\ny\n", "x\ny\n", 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_lines_that_say_nothing),
		cmocka_unit_test(test_rewrite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
