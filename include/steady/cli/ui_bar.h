/*
 * The progress bar of a ui: `    Scanning [=====>      ] 120/312`. Only ui.c and the bar itself use this.
 */
#ifndef STEADY_CLI_UI_BAR_H
#define STEADY_CLI_UI_BAR_H

#include "steady/cli/ui.h"
#include "steady/util/str.h"

/** Removes a drawn bar from the terminal; the caller holds the lock of ui->err. */
void ui_bar_wipe(struct ui *ui);
/** The line for `done` of `total` steps, at most `columns` wide. `total` 0 means unknown. */
void ui_bar_format(struct str *line, const char *verb, size_t done, size_t total, size_t columns);

#endif
