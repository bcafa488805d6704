#include "steady/cli/ui.h"

#include "steady/cli/ui_bar.h"
#include "steady/cli/visible.h"
#include "steady/util/str.h"
#include "steady/util/term.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define VERB_COLUMNS 12

static bool env_is(const char *name, const char *value)
{
	const char *found = getenv(name);
	return found != NULL && strcmp(found, value) == 0;
}

static bool env_is_set(const char *name)
{
	const char *found = getenv(name);
	return found != NULL && found[0] != '\0';
}

/* What a variable that takes auto, always or never says; UI_AUTO for anything else. */
static enum ui_when env_when(const char *name)
{
	if (env_is(name, "always"))
		return UI_ALWAYS;
	return env_is(name, "never") ? UI_NEVER : UI_AUTO;
}

static enum ui_when colour_by_environment(void)
{
	enum ui_when when = env_when("CARGO_TERM_COLOR");
	if (when != UI_AUTO || env_is("CARGO_TERM_COLOR", "auto"))
		return when;
	if (env_is_set("NO_COLOR"))
		return UI_NEVER;
	if (env_is_set("CLICOLOR_FORCE") && !env_is("CLICOLOR_FORCE", "0"))
		return UI_ALWAYS;
	return UI_AUTO;
}

static bool decide(enum ui_when when, FILE *stream)
{
	if (when != UI_AUTO)
		return when == UI_ALWAYS;
	return term_is_tty(stream) && !env_is("TERM", "dumb");
}

static bool progress_wanted(const struct ui *ui)
{
	if (ui->verbosity < 0)
		return false;
	enum ui_when when = env_when("CARGO_TERM_PROGRESS_WHEN");
	if (when != UI_AUTO)
		return when == UI_ALWAYS;
	return term_is_tty(ui->err) && !env_is("TERM", "dumb") && !env_is_set("CI");
}

void ui_init(struct ui *ui, FILE *out, FILE *err)
{
	memset(ui, 0, sizeof(*ui));
	ui->out = out;
	ui->err = err;
	ui_configure(ui, &(struct ui_options){.quiet = false});
}

void ui_configure(struct ui *ui, const struct ui_options *options)
{
	if (options->quiet)
		ui->verbosity = -1;
	else if (options->verbose != 0)
		ui->verbosity = (int)options->verbose;
	else if (env_is("CARGO_TERM_QUIET", "true") || options->config_quiet)
		ui->verbosity = -1;
	else
		ui->verbosity = env_is("CARGO_TERM_VERBOSE", "true") || options->config_verbose ? 1 : 0;

	enum ui_when when = options->color_given ? options->color : colour_by_environment();
	ui->out_colour = decide(when, ui->out);
	ui->err_colour = decide(when, ui->err);
	ui->progress = progress_wanted(ui);
}

static const char *style_code(enum ui_style style)
{
	static const char *const code[] = {
		[UI_PLAIN] = "",
		[UI_BOLD] = "\033[1m",
		[UI_DIM] = "\033[2m",
		[UI_RED] = "\033[1;31m",
		[UI_GREEN] = "\033[1;32m",
		[UI_YELLOW] = "\033[1;33m",
		[UI_CYAN] = "\033[1;36m",
	};
	return code[style];
}

static void add_styled(struct str *line, bool colour, enum ui_style style, const char *text)
{
	if (colour && style != UI_PLAIN)
		str_printf(line, "%s%s\033[0m", style_code(style), text);
	else
		str_add(line, text);
}

static void add_visible(struct str *line, const char *fmt, va_list args) STEADY_PRINTF(2, 0);
static void add_visible(struct str *line, const char *fmt, va_list args)
{
	CLEANUP_STR struct str text = STR_INIT;
	str_vprintf(&text, fmt, args);
	visible_add(line, str_span(&text));
}

/* The whole line goes out in one write, with the bar out of its way. */
static void write_err(struct ui *ui, struct str *line)
{
	str_add_char(line, '\n');
	flockfile(ui->err);
	ui_bar_wipe(ui);
	(void)fwrite(line->buf, 1, line->len, ui->err);
	(void)fflush(ui->err);
	funlockfile(ui->err);
}

static void add_label(struct str *line, const struct ui *ui, enum ui_style style, const char *label)
{
	add_styled(line, ui->err_colour, style, label);
	add_styled(line, ui->err_colour, UI_BOLD, ":");
	str_add_char(line, ' ');
}

