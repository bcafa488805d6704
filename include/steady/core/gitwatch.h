/*
 * What a build script can mean that watches something in a git directory.
 *
 * The files there change with every clone, or do not change with a commit; what they say is compared instead:
 *
 *	HEAD, its log, the branch that is checked out	the commit and the branch's name
 *	refs and below, packed-refs			what those references name
 *	index						the commit, and what the index holds: paths, modes, objects
 *	the git directory itself			all of that, and the configuration without credentials
 *
 * Anything else is a file or directory like others. No program is run, except git where libgit2 cannot read the index
 * (core/gitrepo.h). Source: gitrepository-layout(5), gitformat-index(5).
 */
#ifndef STEADY_CORE_GITWATCH_H
#define STEADY_CORE_GITWATCH_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <time.h>

/** Does the path (absolute) lie in the git directory of a work tree, and have one of these meanings? */
bool gitwatch_knows(struct arena *mem, const char *workspace_root, const char *path);

/**
 * Appends to *out what the path means now. *ret_youngest: the newest mtime or ctime of the files that say so. False
 * where it cannot be told (no commit yet, reftable, too many references) or the path has no such meaning.
 */
bool gitwatch_read(struct arena *mem, const char *path, struct str *out, struct timespec *ret_youngest);

#endif
