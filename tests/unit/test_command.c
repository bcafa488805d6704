#include "steady/cli/command.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ui_memory.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int clean(void **state)
{
	(void)state;
	ui_memory_clean_environment();
	return 0;
}

/* Expectations are beginnings of what is printed; NULL for nothing at all. */
static void starts(const char *text, const char *expected)
{
	if (expected == NULL)
		assert_string_equal(text, "");
	else
		assert_memory_equal(text, expected, strlen(expected));
}

static void run_one(const char *const *argv, int status, const char *out, const char *err)
{
	struct ui_memory m;
	ui_memory_open(&m);
	assert_int_equal(command_main(&m.ui, argv), status);
	ui_memory_flush(&m);
	starts(m.out, out);
	starts(m.err, err);
	ui_memory_close(&m);
}

static void test_both_call_forms(void **state)
{
	(void)state;
	run_one(WORDS("cargo-steady", "--version"), STEADY_EXIT_DONE, "cargo-steady ", NULL);
	run_one(WORDS("cargo-steady", "steady", "-V"), STEADY_EXIT_DONE, "cargo-steady ", NULL);
	run_one(WORDS("cargo-steady", "-vV"), STEADY_EXIT_DONE, "cargo-steady ", NULL);
	run_one(WORDS("cargo-steady", "steady", "--help"), STEADY_EXIT_DONE, "Keep cargo", NULL);
	run_one(WORDS("cargo-steady", "steady", "help", "help"), STEADY_EXIT_DONE, "Print the help", NULL);
	run_one(WORDS("cargo-steady", "steady", "steady"), STEADY_EXIT_USAGE, NULL,
		"error: no such command: `steady`");
}

static void test_help_of_a_command(void **state)
{
	(void)state;
	run_one(WORDS("cargo-steady", "help", "completions"), STEADY_EXIT_DONE, "Print the completion", NULL);
	run_one(WORDS("cargo-steady", "completions", "-h"), STEADY_EXIT_DONE, "Print the completion", NULL);
	run_one(WORDS("cargo-steady", "completions", "--help"), STEADY_EXIT_DONE, "Print the completion",
		NULL);
	run_one(WORDS("cargo-steady", "--", "help"), STEADY_EXIT_DONE, "Keep cargo", NULL);
}

static void test_usage_errors(void **state)
{
	(void)state;
	run_one(WORDS("cargo-steady"), STEADY_EXIT_USAGE, NULL, "Keep cargo");
	run_one(WORDS("cargo-steady", "hepl"), STEADY_EXIT_USAGE, NULL,
		"error: no such command: `hepl`\n  help: a command with a similar name exists: `help`\n");
	run_one(WORDS("cargo-steady", "help", "hepl"), STEADY_EXIT_USAGE, NULL,
		"error: no such command: `hepl`\n  help: a command with a similar name exists: `help`\n");
	run_one(WORDS("cargo-steady", "completions"), STEADY_EXIT_USAGE, NULL,
		"error: a required argument was not provided: <SHELL>\n\n"
		"Usage: cargo steady completions [OPTIONS] <SHELL>\n\nFor more information, try '--help'.\n");
	run_one(WORDS("cargo-steady", "completions", "bash", "zsh"), STEADY_EXIT_USAGE, NULL,
		"error: unexpected argument 'zsh' found\n");
	run_one(WORDS("cargo-steady", "-q", "completions", "bash", "-v"), STEADY_EXIT_USAGE, NULL,
		"error: cannot set both --verbose and --quiet\n");
	run_one(WORDS("cargo-steady", "--color=never", "completions", "bash", "--color=never"),
		STEADY_EXIT_USAGE, NULL,
		"error: the argument '--color <WHEN>' cannot be used multiple times\n");
	run_one(WORDS("cargo-steady", "completions", "--colr=never"), STEADY_EXIT_USAGE, NULL,
		"error: unexpected argument '--colr' found\n  help: a similar argument exists: '--color'\n");
}

static void check_table(const struct opt *opts, const char **names, char *aliases, size_t *count)
{
	if (opts == NULL)
		return;
	size_t rows = 0;
	opt_each (opt, opts) {
		for (size_t i = 0; i < *count; i++) {
			assert_string_not_equal(names[i], opt->name);
			assert_true(opt->alias == 0 || aliases[i] != opt->alias);
		}
		names[*count] = opt->name;
		aliases[(*count)++] = opt->alias;
		assert_int_equal(opt_takes_value(opt), opt->arg != NULL);
		assert_int_equal(opt->kind == OPT_CHOICE, opt->values != NULL);
		assert_non_null(opt->help);
		assert_true(opt->help[strlen(opt->help) - 1] != '.');
		rows++;
	}
	assert_true(rows <= OPT_MAX);
}

static void test_tables_are_sound(void **state)
{
	(void)state;
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		const char *names[OPT_MAX * OPT_SETS];
		char aliases[OPT_MAX * OPT_SETS];
		size_t count = 0;
		check_table((*c)->opts, names, aliases, &count);
		check_table(steady_common_opts, names, aliases, &count);
		check_table((*c)->reads_target ? steady_target_opts : NULL, names, aliases, &count);
		assert_ptr_equal(command_find(span_of((*c)->name)), *c);
		assert_true((*c)->opts == NULL || (*c)->args_size != 0);
		assert_int_equal((*c)->operand == NULL, (*c)->max_operands == 0);
		assert_non_null((*c)->run);
	}
	assert_null(command_find(SPAN_LIT("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_call_forms),
		cmocka_unit_test(test_help_of_a_command),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_tables_are_sound),
	};
	return cmocka_run_group_tests(tests, clean, NULL);
}
