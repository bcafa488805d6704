/*
 * The mark that `restore` and the shim leave in a build directory: from then on, what is built there is built from
 * this work tree.
 *
 * `<build-dir>/.cargo-steady/mark` is text: "cargo-steady mark 1", the workspace root, device and inode of that root,
 * inode of the mark itself, which Python environment was named where that is one of many with one name (core/pyenv.h),
 * and "recorded" where what was built since is recorded already. Its time is its own mtime. A copy has another inode, an
 * unpacked archive another ctime: a mark that travelled with a cache says nothing.
 */
#ifndef STEADY_CORE_MARK_H
#define STEADY_CORE_MARK_H

#include "steady/core/journal.h"
#include "steady/util/base.h"
#include "steady/util/err.h"

#include <time.h>

#define MARK_FILE STEADY_STATE_DIR "/mark"

/** Leaves a mark in the build directory open at `buildfd`, replacing an older one. */
int mark_leave(int buildfd, const char *workspace_root, struct err *err);
/**
 * Says in the mark that what was built since it was left is recorded, if it is still the one of that time (mark_read after
 * mark_leave). A builder who was executed or killed leaves it without: then the next one that holds cargo's locks records.
 */
int mark_close(int buildfd, const char *workspace_root, struct timespec left, struct err *err);
/** Is there a mark for this work tree, left here, and something built since perhaps unrecorded? */
bool mark_is_open(int buildfd, const char *workspace_root);
/** Was the mark for this work tree left where the same throw-away Python environment was named as is now? */
bool mark_is_of_environment(int buildfd, const char *workspace_root);
/** Is there a mark for this work tree, left here? Then *ret_time is when. */
bool mark_read(int buildfd, const char *workspace_root, struct timespec *ret_time);

#endif
