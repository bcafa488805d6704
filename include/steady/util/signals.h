/*
 * Signals that would end the process, held back for the moment in which a file is half written.
 *
 *	struct signals held = signals_hold();
 *	... write, rename ...
 *	signals_release(&held);
 *
 * For this thread only, so not for work that others share, and for milliseconds: what is held back comes afterwards.
 */
#ifndef STEADY_UTIL_SIGNALS_H
#define STEADY_UTIL_SIGNALS_H

#include <signal.h>

struct signals {
	sigset_t before;
};

/** Holds SIGHUP, SIGINT, SIGQUIT and SIGTERM. */
struct signals signals_hold(void);
void signals_release(const struct signals *held);

#endif
