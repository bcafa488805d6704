/*
 * A ui whose streams are in memory, for tests.
 */
#ifndef STEADY_TESTS_UI_MEMORY_H
#define STEADY_TESTS_UI_MEMORY_H

#include "steady/cli/ui.h"

#include <stdlib.h>

struct ui_memory {
	struct ui ui;
	char *out, *err;
	size_t out_len, err_len;
};

static const char *const ui_memory_variables[] = {"CARGO_TERM_COLOR", "CARGO_TERM_PROGRESS_WHEN",
	"CARGO_TERM_PROGRESS_WIDTH", "CARGO_TERM_QUIET", "CARGO_TERM_VERBOSE", "CI", "CLICOLOR_FORCE",
	"NO_COLOR", "TERM"};

/* The environment of whoever runs the tests must not show. */
static inline void ui_memory_clean_environment(void)
{
	for (size_t i = 0; i < COUNT_OF(ui_memory_variables); i++)
		(void)unsetenv(ui_memory_variables[i]);
}

static inline void ui_memory_open(struct ui_memory *m)
{
	m->out = m->err = NULL;
	ui_init(&m->ui, open_memstream(&m->out, &m->out_len), open_memstream(&m->err, &m->err_len));
}

/* What was written so far is then in m->out and m->err. */
static inline void ui_memory_flush(struct ui_memory *m)
{
	(void)fflush(m->ui.out);
	(void)fflush(m->ui.err);
}

static inline void ui_memory_close(struct ui_memory *m)
{
	(void)fclose(m->ui.out);
	(void)fclose(m->ui.err);
	free(m->out);
	free(m->err);
}

#endif
