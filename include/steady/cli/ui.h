/*
 * Speaking to the user: cargo's manners on stderr, data on stdout.
 *
 *	struct ui ui;
 *	ui_init(&ui, stdout, stderr);
 *	ui_status(&ui, "Scanning", "%s", path);       "    Scanning target/debug", only unless quiet
 *	ui_warn(&ui, "%s: no record", name);
 *	ui_line(&ui, "%zu units", n);                 stdout
 *
 * Every text is formatted first and then made visible (visible.h), so a name of a hostile file cannot steer
 * the terminal; formats must therefore hold no newline and no escape sequence. All functions may be called
 * from any thread. Unit tests pass streams of open_memstream.
 */
#ifndef STEADY_CLI_UI_H
#define STEADY_CLI_UI_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/progress.h"
#include "steady/util/span.h"

#include <stdatomic.h>
#include <stdio.h>

/** When to use colours, or to show progress. The order is that of the option's values. */
enum ui_when { UI_AUTO, UI_ALWAYS, UI_NEVER };

enum ui_style { UI_PLAIN, UI_BOLD, UI_DIM, UI_RED, UI_GREEN, UI_YELLOW, UI_CYAN };

/** The progress bar; ui_progress_* alone look inside. */
struct ui_bar {
	const char *verb;
	/** Earliest time of the next drawing, CLOCK_MONOTONIC in ns. */
	_Atomic int64_t next;
	/** A bar stands in the terminal's last line. Guarded by the lock of `err`. */
	bool drawn;
	bool active;
};

struct ui {
	FILE *out, *err;
	/** -1 with --quiet, else the number of --verbose. */
	int verbosity;
	bool out_colour, err_colour;
	/** May a bar be drawn at all? */
	bool progress;
	struct ui_bar bar;
	/** errno of the first write to `out` that failed, 0 if none did. */
	int out_error;
};

/** What the options said. */
struct ui_options {
	bool quiet;
	unsigned verbose;
	/** What cargo's configuration says where no option does (cli/termconfig.h). */
	bool config_quiet, config_verbose;
	/** Was --color given? If so, `color` holds. */
	bool color_given;
	enum ui_when color;
};

/**
 * Settles everything from the environment: CARGO_TERM_QUIET, CARGO_TERM_VERBOSE, CARGO_TERM_COLOR, NO_COLOR,
 * CLICOLOR_FORCE (in this order of precedence), TERM, CI, CARGO_TERM_PROGRESS_WHEN, and whether the streams
 * are terminals. The streams stay the caller's.
 */
void ui_init(struct ui *ui, FILE *out, FILE *err);
/** Once more, now that the options, which go before the environment, are known. */
void ui_configure(struct ui *ui, const struct ui_options *options);

/** A right-aligned green verb and what it is done to. Not with --quiet. */
void ui_status(struct ui *ui, const char *verb, const char *fmt, ...) STEADY_PRINTF(3, 4);
/** As ui_status, only with --verbose. */
void ui_detail(struct ui *ui, const char *verb, const char *fmt, ...) STEADY_PRINTF(3, 4);
/** "note: ...", not with --quiet. */
void ui_note(struct ui *ui, const char *fmt, ...) STEADY_PRINTF(2, 3);
/** "warning: ...", not with --quiet: cargo says none then. */
void ui_warn(struct ui *ui, const char *fmt, ...) STEADY_PRINTF(2, 3);
/** "error: ..." */
void ui_error(struct ui *ui, const char *fmt, ...) STEADY_PRINTF(2, 3);
/** The error and, below it, its hint: "  help: ...". */
void ui_fail(struct ui *ui, const struct err *err);
/** A warning that gives the record's text and hint. */
void ui_warn_err(struct ui *ui, const struct err *err);
/** A plain line on stderr, also with --quiet. */
void ui_say(struct ui *ui, const char *fmt, ...) STEADY_PRINTF(2, 3);

/** A line of data on stdout. */
void ui_line(struct ui *ui, const char *fmt, ...) STEADY_PRINTF(2, 3);
/** A piece of a line on stdout in a style; end the line with ui_line(ui, "%s", ""). */
void ui_put(struct ui *ui, enum ui_style style, const char *fmt, ...) STEADY_PRINTF(3, 4);
/** Bytes for stdout that are safe already (a finished report); nothing is escaped. */
void ui_raw(struct ui *ui, struct span bytes);

/**
 * Begins work that may take long. A bar appears after a second, on a terminal only, and is wiped before
 * anything else is printed. Hand the result down; ui must outlive it.
 */
struct progress ui_progress_start(struct ui *ui, const char *verb);
/** Wipes the bar. May be called without a start. */
void ui_progress_end(struct ui *ui);

/**
 * Flushes stdout. 0, or -errno with the error filled if anything written there since the start was lost
 * (full disk, closed pipe).
 */
int ui_finish(struct ui *ui, struct err *err);

#endif
