/*
 * History where only the `git` program can walk: SHA-256 object names, extensions that libgit2 does not know,
 * replaced or grafted commits.
 *
 * `git rev-list` tells the commits, `git ls-tree` the paths of HEAD, and one `git diff-tree` compares every commit
 * with each of its parents, in the order in which the walk will ask: its output is read while it comes, what is
 * not asked for is skipped. The walk is the same as ever, and so are the answers.
 */
#ifndef STEADY_CORE_HISTORYPROGRAM_PRIV_H
#define STEADY_CORE_HISTORYPROGRAM_PRIV_H

#include "historywalk_priv.h"
#include "steady/util/proc.h"
#include "steady/util/strmap.h"

struct historyprogram {
	struct gitrepo *repo;
	struct historywalk *walk;
	const struct tree_nodes *nodes;
	/* By commit number. */
	struct history_commit *commit;
	size_t commit_count;
	/* Numbers of nodes plus one, by path. */
	struct strmap *node;
	/* The pairs diff-tree was given, in order: commit, parent. */
	VEC(uint32_t) pairs;
	/* The pair whose answer comes next. */
	size_t next;
	struct proc child;
	bool running;
	/* Output read and not used up. */
	struct str text;
	size_t used;
};

/** Does this repository need it, or does the library's walk do? */
bool historyprogram_needed(struct gitrepo *repo);
/** Reads commits and paths, and starts the comparison; w->diff is set. Release in any case. */
int historyprogram_start(struct historyprogram *p, struct gitrepo *repo, struct historywalk *w,
	struct tree_nodes *nodes, struct arena *mem, struct err *err);
void historyprogram_release(struct historyprogram *p);

#endif