static void put_status(struct ui *ui, const char *verb, const char *fmt, va_list args) STEADY_PRINTF(3, 0);
static void put_status(struct ui *ui, const char *verb, const char *fmt, va_list args)
{
	CLEANUP_STR struct str line = STR_INIT;
	for (size_t width = strlen(verb); width < VERB_COLUMNS; width++)
		str_add_char(&line, ' ');
	add_styled(&line, ui->err_colour, UI_GREEN, verb);
	str_add_char(&line, ' ');
	add_visible(&line, fmt, args);
	write_err(ui, &line);
}

static void put_message(struct ui *ui, enum ui_style style, const char *label, const char *fmt, va_list args)
	STEADY_PRINTF(4, 0);
static void put_message(struct ui *ui, enum ui_style style, const char *label, const char *fmt, va_list args)
{
	CLEANUP_STR struct str line = STR_INIT;
	add_label(&line, ui, style, label);
	add_visible(&line, fmt, args);
	write_err(ui, &line);
}

void ui_status(struct ui *ui, const char *verb, const char *fmt, ...)
{
	if (ui->verbosity < 0)
		return;
	va_list args;
	va_start(args, fmt);
	put_status(ui, verb, fmt, args);
	va_end(args);
}

void ui_detail(struct ui *ui, const char *verb, const char *fmt, ...)
{
	if (ui->verbosity < 1)
		return;
	va_list args;
	va_start(args, fmt);
	put_status(ui, verb, fmt, args);
	va_end(args);
}

void ui_note(struct ui *ui, const char *fmt, ...)
{
	if (ui->verbosity < 0)
		return;
	va_list args;
	va_start(args, fmt);
	put_message(ui, UI_CYAN, "note", fmt, args);
	va_end(args);
}

void ui_warn(struct ui *ui, const char *fmt, ...)
{
	if (ui->verbosity < 0)
		return;
	va_list args;
	va_start(args, fmt);
	put_message(ui, UI_YELLOW, "warning", fmt, args);
	va_end(args);
}

void ui_error(struct ui *ui, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	put_message(ui, UI_RED, "error", fmt, args);
	va_end(args);
}

static void put_hint(struct ui *ui, const char *hint)
{
	if (hint[0] == '\0')
		return;
	CLEANUP_STR struct str line = STR_INIT;
	str_add(&line, "  ");
	add_label(&line, ui, UI_CYAN, "help");
	visible_add(&line, span_of(hint));
	write_err(ui, &line);
}

void ui_fail(struct ui *ui, const struct err *err)
{
	ui_error(ui, "%s", err->msg);
	put_hint(ui, err->hint);
}

void ui_warn_err(struct ui *ui, const struct err *err)
{
	ui_warn(ui, "%s", err->msg);
	if (ui->verbosity >= 0)
		put_hint(ui, err->hint);
}

void ui_say(struct ui *ui, const char *fmt, ...)
{
	CLEANUP_STR struct str line = STR_INIT;
	va_list args;
	va_start(args, fmt);
	add_visible(&line, fmt, args);
	va_end(args);
	write_err(ui, &line);
}

/* A bar would share the line with data where both streams are the same terminal. */
static void write_out(struct ui *ui, struct span bytes)
{
	flockfile(ui->err);
	ui_bar_wipe(ui);
	funlockfile(ui->err);
	errno = 0;
	if (bytes.len != 0 && fwrite(bytes.ptr, 1, bytes.len, ui->out) != bytes.len && ui->out_error == 0)
		ui->out_error = errno != 0 ? errno : EIO;
}

void ui_line(struct ui *ui, const char *fmt, ...)
{
	CLEANUP_STR struct str line = STR_INIT;
	va_list args;
	va_start(args, fmt);
	add_visible(&line, fmt, args);
	va_end(args);
	str_add_char(&line, '\n');
	write_out(ui, str_span(&line));
}

void ui_put(struct ui *ui, enum ui_style style, const char *fmt, ...)
{
	CLEANUP_STR struct str text = STR_INIT;
	CLEANUP_STR struct str piece = STR_INIT;
	va_list args;
	va_start(args, fmt);
	add_visible(&text, fmt, args);
	va_end(args);
	add_styled(&piece, ui->out_colour, style, text.buf);
	write_out(ui, str_span(&piece));
}

void ui_raw(struct ui *ui, struct span bytes)
{
	write_out(ui, bytes);
}

int ui_finish(struct ui *ui, struct err *err)
{
	ui_progress_end(ui);
	errno = 0;
	if (fflush(ui->out) != 0 && ui->out_error == 0)
		ui->out_error = errno != 0 ? errno : EIO;
	if (ui->out_error == 0)
		return 0;
	return err_sys(err, ui->out_error, "cannot write to standard output");
}
