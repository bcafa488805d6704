#include "steady/cli/ui.h"

#include "steady/cli/ui_bar.h"
#include "steady/cli/visible.h"
#include "steady/util/workers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#include "ui_memory.h"

static int clean(void **state)
{
	(void)state;
	ui_memory_clean_environment();
	return 0;
}

static void visible_one(const char *text, const char *expected)
{
	CLEANUP_STR struct str out = STR_INIT;
	visible_add(&out, span_of(text));
	assert_string_equal(out.buf, expected);
}

static void test_visible(void **state)
{
	(void)state;
	visible_one("plain \\ text", "plain \\ text");
	visible_one("\x1b]0;owned\a", "\\u{1b}]0;owned\\u{7}");
	visible_one("a\nb\tc\rd", "a\\nb\\tc\\rd");
	visible_one("\x7f", "\\u{7f}");
	visible_one("\xc2\x9b"
		    "31m",
		"\\u{9b}31m");
	visible_one("gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x80", "gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x80");
	visible_one("\xff\xfe", "\\xff\\xfe");
	visible_one("\xe2\x80\xae"
		    "gpj.exe",
		"\\u{202e}gpj.exe");
	visible_one("\xed\xa0\x80", "\\xed\\xa0\\x80");
}

static void test_verbs_and_labels(void **state)
{
	(void)state;
	struct ui_memory m;
	struct err err = ERR_INIT;
	ui_memory_open(&m);
	ui_status(&m.ui, "Scanning", "%s", "target/debug");
	ui_detail(&m.ui, "Hashing", "%s", "not shown");
	ui_note(&m.ui, "a %s", "note");
	ui_warn(&m.ui, "a warning");
	(void)err_set(&err, ENOENT, "no target directory");
	(void)err_hint(&err, "build first");
	ui_fail(&m.ui, &err);
	ui_line(&m.ui, "%s", "data \x1b[2J");
	ui_memory_flush(&m);
	assert_string_equal(m.err,
		"    Scanning target/debug\n"
		"note: a note\n"
		"warning: a warning\n"
		"error: no target directory\n"
		"  help: build first\n");
	assert_string_equal(m.out, "data \\u{1b}[2J\n");
	ui_memory_close(&m);
}

static void test_colours(void **state)
{
	(void)state;
	struct ui_memory m;
	ui_memory_open(&m);
	ui_configure(&m.ui, &(struct ui_options){.color_given = true, .color = UI_ALWAYS});
	ui_status(&m.ui, "Kept", "%s", "\x1b[31m");
	ui_error(&m.ui, "x");
	ui_put(&m.ui, UI_GREEN, "%d", 3);
	ui_put(&m.ui, UI_PLAIN, "%d", 4);
	ui_memory_flush(&m);
	assert_string_equal(m.err,
		"        \033[1;32mKept\033[0m \\u{1b}[31m\n"
		"\033[1;31merror\033[0m\033[1m:\033[0m x\n");
	assert_string_equal(m.out, "\033[1;32m3\033[0m4");
	ui_memory_close(&m);
}

static void test_quiet_and_verbose(void **state)
{
	(void)state;
	struct ui_memory m;
	ui_memory_open(&m);
	ui_configure(&m.ui, &(struct ui_options){.quiet = true});
	ui_status(&m.ui, "Scanning", "nothing");
	ui_note(&m.ui, "nothing");
	ui_warn(&m.ui, "nothing");
	ui_error(&m.ui, "heard");
	ui_configure(&m.ui, &(struct ui_options){.verbose = 1});
	ui_detail(&m.ui, "Hashing", "all");
	ui_memory_flush(&m);
	assert_string_equal(m.err, "error: heard\n     Hashing all\n");
	ui_memory_close(&m);
}

/* Variables as "NAME=value" pairs, then what --color says (or UI_NONE), then the expectation. */
#define NOT_GIVEN 9

