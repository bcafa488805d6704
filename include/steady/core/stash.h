/*
 * Outputs that caches drop, kept beside the cache.
 *
 *	stash_keep("/cache/stash", k->target, k->files, k->recording, &count, &err);	after save
 *	stash_bring_back("/cache/stash", target, files, &count, &err);			before restore judges
 *
 * Some caches keep of a target directory only what belongs to known packages by its name: programs, libraries without a
 * hash in their name and maturin's interpreter configurations go. They are copied to a directory of the user's with
 * their times, and come back where a record that binds to the build says that these are its outputs. Only the old layout
 * needs that. Paths come from the units' names, never from a record or the stash; links are not followed.
 */
#ifndef STEADY_CORE_STASH_H
#define STEADY_CORE_STASH_H

#include "steady/core/recording.h"
#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/err.h"

/** Copies what caches drop of recorded units; the directory is made where missing. *ret_count: files in the stash. */
int stash_keep(const char *directory, const struct target *t, struct unitfiles *files,
	const struct recording *recording, size_t *ret_count, struct err *err);
/** Copies back what is missing in the target directory. A stash that is not there is empty. */
int stash_bring_back(const char *directory, const struct target *t, struct unitfiles *files,
	size_t *ret_count, struct err *err);

#endif
