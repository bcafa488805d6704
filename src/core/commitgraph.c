#include "commitgraph_priv.h"

#include "idtable_priv.h"
#include "steady/util/fsio.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#include <string.h>

#define HEADER 8
#define CHUNK_ROW 12
#define COMMIT_ROW 36
#define NO_PARENT 0x70000000u
#define MANY_PARENTS 0x80000000u
#define CHAIN_MAX ((size_t)64 * 1024)

static uint64_t be64(const unsigned char *at)
{
	return (uint64_t)be32(at) << 32 | be32(at + 4);
}

/* Where chunk `id` lies; NULL if there is none or it does not fit the file. */
static const unsigned char *find_chunk(const struct filemap *map, const char id[4], size_t *ret_len)
{
	unsigned chunks = map->bytes[6];
	if (map->len < HEADER + (size_t)CHUNK_ROW * (chunks + 1u))
		return NULL;
	for (unsigned i = 0; i < chunks; i++) {
		const unsigned char *row = map->bytes + HEADER + (size_t)CHUNK_ROW * i;
		uint64_t from = be64(row + 4);
		uint64_t to = be64(row + CHUNK_ROW + 4);
		if (memcmp(row, id, 4) != 0)
			continue;
		if (from > to || to > map->len)
			return NULL;
		*ret_len = (size_t)(to - from);
		return map->bytes + from;
	}
	return NULL;
}

/* Points a layer at its chunks; false if the file is not what we know. */
static bool read_layer(struct graph_layer *l)
{
	const struct filemap *map = &l->map;
	/* Signature, version 1, SHA-1. */
	if (map->len < HEADER || memcmp(map->bytes, "CGPH\1\1", 6) != 0)
		return false;
	size_t fanout_len = 0, names_len = 0, data_len = 0;
	l->fanout = find_chunk(map, "OIDF", &fanout_len);
	l->names = find_chunk(map, "OIDL", &names_len);
	l->data = find_chunk(map, "CDAT", &data_len);
	l->edges = find_chunk(map, "EDGE", &l->edges_len);
	if (l->fanout == NULL || l->names == NULL || l->data == NULL || fanout_len < IDTABLE_FANOUT ||
		!idtable_count(l->fanout, &l->count))
		return false;
	return names_len / 20 >= l->count && data_len / COMMIT_ROW >= l->count;
}

bool commitgraph_add(struct commitgraph *g, const struct filemap *map)
{
	struct graph_layer *l = &g->layer[g->layers++];
	*l = (struct graph_layer){.map = *map};
	if (g->layers > 1)
		l->base = l[-1].base + l[-1].count;
	return read_layer(l);
}

static bool add_layer(struct commitgraph *g, int dir, const char *path)
{
	struct filemap map;
	return g->layers < COMMITGRAPH_LAYERS && filemap_open(dir, path, &map, NULL) == 0 &&
		commitgraph_add(g, &map);
}

/* The chain file lists the layers, the oldest first, one hexadecimal name a line. */
static bool add_chain(struct commitgraph *g, int dir)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span text, line;
	if (fsio_read(dir, "commit-graphs/commit-graph-chain", CHAIN_MAX, mem, &text, NULL, NULL) != 0)
		return false;
	while (span_next_line(&text, &line)) {
		CLEANUP_STR struct str path = STR_INIT;
		str_printf(&path, "commit-graphs/graph-%.*s.graph", SPAN_ARG(line));
		if (!add_layer(g, dir, path.buf))
			return false;
	}
	return g->layers != 0;
}

void commitgraph_open(struct commitgraph *g, const char *objects_dir)
{
	*g = (struct commitgraph){.layers = 0};
	CLEANUP_STR struct str path = STR_INIT;
	str_printf(&path, "%s/info", objects_dir);
	CLEANUP_CLOSE int dir = fsio_open_root(path.buf, NULL);
	if (dir < 0 || add_layer(g, dir, "commit-graph"))
		return;
	commitgraph_close(g);
	if (!add_chain(g, dir))
		commitgraph_close(g);
}

void commitgraph_close(struct commitgraph *g)
{
	for (unsigned i = 0; i < g->layers; i++)
		filemap_close(&g->layer[i].map);
	g->layers = 0;
}

bool commitgraph_find(const struct commitgraph *g, const unsigned char id[20], struct graph_commit *ret)
{
	for (unsigned i = g->layers; i-- > 0;) {
		const struct graph_layer *l = &g->layer[i];
		uint32_t at;
		if (!idtable_find(&(struct idtable){l->fanout, l->names}, id, &at))
			continue;
		const unsigned char *row = l->data + (size_t)at * COMMIT_ROW;
		uint32_t high = be32(row + 28);
		ret->tree = row;
		ret->parent[0] = be32(row + 20);
		ret->parent[1] = be32(row + 24);
		ret->generation = high >> 2;
		ret->time = (int64_t)((uint64_t)(high & 3) << 32 | be32(row + 32));
		return true;
	}
	return false;
}

static const unsigned char *name_at(const struct commitgraph *g, uint32_t position)
{
	for (unsigned i = 0; i < g->layers; i++) {
		const struct graph_layer *l = &g->layer[i];
		if (position >= l->base && position - l->base < l->count)
			return l->names + (size_t)(position - l->base) * 20;
	}
	return NULL;
}

/* Parent `i` >= 1 of a commit with more than two: a list in the chunk of extra edges, its last entry marked.
 */
static const unsigned char *extra_parent(
	const struct commitgraph *g, const struct graph_commit *c, uint32_t i, bool *ret_sound)
{
	for (unsigned layer = 0; layer < g->layers; layer++) {
		const struct graph_layer *l = &g->layer[layer];
		if (l->edges == NULL || c->tree < l->data ||
			c->tree >= l->data + (size_t)l->count * COMMIT_ROW)
			continue;
		size_t first = c->parent[1] & ~MANY_PARENTS;
		size_t count = l->edges_len / 4;
		const unsigned char *edges = l->edges + first * 4;
		if (first >= count || i - 1u > count - first)
			break;
		/* The one before was the last; it may be the chunk's last, too. */
		if (i >= 2 && (be32(edges + (size_t)(i - 2) * 4) & MANY_PARENTS) != 0)
			return NULL;
		if (i - 1u == count - first)
			break;
		const unsigned char *name = name_at(g, be32(edges + (size_t)(i - 1) * 4) & ~MANY_PARENTS);
		*ret_sound = name != NULL;
		return name;
	}
	*ret_sound = false;
	return NULL;
}

const unsigned char *commitgraph_parent(
	const struct commitgraph *g, const struct graph_commit *c, uint32_t i, bool *ret_sound)
{
	*ret_sound = true;
	if (i >= 1 && (c->parent[1] & MANY_PARENTS) != 0)
		return extra_parent(g, c, i, ret_sound);
	if (i >= 2 || c->parent[i] == NO_PARENT)
		return NULL;
	const unsigned char *name = name_at(g, c->parent[i]);
	*ret_sound = name != NULL;
	return name;
}
