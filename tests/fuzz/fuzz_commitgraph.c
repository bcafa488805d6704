#include "fuzz.h"

#include "../../src/core/commits_priv.h"
#include "../../src/core/gitrepo_priv.h"
#include "steady/util/str.h"

#include <string.h>

/* More parents than a file this small can name. */
#define MAX_PARENTS 1000000u

/* Every name that the layers hold, and one that they need not, with all parents. */
static void ask(const struct commitgraph *g, const unsigned char id[20])
{
	struct graph_commit c;
	bool sound = true;
	if (!commitgraph_find(g, id, &c))
		return;
	FUZZ_CHECK(c.tree != NULL);
	for (uint32_t i = 0; commitgraph_parent(g, &c, i, &sound) != NULL; i++)
		FUZZ_CHECK(sound && i < MAX_PARENTS);
}

/* All commits by way of the table that the walk reads, which tries the objects where the graph is no good. */
static void load(const struct commitgraph *g)
{
	struct gitrepo repo = {.handle = NULL};
	struct commits c = {.repo = &repo, .packs = packs_open(NULL, 0), .graph = *g};
	for (unsigned n = 0; n < g->layers; n++) {
		for (uint32_t i = 0; i < g->layer[n].count; i++) {
			uint32_t place = commits_place(&c, g->layer[n].names + (size_t)i * 20);
			(void)commits_load(&c, place, NULL);
			const struct commit *commit = &c.commit.data[place];
			FUZZ_CHECK(!commit->loaded ||
				commit->first_parent + commit->parent_count <= c.parent.len);
		}
	}
	c.packs = packs_free(c.packs);
	commits_release(&c);
}

static void add(struct commitgraph *g, struct span bytes)
{
	const struct filemap map = filemap_borrow(bytes.ptr, bytes.len);
	if (!commitgraph_add(g, &map)) {
		commitgraph_close(g);
		return;
	}
	for (unsigned n = 0; n < g->layers; n++) {
		for (uint32_t i = 0; i < g->layer[n].count; i++)
			ask(g, g->layer[n].names + (size_t)i * 20);
	}
	ask(g, (const unsigned char *)"aaaaaaaaaaaaaaaaaaaa");
	load(g);
}

/* The input as one layer, and as the two layers of a chain. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct commitgraph *g = calloc(1, sizeof(*g));
	FUZZ_CHECK(g != NULL);
	struct span bytes = fuzz_exact(data, size);
	add(g, bytes);
	if (g->layers == 1)
		add(g, bytes);
	commitgraph_close(g);
	free((void *)(uintptr_t)bytes.ptr);
	free(g);
	return 0;
}
