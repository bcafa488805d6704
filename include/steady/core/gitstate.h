/*
 * What a git directory has checked out: the commit that HEAD resolves to, and the branch's name.
 *
 * Only files are read, no program is run. Source: gitrepository-layout(5).
 */
#ifndef STEADY_CORE_GITSTATE_H
#define STEADY_CORE_GITSTATE_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <time.h>

/** Is `path` (absolute) a git directory or something inside one, but not in a work tree that lies in it? Then that
 * directory, in mem; else NULL. */
const char *gitstate_directory(struct arena *mem, const char *path);

/** The directory with the references: that of the repository, for a linked worktree's. */
const char *gitstate_common(struct arena *mem, const char *git_dir);

/**
 * Appends the commit's name and the branch ("HEAD" if it is detached) to *out. *ret_youngest: the newest mtime or
 * ctime of the files that say so. False where they cannot be read (no commit yet, reftable).
 */
bool gitstate_read(const char *git_dir, struct str *out, struct timespec *ret_youngest);

#endif
