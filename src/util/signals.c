#include "steady/util/signals.h"

#include "steady/util/base.h"

struct signals signals_hold(void)
{
	static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct signals held;
	sigset_t set;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		(void)sigaddset(&set, ending[i]);
	(void)pthread_sigmask(SIG_BLOCK, &set, &held.before);
	return held;
}

void signals_release(const struct signals *held)
{
	(void)pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}
