/*
 * Our own lock on a target directory that several work trees may share.
 *
 *	if (sharedlock_is_needed(&where))
 *		code = sharedlock_take(fd, "release", waiting, ctx, mem, &lock, &err);
 *	... verify, build with lock.held in SHAREDLOCK_HELD, record ...
 *	close(lock.fd);
 *
 * cargo's locks are free between our look at the units and the build, and again before we record. Two builds of different
 * trees in one directory must not meet there: both would find the units of the other fresh. The lock is a file below
 * <build-dir>/.cargo-steady, one for each profile, so it keeps nobody waiting whom cargo would not. Programs started under
 * it find its name in a variable and do not wait for it.
 */
#ifndef STEADY_CORE_SHAREDLOCK_H
#define STEADY_CORE_SHAREDLOCK_H

#include "steady/core/buildlock.h"
#include "steady/core/locate.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#define SHAREDLOCK_HELD "STEADY_SHIM_LOCKED"

struct sharedlock {
	/** Close it to unlock; -1 where a program above us holds the lock. */
	int fd;
	/** Value of the variable for what is started under it. */
	const char *held;
};

/** Does the build directory lie outside of the workspace? */
bool sharedlock_is_needed(const struct location *where);
/**
 * buildfd: of the build directory. `waiting` as buildlock_take calls it, before waiting; NULL: BUILDLOCK_BUSY instead. With
 * NULL for `profile`, nothing is locked: BUILDLOCK_BUSY if somebody holds the lock of any profile.
 */
int sharedlock_take(int buildfd, const char *profile, buildlock_waiting *waiting, void *ctx,
	struct arena *mem, struct sharedlock *ret, struct err *err);

#endif
