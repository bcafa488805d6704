/*
 * HEAD's tree laid out flat, and the comparison of two trees as far as it concerns a set of HEAD's paths.
 */
#ifndef STEADY_CORE_TREEWALK_PRIV_H
#define STEADY_CORE_TREEWALK_PRIV_H

#include "commits_priv.h"
#include "packs_priv.h"
#include "steady/core/history.h"

/**
 * One path of HEAD. Nodes stand in the order of git's index with directories before their contents, so that
 * what lies below a directory is the range behind it, and a set of paths is a bit string over node numbers. A
 * directory's own bit stands for its listing.
 */
struct tree_node {
	struct span path;
	/** The last component, inside `path`. */
	struct span name;
	/** 20 bytes of it, or 32 where tree_nodes.id_len says so. */
	unsigned char id[32];
	uint32_t mode;
	/** The first node that is not below this one. */
	uint32_t end;
	/** Numbers of the children: tree_nodes.child[first_child .. + child_count], in tree order. */
	uint32_t first_child, child_count;
};

struct tree_nodes {
	VEC(struct tree_node) node;
	VEC(uint32_t) child;
	unsigned char id_len;
};

/** Reads trees; `changed` collects answers. */
struct treewalk {
	struct gitrepo *repo;
	struct packs *packs;
	const struct tree_nodes *nodes;
	/** HEAD may have so many. */
	size_t max_paths;
	/** The paths asked about. */
	const uint64_t *set;
	VEC(uint32_t) changed;
};

/** The trees below `root`, into `mem` and `nodes`. -E2BIG for more than max_paths. */
int tree_nodes_read(struct treewalk *w, const unsigned char root[20], struct arena *mem,
	struct tree_nodes *nodes, struct err *err);
void tree_nodes_release(struct tree_nodes *nodes);

/**
 * Appends to w->changed the paths of w->set whose entries differ between two root trees (for directories:
 * whose listings differ); NULL stands for an empty tree.
 */
int treewalk_diff(struct treewalk *w, const unsigned char *a, const unsigned char *b, struct err *err);

/** Is any bit from `from` up to `to` set? */
bool bits_any(const uint64_t *set, uint32_t from, uint32_t to);

#endif
