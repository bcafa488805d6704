/*
 * The commit-graph file, or chain of files, that git keeps below objects/info: parents, tree, time and
 * generation of commits without reading their objects (gitformat-commit-graph(5), version 1, SHA-1).
 */
#ifndef STEADY_CORE_COMMITGRAPH_PRIV_H
#define STEADY_CORE_COMMITGRAPH_PRIV_H

#include "steady/util/base.h"
#include "steady/util/filemap.h"

/* git splits a chain long before this. */
#define COMMITGRAPH_LAYERS 64u

struct graph_layer {
	struct filemap map;
	/* Positions of the layers below come first. */
	uint32_t base, count;
	const unsigned char *fanout, *names, *data, *edges;
	size_t edges_len;
};

struct commitgraph {
	struct graph_layer layer[COMMITGRAPH_LAYERS];
	unsigned layers;
};

struct graph_commit {
	const unsigned char *tree;
	int64_t time;
	uint32_t generation;
	/* Where the parents are to be found; for commitgraph_parent. */
	uint32_t parent[2];
};

/** Opens what there is; a missing or damaged graph is an empty one. */
void commitgraph_open(struct commitgraph *g, const char *objects_dir);
/** Adds the next layer, from below; takes the map over. False if it is not what we know. */
bool commitgraph_add(struct commitgraph *g, const struct filemap *map);
void commitgraph_close(struct commitgraph *g);
bool commitgraph_find(const struct commitgraph *g, const unsigned char id[20], struct graph_commit *ret);
/**
 * The id of parent `i`, or NULL behind the last one. False in *ret_sound where the graph is damaged: the
 * object must then be read.
 */
const unsigned char *commitgraph_parent(
	const struct commitgraph *g, const struct graph_commit *c, uint32_t i, bool *ret_sound);

#endif
