#include "steady/cli/ui_bar.h"

#include "steady/util/term.h"

#include <stdlib.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
/* Short work shows no bar at all; a drawn one is refreshed ten times a second. */
#define FIRST_AFTER NS_PER_S
#define REFRESH (NS_PER_S / 10)
#define DEFAULT_COLUMNS 80
#define BAR_MAX 40
#define BAR_MIN 10
#define VERB_COLUMNS 12

static int64_t now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void ui_bar_wipe(struct ui *ui)
{
	if (!ui->bar.drawn)
		return;
	(void)fputs("\r\033[K", ui->err);
	ui->bar.drawn = false;
}

static void add_bar(struct str *line, size_t done, size_t total, size_t width)
{
	size_t filled = (size_t)((double)width * ((double)done / (double)total));
	str_add_char(line, '[');
	for (size_t i = 0; i < width; i++)
		str_add_char(line, i < filled ? '=' : i == filled ? '>' : ' ');
	str_add(line, "] ");
}

void ui_bar_format(struct str *line, const char *verb, size_t done, size_t total, size_t columns)
{
	CLEANUP_STR struct str count = STR_INIT;
	if (total != 0)
		str_printf(&count, "%zu/%zu", done < total ? done : total, total);
	else
		str_printf(&count, "%zu", done);

	str_printf(line, "%*s ", VERB_COLUMNS, verb);
	/* Brackets, the space behind them, and the last column, where a terminal would wrap. */
	size_t taken = line->len + count.len + 4;
	size_t room = columns > taken ? columns - taken : 0;
	if (total != 0 && room >= BAR_MIN)
		add_bar(line, done < total ? done : total, total, room < BAR_MAX ? room : BAR_MAX);
	str_add_span(line, str_span(&count));
	if (line->len >= columns && columns != 0) {
		line->len = columns - 1;
		line->buf[line->len] = '\0';
	}
}

static size_t columns_of(const struct ui *ui)
{
	unsigned columns = term_columns(ui->err);
	if (columns != 0)
		return columns;
	const char *width = getenv("CARGO_TERM_PROGRESS_WIDTH");
	uint64_t given;
	bool usable = width != NULL && span_u64(span_of(width), &given) && given != 0 && given <= 1000;
	return usable ? (size_t)given : DEFAULT_COLUMNS;
}

/* Called from any thread. Whoever does not get the lock at once leaves the drawing to somebody else. */
static void draw(void *ctx, size_t done, size_t total)
{
	struct ui *ui = ctx;
	int64_t time = now();
	if (time < atomic_load_explicit(&ui->bar.next, memory_order_relaxed))
		return;
	if (ftrylockfile(ui->err) != 0)
		return;
	if (ui->bar.active) {
		CLEANUP_STR struct str line = STR_INIT;
		ui_bar_format(&line, ui->bar.verb, done, total, columns_of(ui));
		(void)fprintf(ui->err, "\r%s\033[K", line.buf);
		(void)fflush(ui->err);
		ui->bar.drawn = true;
		atomic_store_explicit(&ui->bar.next, time + REFRESH, memory_order_relaxed);
	}
	funlockfile(ui->err);
}

struct progress ui_progress_start(struct ui *ui, const char *verb)
{
	if (!ui->progress)
		return (struct progress){NULL, NULL};
	flockfile(ui->err);
	ui->bar.verb = verb;
	ui->bar.active = true;
	funlockfile(ui->err);
	atomic_store_explicit(&ui->bar.next, now() + FIRST_AFTER, memory_order_relaxed);
	return (struct progress){draw, ui};
}

void ui_progress_end(struct ui *ui)
{
	flockfile(ui->err);
	ui_bar_wipe(ui);
	ui->bar.active = false;
	(void)fflush(ui->err);
	funlockfile(ui->err);
}
