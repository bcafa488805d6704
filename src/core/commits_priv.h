/*
 * The commits a walk has met: each is read once, from the commit-graph file where there is one (git's
 * gitformat-commit-graph(5)), else from its object. A commit is named by its place in the table; places never
 * change.
 */
#ifndef STEADY_CORE_COMMITS_PRIV_H
#define STEADY_CORE_COMMITS_PRIV_H

#include "commitgraph_priv.h"
#include "packs_priv.h"
#include "steady/core/gitrepo.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#define COMMIT_NONE UINT32_MAX
#define COMMIT_NO_GENERATION UINT32_MAX

struct commit {
	/* Of a SHA-256 name, the first 20 bytes. */
	unsigned char id[20];
	unsigned char tree[20];
	/* Committer and author time, in seconds; the latter only if the commit was read. */
	int64_t time, author;
	/* Topological level from the commit-graph; commits outside it stand above all others. */
	uint32_t generation;
	/* The parents are parent.data[first_parent .. + parent_count]. */
	uint32_t first_parent;
	uint32_t parent_count;
	/* How many parents the object names; only if it was read. */
	uint32_t named_parents;
	bool loaded;
	/* From the object itself, not from the commit-graph. */
	bool read;
	/* A shallow clone ends here: the parents are not known. */
	bool boundary;
};

struct commits {
	struct gitrepo *repo;
	struct packs *packs;
	struct commitgraph graph;
	VEC(struct commit) commit;
	VEC(uint32_t) parent;
	/* Places by id, open addressing; COMMIT_NONE is free. */
	uint32_t *slot;
	size_t slots;
	/* Some history is missing: a shallow clone. */
	bool shallow;
};

/** Reads the shallow file and, if wanted, the commit-graph; `packs` stays the caller's. */
int commits_init(
	struct commits *c, struct gitrepo *repo, struct packs *packs, bool use_graph, struct err *err);
void commits_release(struct commits *c);
/** The place of the commit with this id, which need not be loaded. */
uint32_t commits_place(struct commits *c, const unsigned char id[20]);
/** Reads the commit if that has not happened yet. 0, or -errno where it is missing or damaged. */
int commits_load(struct commits *c, uint32_t place, struct err *err);
/** Author and committer time and the number of parents that the object names (grafts and boundaries aside).
 */
int commits_times(struct commits *c, uint32_t place, int64_t *ret_author, int64_t *ret_committer,
	unsigned *ret_parents, struct err *err);

#endif
