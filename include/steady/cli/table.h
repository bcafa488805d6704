/*
 * A table of text: the cells first, then the widths, then the lines.
 *
 *	struct table *t = table_new();
 *	table_column(t, "Profile", TABLE_LEFT);
 *	table_column(t, "Units", TABLE_RIGHT);
 *	table_cell(t, UI_PLAIN, "%s", name);
 *	table_cell(t, UI_GREEN, "%zu", units);         the row is full
 *	table_print(t, ui);
 *	t = table_free(t);
 */
#ifndef STEADY_CLI_TABLE_H
#define STEADY_CLI_TABLE_H

#include "steady/cli/ui.h"

struct table;

enum table_side { TABLE_LEFT, TABLE_RIGHT };

struct table *table_new(void);
/** Accepts NULL, returns NULL. */
struct table *table_free(struct table *t);
void table_cleanup(struct table **t);
#define CLEANUP_TABLE CLEANUP(table_cleanup)

/** Adds a column; all of them before the first cell. The heading stays the caller's until the table is freed.
 */
void table_column(struct table *t, const char *heading, enum table_side side);
/** The next cell, row by row. Made visible like everything a ui prints. */
void table_cell(struct table *t, enum ui_style style, const char *fmt, ...) STEADY_PRINTF(3, 4);
/** Rows that are full. */
size_t table_rows(const struct table *t);
/** Headings and rows on stdout, two blanks between columns and none at the end of a line. */
void table_print(const struct table *t, struct ui *ui);

#endif
