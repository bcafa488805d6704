/*
 * How a lower layer tells whoever called it how far it is, without knowing about terminals.
 *
 *	struct progress progress = ui_progress_start(ui, "Hashing");
 *	verify(graph, &progress, &err);       inside: progress_to(progress, done, total);
 *	ui_progress_end(ui);
 *
 * May be called from any thread and as often as one likes: a call costs a look at the clock.
 */
#ifndef STEADY_UTIL_PROGRESS_H
#define STEADY_UTIL_PROGRESS_H

#include "steady/util/base.h"

struct progress {
	void (*fn)(void *ctx, size_t done, size_t total);
	void *ctx;
};

/** Accepts NULL: nobody listens. */
static inline void progress_to(const struct progress *p, size_t done, size_t total)
{
	if (p != NULL && p->fn != NULL)
		p->fn(p->ctx, done, total);
}

#endif
