/*
 * What a git directory has checked out: the commit that HEAD resolves to, and the branch's name.
 *
 * That is all a build script can mean that watches files in there (.git/HEAD, refs): the files themselves change
 * with every clone, or do not change with a commit. Only files are read, no program is run. Source:
 * gitrepository-layout(5).
 */
#ifndef STEADY_CORE_GITSTATE_H
#define STEADY_CORE_GITSTATE_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <time.h>

/** Is `path` (absolute) a git directory or something inside one? Then that directory, in mem; else NULL. */
const char *gitstate_directory(struct arena *mem, const char *path);

/**
 * Appends the commit's name and the branch ("HEAD" if it is detached) to *out. *ret_youngest: the newest mtime or
 * ctime of the files that say so. False where they cannot be read (no commit yet, reftable).
 */
bool gitstate_read(const char *git_dir, struct str *out, struct timespec *ret_youngest);

#endif
