#include "steady/cli/table.h"

#include "steady/cli/visible.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <stdarg.h>
#include <stdlib.h>

struct column {
	const char *heading;
	enum table_side side;
	size_t width;
};

struct cell {
	const char *text;
	size_t width;
	enum ui_style style;
};

struct table {
	struct arena *mem;
	VEC(struct column) columns;
	VEC(struct cell) cells;
};

struct table *table_new(void)
{
	struct table *t = xcalloc(1, sizeof(*t));
	t->mem = arena_new();
	return t;
}

struct table *table_free(struct table *t)
{
	if (t == NULL)
		return NULL;
	vec_release(&t->columns);
	vec_release(&t->cells);
	t->mem = arena_free(t->mem);
	free(t);
	return NULL;
}

void table_cleanup(struct table **t)
{
	*t = table_free(*t);
}

void table_column(struct table *t, const char *heading, enum table_side side)
{
	*vec_add(&t->columns) = (struct column){heading, side, visible_width(span_of(heading))};
}

void table_cell(struct table *t, enum ui_style style, const char *fmt, ...)
{
	CLEANUP_STR struct str text = STR_INIT;
	CLEANUP_STR struct str shown = STR_INIT;
	va_list args;
	va_start(args, fmt);
	str_vprintf(&text, fmt, args);
	va_end(args);
	visible_add(&shown, str_span(&text));

	size_t width = visible_width(str_span(&shown));
	struct column *column = &t->columns.data[t->cells.len % t->columns.len];
	column->width = width > column->width ? width : column->width;
	*vec_add(&t->cells) = (struct cell){arena_strdup(t->mem, shown.buf), width, style};
}

size_t table_rows(const struct table *t)
{
	return t->columns.len != 0 ? t->cells.len / t->columns.len : 0;
}

static void put_blanks(struct ui *ui, size_t count)
{
	if (count != 0)
		ui_put(ui, UI_PLAIN, "%*s", (int)count, "");
}

static void put_cell(struct ui *ui, const struct column *column, const struct cell *cell, bool last)
{
	size_t padding = column->width - cell->width;
	if (column->side == TABLE_RIGHT)
		put_blanks(ui, padding);
	if (cell->width != 0)
		ui_put(ui, cell->style, "%s", cell->text);
	if (!last)
		put_blanks(ui, (column->side == TABLE_LEFT ? padding : 0) + 2);
}

void table_print(const struct table *t, struct ui *ui)
{
	size_t columns = t->columns.len;
	for (size_t i = 0; i < columns; i++) {
		const struct column *column = &t->columns.data[i];
		struct cell heading = {column->heading, visible_width(span_of(column->heading)), UI_BOLD};
		put_cell(ui, column, &heading, i + 1 == columns);
	}
	ui_line(ui, "%s", "");
	for (size_t i = 0; i < table_rows(t) * columns; i++) {
		bool last = i % columns + 1 == columns;
		put_cell(ui, &t->columns.data[i % columns], &t->cells.data[i], last);
		if (last)
			ui_line(ui, "%s", "");
	}
}
