/* cargo's command line as the shim reads it. */
#include "steady/cli/cargoargs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAX_WORDS 16

/* Cuts a line at blanks; a bar stands for a blank inside a word. */
static const char *const *words_of(const char *line)
{
	static char text[512];
	static const char *words[MAX_WORDS + 1];
	size_t count = 0;
	assert_true(strlen(line) < sizeof(text));
	memcpy(text, line, strlen(line) + 1);
	char *at = text;
	while (*at != '\0' && count < MAX_WORDS) {
		words[count++] = at;
		at += strcspn(at, " ");
		if (*at != '\0')
			*at++ = '\0';
	}
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = text[i] == '|' ? ' ' : text[i];
	words[count] = NULL;
	return words;
}

static const char *kind_name(enum cargo_kind kind)
{
	static const char *const names[] = {"nothing", "build", "test", "run", "external"};
	return names[kind];
}

/* "kind profile target-dir manifest-path directory", a dash for what is not given; "doubt" alone. */
static void parse_one(const char *line, const char *expected)
{
	struct cargoargs args;
	char got[256];
	cargoargs_parse(words_of(line), &args);
	const char *manifest = args.manifest_path != NULL ? args.manifest_path : args.package_dir;
	const char *const shown[] = {args.profile, args.target_dir, manifest, args.directory};
	int at = snprintf(got, sizeof(got), "%s", args.doubt != NULL ? "doubt" : kind_name(args.kind));
	for (size_t i = 0; i < COUNT_OF(shown) && args.doubt == NULL && args.kind != CARGO_NOTHING; i++)
		at += snprintf(got + at, sizeof(got) - (size_t)at, " %s", shown[i] != NULL ? shown[i] : "-");
	if (strcmp(got, expected) != 0)
		print_error("%s\n", line);
	assert_string_equal(got, expected);
}

static void test_what_is_asked_for(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"cargo", "nothing"},
		{"cargo --version", "nothing"},
		{"cargo -Vv", "nothing"},
		{"cargo --list", "nothing"},
		{"cargo --explain E0004", "nothing"},
		{"cargo metadata --manifest-path x/Cargo.toml", "nothing"},
		{"cargo +nightly fmt", "nothing"},
		{"cargo steady restore", "nothing"},
		{"cargo help build", "nothing"},
		{"cargo build --help", "nothing"},
		{"cargo build -h", "nothing"},
		{"cargo build --unit-graph", "nothing"},
		{"cargo install ripgrep", "nothing"},
		{"cargo install --version 1.0 ripgrep", "nothing"},
		{"cargo build", "build debug - - -"},
		{"cargo b", "build debug - - -"},
		{"cargo check -r", "build release - - -"},
		{"cargo d --release", "build release - - -"},
		{"cargo c -vr", "build release - - -"},
		{"cargo clippy --profile small", "build small - - -"},
		{"cargo build --profile dev", "build debug - - -"},
		{"cargo build --profile=test", "build debug - - -"},
		{"cargo rustc --profile bench", "build release - - -"},
		{"cargo install --path crates/app", "build release - crates/app -"},
		{"cargo install --debug --path .", "build debug - . -"},
		{"cargo test", "test debug - - -"},
		{"cargo t --release name", "test release - - -"},
		{"cargo test --no-run", "build debug - - -"},
		{"cargo bench", "test release - - -"},
		{"cargo run", "run debug - - -"},
		{"cargo r -r", "run release - - -"},
		{"cargo nextest run --release", "external - - - -"},
		{"cargo buidl", "external - - - -"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		parse_one(rows[i][0], rows[i][1]);
}

