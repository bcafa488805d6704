/*
 * cargo's own locks on a build directory, so that no cargo (rust-analyzer's background check included) works
 * there while we write.
 *
 * For every profile directory: `.cargo-build-lock`, then `.cargo-lock`, exclusively, without waiting while
 * another one is held. If one is taken, all are dropped, the caller is told, and after the holder is done
 * everything is tried again: no order of locks of any cargo version can deadlock with that. Lock files are
 * made where missing and never removed, as cargo does. Source: cargo's core/compiler/layout.rs and
 * util/flock.rs.
 */
#ifndef STEADY_CORE_BUILDLOCK_H
#define STEADY_CORE_BUILDLOCK_H

#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/err.h"

struct buildlock;

/** Called once, before waiting; `path` is the lock file below the directory. */
typedef void buildlock_waiting(const char *path, void *ctx);

/** Returned, as a positive condition, where somebody else holds a lock and nobody is to be told. */
#define BUILDLOCK_BUSY 1

/**
 * Locks every profile directory below `dirfd` (of the build directory), and below `otherfd` (the target
 * directory, if it is another one; -1 if not).
 */
int buildlock_take(int dirfd, int otherfd, buildlock_waiting *waiting, void *ctx, struct buildlock **ret,
	struct err *err);
/**
 * The same for the directories of one profile ("debug"; NULL: all). BUILDLOCK_BUSY instead of waiting, if `waiting` is NULL.
 */
int buildlock_take_profile(const int dirfd[2], const char *profile, buildlock_waiting *waiting, void *ctx,
	struct buildlock **ret, struct err *err);
/** Unlocks. Accepts NULL, returns NULL. */
struct buildlock *buildlock_drop(struct buildlock *lock);
void buildlock_cleanup(struct buildlock **lock);
#define CLEANUP_BUILDLOCK CLEANUP(buildlock_cleanup)

#endif
