/*
 * Another process that holds flock(2) locks, as cargo does while it builds.
 */
#ifndef STEADY_TESTS_LOCKHOLDER_H
#define STEADY_TESTS_LOCKHOLDER_H

#include "tempdir.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

/** Holds the lock of the file until it is told, or for `ms` milliseconds if that is not 0. Its pid. */
static inline pid_t lock_hold(const char *path, int operation, int ms)
{
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = openat(temp_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		char ok = (char)(fd >= 0 && flock(fd, operation) == 0);
		(void)!write(ready[1], &ok, 1);
		(void)poll(NULL, 0, ms != 0 ? ms : 20000);
		_exit(0);
	}
	char ok = 0;
	assert_int_equal(read(ready[0], &ok, 1), 1);
	assert_int_equal(ok, 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static inline void lock_let_go(pid_t pid)
{
	int status;
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

#endif