static void test_where(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"cargo build --target-dir /t --manifest-path a/Cargo.toml", "build debug /t a/Cargo.toml -"},
		{"cargo build --target-dir=/t --manifest-path=a/Cargo.toml", "build debug /t a/Cargo.toml -"},
		{"cargo +stable -C sub -Zunstable-options build", "build debug - - sub"},
		{"cargo -Csub --color always --locked -vv build", "build debug - - sub"},
		{"cargo --config net.offline=true build", "build debug - - -"},
		{"cargo --config build.jobs=1 build", "build debug - - -"},
		{"cargo --config target.\"cfg(all())\".rustflags=[] build", "build debug - - -"},
		{"cargo --config profile.dev.package.\"*\".opt-level=3 build", "build debug - - -"},
		{"cargo build --config profile.dev.debug=false --target-dir t", "build debug t - -"},
		/* What belongs to the program or the compiler is not cargo's. */
		{"cargo run -- --target-dir t", "run debug - - -"},
		{"cargo run -p app word --release --target-dir t", "run debug - - -"},
		{"cargo run --bin app --release", "run release - - -"},
		{"cargo rustc --lib --crate-type cdylib -- --help", "build debug - - -"},
		{"cargo rustc --release --message-format json-render-diagnostics --manifest-path /p/Cargo.toml --lib -- -C "
		 "strip=symbols",
			"build release - /p/Cargo.toml -"},
		{"cargo test name --release", "test release - - -"},
		{"cargo nextest run --target-dir t -- --manifest-path no", "external - t - -"},
		/* Values that look like options, and options without their values. */
		{"cargo build -p -r", "build release - - -"},
		{"cargo build --features --release", "build release - - -"},
		{"cargo build -Fa,b -j2 -Zx", "build debug - - -"},
		{"cargo build --target-dir", "build debug - - -"},
		{"cargo -C", "nothing"},
		{"cargo -", "external - - - -"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		parse_one(rows[i][0], rows[i][1]);
}

static void test_doubt(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"cargo --config build.target-dir='x' build", "doubt"},
		{"cargo --config build.build-dir='x' build", "doubt"},
		{"cargo build --config=build={target-dir='x'}", "doubt"},
		{"cargo --config build|.|target-dir='x' build", "doubt"},
		{"cargo --config \"build\".target-dir='x' build", "doubt"},
		{"cargo --config 'build'.target-dir='x' build", "doubt"},
		{"cargo --config build.\"target-dir\"='x' build", "doubt"},
		{"cargo --config ='x' build", "doubt"},
		{"cargo --config alias.x='y' x", "doubt"},
		{"cargo --config env.PYO3_PYTHON='/x' build", "doubt"},
		{"cargo build --config more.toml", "doubt"},
		{"cargo -Zscript ./tool.rs", "doubt"},
		{"cargo tool.rs", "doubt"},
		{"cargo build --manifest-path tool.rs", "doubt"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		parse_one(rows[i][0], rows[i][1]);
}

static void test_quiet(void **state)
{
	(void)state;
	struct cargoargs args;
	cargoargs_parse(words_of("cargo -q build --color=never"), &args);
	assert_true(args.quiet);
	assert_string_equal(args.color, "never");
	cargoargs_parse(words_of("cargo build -vv --verbose"), &args);
	assert_false(args.quiet);
	assert_int_equal(args.verbose, 3);
	assert_string_equal(args.subcommand, "build");
	assert_int_equal(args.at, 1);
}

static void test_aliases(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *mem = arena_new();
	const struct span words[] = {
		SPAN_LIT("run"), SPAN_LIT("--package"), SPAN_LIT("xtask"), SPAN_LIT("--")};
	struct cargoargs args;
	const char *const *argv = words_of("cargo -v xtask --release");
	cargoargs_parse(argv, &args);
	assert_int_equal(args.kind, CARGO_EXTERNAL);
	assert_int_equal(args.at, 2);
	argv = cargoargs_expand(argv, args.at, words, COUNT_OF(words), mem);
	assert_string_equal(argv[2], "run");
	assert_string_equal(argv[5], "--");
	assert_string_equal(argv[6], "--release");
	assert_null(argv[7]);
	cargoargs_parse(argv, &args);
	assert_int_equal(args.kind, CARGO_RUN);
	assert_string_equal(args.profile, "debug");
	assert_true(cargoargs_is_builtin("build"));
	assert_false(cargoargs_is_builtin("b"));
	assert_false(cargoargs_is_builtin("clippy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_asked_for),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_aliases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
