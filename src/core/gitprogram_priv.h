/*
 * The `git` program, for repositories that libgit2 cannot read.
 *
 * Only commands that read are run (and update-index, to note stamps), in a way that starts nothing a
 * configuration names: no hooks, no fsmonitor, no filters, no pager.
 */
#ifndef STEADY_CORE_GITPROGRAM_PRIV_H
#define STEADY_CORE_GITPROGRAM_PRIV_H

#include "steady/core/gitindex.h"
#include "steady/core/gitrepo.h"
#include "steady/util/proc.h"

/** Finds repository and work tree. 0, GITREPO_NONE, or -errno: -ENOSYS without git. */
int gitprogram_open(const struct gitrepo_where *where, struct gitrepo *repo, struct err *err);
int gitprogram_head(struct gitrepo *repo, struct gitoid *ret, struct err *err);
int gitprogram_index(struct gitrepo *repo, struct arena *mem, struct gitindex *ret, struct err *err);
/** The index as `git ls-files --stage --debug -z` prints it; paths point into `text`. -EBADMSG. */
int gitprogram_parse_index(struct span text, struct arena *mem, struct gitindex *ret, struct err *err);
int gitprogram_refresh(struct gitrepo *repo, struct err *err);

/** Sets same[i] for the entries i with ask[i] whose raw bytes are the object; others are left alone. */
int gitprogram_hash(
	struct gitrepo *repo, const struct gitindex *index, const bool *ask, bool *same, struct err *err);

/** As gitrepo_ignored. */
int gitprogram_ignored(
	struct gitrepo *repo, const char *const paths[], size_t count, bool *ret, struct err *err);

/** Starts `git` with these arguments (NULL-terminated) in the repository. */
int gitprogram_start(
	struct gitrepo *repo, const char *const args[], int in_fd, struct proc *ret, struct err *err);
/** Everything that it prints; -EIO with `err` filled if it fails. */
int gitprogram_output(struct gitrepo *repo, const char *const args[], struct str *out, struct err *err);

#endif