static void colour_one(const char *first, const char *second, unsigned option, bool expected)
{
	char *copies[] = {first != NULL ? strdup(first) : NULL, second != NULL ? strdup(second) : NULL};
	ui_memory_clean_environment();
	for (size_t i = 0; i < COUNT_OF(copies); i++) {
		char *equals = copies[i] != NULL ? strchr(copies[i], '=') : NULL;
		if (equals != NULL) {
			*equals = '\0';
			assert_int_equal(setenv(copies[i], equals + 1, 1), 0);
		}
		free(copies[i]);
	}
	struct ui_memory m;
	ui_memory_open(&m);
	ui_configure(&m.ui,
		&(struct ui_options){.color_given = option != NOT_GIVEN,
			.color = option != NOT_GIVEN ? (enum ui_when)option : UI_AUTO});
	assert_int_equal(m.ui.err_colour, expected);
	assert_int_equal(m.ui.out_colour, expected);
	ui_memory_close(&m);
}

static void test_order_of_colour_settings(void **state)
{
	(void)state;
	colour_one(NULL, NULL, NOT_GIVEN, false);
	colour_one("CLICOLOR_FORCE=1", NULL, NOT_GIVEN, true);
	colour_one("CLICOLOR_FORCE=0", NULL, NOT_GIVEN, false);
	colour_one("CLICOLOR_FORCE=1", "NO_COLOR=1", NOT_GIVEN, false);
	colour_one("CLICOLOR_FORCE=1", "NO_COLOR=", NOT_GIVEN, true);
	colour_one("CARGO_TERM_COLOR=always", "NO_COLOR=1", NOT_GIVEN, true);
	colour_one("CARGO_TERM_COLOR=never", "CLICOLOR_FORCE=1", NOT_GIVEN, false);
	colour_one("CARGO_TERM_COLOR=auto", "CLICOLOR_FORCE=1", NOT_GIVEN, false);
	colour_one("CARGO_TERM_COLOR=never", NULL, UI_ALWAYS, true);
	colour_one("CARGO_TERM_COLOR=always", NULL, UI_NEVER, false);
	colour_one("CLICOLOR_FORCE=1", NULL, UI_AUTO, false);
}

static void verbosity_one(const char *name, struct ui_options options, int expected)
{
	ui_memory_clean_environment();
	assert_int_equal(setenv(name, "true", 1), 0);
	struct ui_memory m;
	ui_memory_open(&m);
	ui_configure(&m.ui, &options);
	assert_int_equal(m.ui.verbosity, expected);
	ui_memory_close(&m);
}

static void test_verbosity_from_the_environment(void **state)
{
	(void)state;
	verbosity_one("TERM", (struct ui_options){.quiet = false}, 0);
	verbosity_one("CARGO_TERM_QUIET", (struct ui_options){.quiet = false}, -1);
	verbosity_one("CARGO_TERM_QUIET", (struct ui_options){.verbose = 2}, 2);
	verbosity_one("CARGO_TERM_VERBOSE", (struct ui_options){.quiet = false}, 1);
	verbosity_one("CARGO_TERM_VERBOSE", (struct ui_options){.quiet = true}, -1);
}

static void bar_one(size_t done, size_t total, size_t columns, const char *expected)
{
	CLEANUP_STR struct str line = STR_INIT;
	ui_bar_format(&line, "Scanning", done, total, columns);
	assert_string_equal(line.buf, expected);
	assert_true(line.len < columns);
}

static void test_bar(void **state)
{
	(void)state;
	bar_one(0, 20, 31, "    Scanning [>         ] 0/20");
	bar_one(10, 20, 32, "    Scanning [=====>    ] 10/20");
	bar_one(20, 20, 32, "    Scanning [==========] 20/20");
	bar_one(99, 20, 32, "    Scanning [==========] 20/20");
	bar_one(10, 20, 24, "    Scanning 10/20");
	bar_one(7, 0, 80, "    Scanning 7");
	bar_one(10, 20, 10, "    Scann");
}

