/*
 * Running a program in our place: it owns the terminal, we only wait.
 *
 *	int status;
 *	if (supervise("/usr/bin/cargo", argv, &status, &err) == 0) {
 *		... what is to be done afterwards ...
 *		return supervise_end(status);
 *	}
 *
 * The child is a plain one of our process group with our descriptors (those without O_CLOEXEC, so a jobserver's too),
 * environment, signal mask and dispositions. While it runs:
 *	- SIGINT, SIGQUIT, SIGTSTP and SIGHUP that the terminal sends reach it without us, and do nothing to us;
 *	- those signals, SIGTERM, SIGUSR1, SIGUSR2 and SIGCONT sent to us by a process are handed on;
 *	- when it stops we stop by the same signal, so that the shell sees it;
 *	- when we are killed it is killed too (Linux: PR_SET_PDEATHSIG).
 * A signal that is ignored when we start stays ignored by both. Not for use while other threads run.
 */
#ifndef STEADY_UTIL_SUPERVISE_H
#define STEADY_UTIL_SUPERVISE_H

#include "steady/util/base.h"
#include "steady/util/err.h"

/** Runs `path` to its end; *ret_status is what waitpid(2) says. Negative errno if it could not be started. */
int supervise(const char *path, const char *const argv[], int *ret_status, struct err *err);
/**
 * The exit status to end with. Where the child died of a signal this process dies of it here, without a core of its
 * own; 128 + the signal if that does not kill.
 */
int supervise_end(int status);
/** Becomes the program. Returns only on failure, a negative errno. */
int supervise_become(const char *path, const char *const argv[], struct err *err);

#endif
