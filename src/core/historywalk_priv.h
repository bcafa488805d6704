/* The walk over commits behind history.h. */
#ifndef STEADY_CORE_HISTORYWALK_PRIV_H
#define STEADY_CORE_HISTORYWALK_PRIV_H

#include "commits_priv.h"
#include "steady/core/history.h"
#include "treewalk_priv.h"

/* What still has to be found out at one commit. */
struct walk_commit {
	/* Paths whose last change is this commit's or an ancestor's; NULL for none. */
	uint64_t *open;
	/* Of the cached run: paths whose answer it knows, passed down from its HEAD in the same way. */
	uint64_t *known;
	bool queued;
	bool seen;
};

struct historywalk {
	const struct history_options *options;
	struct commits commits;
	struct treewalk tree;
	/*
	 * Puts into tree.changed the paths of tree.set that differ between a commit and its parent (COMMIT_NONE:
	 * an empty tree). NULL compares the trees; the git program's answers otherwise.
	 */
	int (*diff)(void *ctx, uint32_t commit, uint32_t parent, struct err *err);
	void *diff_ctx;
	/* Commits by the number that `commits` gives them. */
	VEC(struct walk_commit) at;
	/* A heap: the next to visit is first. */
	VEC(uint32_t) queue;
	/* 64-bit words of a set of paths. */
	size_t words;
	/* Cleared sets for use. */
	VEC(uint64_t *) spare;
	/* Per path: the commit's number, or HISTORY_NONE. */
	uint32_t *answer;
	/* Per path: the answer of the cached run as the number of a commit; NULL without one. */
	uint32_t *cached;
	/* Paths whose answer came from there; NULL without. */
	uint64_t *taken;
	/* Paths that have no answer yet and may still get one. */
	size_t unexplained;
	size_t visited;
};

/** Starts with the paths in `open` at `head`; takes the set over. */
int historywalk_start(struct historywalk *w, uint32_t head, uint64_t *open, struct err *err);
/** Adds the HEAD of the cached run, whose answers are in w->cached, with the paths it answers (taken over).
 */
void historywalk_add_known(struct historywalk *w, uint32_t head, uint64_t *known);
/** Walks until every path has its answer. */
int historywalk_run(struct historywalk *w, struct err *err);
/** The other question: the oldest commit that changed each path of `open`. */
int historywalk_run_oldest(struct historywalk *w, struct err *err);
void historywalk_release(struct historywalk *w);

/** An empty set. */
uint64_t *historywalk_set(struct historywalk *w);

#endif
