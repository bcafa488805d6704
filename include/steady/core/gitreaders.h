/*
 * Scripts that write down what git has checked out and do not say so.
 *
 * Some crates put the commit's name into a package (built, shadow-rs in debug builds) without a word to cargo, which
 * then watches the whole package: an empty commit, or one to another package, leaves the old name in a kept target
 * directory, where a cold build has the new one. Such crates, and the libraries by which scripts read a repository
 * themselves, are known by name, found anywhere below the script.
 */
#ifndef STEADY_CORE_GITREADERS_H
#define STEADY_CORE_GITREADERS_H

#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/** For each unit: is such a package below it? In mem. */
bool *gitreaders_find(const struct target *t, struct arena *mem);
/** The HEAD of the repository that the directory (absolute) lies in, in mem; NULL if it lies in none. */
const char *gitreaders_head(struct arena *mem, const char *directory);

#endif
