/*
 * Whole-file locks as cargo takes them (flock(2); fcntl locks would not conflict with cargo's).
 * Where the file system has no locks (ENOTSUP, ENOSYS), and on NFS, taking one succeeds, as it does for cargo.
 */
#ifndef STEADY_UTIL_FLOCK_H
#define STEADY_UTIL_FLOCK_H

#include "steady/util/base.h"
#include "steady/util/err.h"

/** Returned when somebody else holds the lock. */
#define FLOCK_BUSY 1

/**
 * Opens (making it if needed) the lock file `path` below dirfd and locks it exclusively without waiting.
 * 0 and the descriptor in *ret_fd; FLOCK_BUSY and the open, unlocked descriptor. Closing it unlocks.
 */
int flock_try(int dirfd, const char *path, int *ret_fd, struct err *err);
/** Waits for the exclusive lock on an open lock file; -EINTR when a signal came. */
int flock_wait(int fd, struct err *err);

#endif