static void test_bar_comes_late_and_is_wiped(void **state)
{
	(void)state;
	struct ui_memory m;
	assert_int_equal(setenv("CARGO_TERM_PROGRESS_WHEN", "always", 1), 0);
	ui_memory_open(&m);
	struct progress progress = ui_progress_start(&m.ui, "Hashing");
	progress_to(&progress, 1, 4);
	ui_memory_flush(&m);
	assert_int_equal(m.err_len, 0);
	/* As if a second had gone by. */
	atomic_store(&m.ui.bar.next, 0);
	progress_to(&progress, 2, 4);
	progress_to(&progress, 3, 4);
	ui_warn(&m.ui, "x");
	ui_progress_end(&m.ui);
	progress_to(&progress, 4, 4);
	ui_memory_flush(&m);
	assert_string_equal(m.err,
		"\r     Hashing [====================>                   ] 2/4\033[K"
		"\r\033[Kwarning: x\n");
	ui_memory_close(&m);
}

struct crowd {
	struct ui *ui;
	struct progress progress;
};

static void one_step(void *ctx, unsigned worker, size_t i)
{
	(void)worker;
	struct crowd *crowd = ctx;
	atomic_store(&crowd->ui->bar.next, 0);
	progress_to(&crowd->progress, i, 500);
	if (i % 50 == 0)
		ui_warn(crowd->ui, "%zu", i);
}

/* The bar is wiped before each warning, so every warning stands alone at the beginning of a line. */
static void test_bar_among_threads(void **state)
{
	(void)state;
	struct ui_memory m;
	assert_int_equal(setenv("CARGO_TERM_PROGRESS_WHEN", "always", 1), 0);
	ui_memory_open(&m);
	struct crowd crowd = {.ui = &m.ui, .progress = ui_progress_start(&m.ui, "Hashing")};
	workers_for(500, 4, one_step, &crowd);
	ui_progress_end(&m.ui);
	ui_memory_flush(&m);
	size_t warnings = 0;
	for (const char *at = m.err; (at = strstr(at, "warning: ")) != NULL; at++, warnings++)
		assert_true(at == m.err || at[-1] == 'K' || at[-1] == '\n');
	assert_int_equal(warnings, 10);
	assert_false(m.ui.bar.drawn);
	ui_memory_close(&m);
}

static void test_no_bar_without_a_terminal(void **state)
{
	(void)state;
	struct ui_memory m;
	ui_memory_open(&m);
	struct progress progress = ui_progress_start(&m.ui, "Hashing");
	assert_null(progress.fn);
	progress_to(&progress, 1, 1);
	ui_progress_end(&m.ui);
	ui_memory_flush(&m);
	assert_int_equal(m.err_len, 0);
	ui_memory_close(&m);
}

static void test_lost_output_is_noticed(void **state)
{
	(void)state;
	FILE *full = fopen("/dev/full", "w");
	if (full == NULL)
		skip();
	struct ui ui;
	struct err err = ERR_INIT;
	ui_init(&ui, full, stderr);
	ui_line(&ui, "%s", "data");
	assert_int_equal(ui_finish(&ui, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "cannot write to standard output"));
	(void)fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visible),
		cmocka_unit_test_setup(test_verbs_and_labels, clean),
		cmocka_unit_test_setup(test_colours, clean),
		cmocka_unit_test_setup(test_quiet_and_verbose, clean),
		cmocka_unit_test(test_order_of_colour_settings),
		cmocka_unit_test(test_verbosity_from_the_environment),
		cmocka_unit_test(test_bar),
		cmocka_unit_test_setup(test_bar_comes_late_and_is_wiped, clean),
		cmocka_unit_test_setup(test_bar_among_threads, clean),
		cmocka_unit_test_setup(test_no_bar_without_a_terminal, clean),
		cmocka_unit_test_setup(test_lost_output_is_noticed, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
