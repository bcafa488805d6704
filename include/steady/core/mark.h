/*
 * The mark that `restore` and the shim leave in a build directory: from then on, what is built there is built from
 * this work tree.
 *
 * `<build-dir>/.cargo-steady/mark` is about all profiles, `mark-<profile>` about that one, in which the shim builds while
 * somebody else may build in another. Where the second is there it alone counts for its profile: whoever leaves the first
 * removes the others. A mark is text: "cargo-steady mark 1", the workspace root, device and inode of that root,
 * inode of the mark itself, which Python environment was named where that is one of many with one name (core/pyenv.h),
 * and its state if it is not open. Its time is its own mtime. A copy has another inode, an unpacked archive another ctime: a
 * mark that travelled with a cache says nothing.
 *
 * `profile` is the one asked for; NULL: the mark about all.
 */
#ifndef STEADY_CORE_MARK_H
#define STEADY_CORE_MARK_H

#include "steady/core/journal.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#include <time.h>

#define MARK_NAME "mark"
#define MARK_FILE STEADY_STATE_DIR "/" MARK_NAME

enum mark_state {
	/** What was built since may not be recorded yet: its builder is at work, was executed or killed, or is not ours. */
	MARK_OPEN,
	/** The same, and the builder, this process, keeps nobody out of a directory that several work trees share. */
	MARK_UNLOCKED,
	/** What was built is recorded. */
	MARK_RECORDED,
};

/** Leaves a mark in the build directory open at `buildfd`, replacing older ones. The profile's lock is held, or all are. */
int mark_leave(int buildfd, const char *workspace_root, const char *profile, struct err *err);
/**
 * Gives the mark another state, if it is still the one of the time *left (mark_read after mark_leave), which becomes its new
 * time.
 */
int mark_amend(int buildfd, const char *workspace_root, const char *profile, enum mark_state state,
	struct timespec *left, struct err *err);
/** From now on nothing tells what is built in that profile, or in any with NULL, whosever the mark was. */
void mark_drop(int buildfd, const char *profile);
/** Is there a mark for this work tree, left here? Then *ret_time is when. */
bool mark_read(int buildfd, const char *workspace_root, const char *profile, struct timespec *ret_time);
/** Is there one, and something built since perhaps unrecorded? */
bool mark_is_open(int buildfd, const char *workspace_root, const char *profile);
/** Was it left where the same throw-away Python environment was named as is now? */
bool mark_is_of_environment(int buildfd, const char *workspace_root, const char *profile);
/**
 * Is there a mark for another work tree or throw-away Python environment, left here, whose builder kept nobody out and may be
 * at work still? With NULL: about any profile.
 */
bool mark_is_of_intruder(int buildfd, const char *workspace_root, const char *profile);
/** Are all marks there are for this work tree, and left here? */
bool mark_is_own_or_none(int buildfd, const char *workspace_root);

#endif
