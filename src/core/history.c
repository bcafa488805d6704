#include "steady/core/history.h"

#include "historywalk_priv.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <string.h>

/* Trees kept by the reader of packs. Deltas of trees build on each other over long stretches of history. */
#define TREE_CACHE ((size_t)96 << 20)

static int start_reading(struct historywalk *w, struct gitrepo *repo, struct err *err)
{
	CLEANUP_STR struct str objects = STR_INIT;
	str_printf(&objects, "%sobjects", gitrepo_common_dir(repo));
	w->tree.repo = repo;
	w->tree.packs = packs_open(objects.buf, TREE_CACHE);
	return commits_init(&w->commits, repo, w->tree.packs, err);
}

/* The paths to be answered for. */
static uint64_t *wanted_paths(struct historywalk *w, const struct tree_nodes *nodes)
{
	const struct history_options *options = w->options;
	uint64_t *set = historywalk_set(w);
	w->unexplained = 0;
	for (size_t i = 0; i < nodes->node.len; i++) {
		const struct tree_node *node = &nodes->node.data[i];
		bool directory = node->mode == GIT_MODE_TREE;
		if ((directory && !options->listings) ||
			(options->wanted != NULL &&
				!options->wanted(options->wanted_ctx, node->path, directory)))
			continue;
		set[i / 64] |= (uint64_t)1 << i % 64;
		w->unexplained++;
	}
	return set;
}

/* The answers, with every commit that is one listed once. */
static int make_result(struct historywalk *w, const struct tree_nodes *nodes, struct arena *mem,
	struct history *h, struct err *err)
{
	CLEANUP_FREE uint32_t *index = xreallocarray(NULL, w->commits.commit.len, sizeof(*index));
	memset(index, 0xff, w->commits.commit.len * sizeof(*index));
	VEC(struct history_commit) commits = VEC_INIT;
	h->path_count = nodes->node.len;
	h->path = arena_array(mem, h->path_count, sizeof(*h->path));
	int code = 0;
	for (size_t i = 0; code == 0 && i < h->path_count; i++) {
		const struct tree_node *node = &nodes->node.data[i];
		struct history_path *path = &h->path[i];
		*path = (struct history_path){.path = node->path, .mode = node->mode, .commit = HISTORY_NONE};
		path->id.len = 20;
		memcpy(path->id.byte, node->id, 20);
		uint32_t answer = w->answer[i];
		if (answer == HISTORY_NONE)
			continue;
		if (index[answer] == HISTORY_NONE) {
			index[answer] = (uint32_t)commits.len;
			struct history_commit *commit = vec_add(&commits);
			*commit = (struct history_commit){.id.len = 20};
			memcpy(commit->id.byte, w->commits.commit.data[answer].id, 20);
			code = commits_times(&w->commits, answer, &commit->author, &commit->committer,
				&commit->parents, err);
		}
		path->commit = index[answer];
	}
	h->commit_count = commits.len;
	h->commit = arena_array(mem, commits.len, sizeof(*h->commit));
	if (commits.len != 0)
		memcpy(h->commit, commits.data, commits.len * sizeof(*h->commit));
	vec_release(&commits);
	return code;
}

static int walk(struct historywalk *w, struct tree_nodes *nodes, struct arena *mem, struct history *h,
	struct err *err)
{
	uint32_t head = commits_place(&w->commits, h->head.byte);
	int code = commits_load(&w->commits, head, err);
	if (code == 0)
		code = tree_nodes_read(&w->tree, w->commits.commit.data[head].tree, mem, nodes, err);
	if (code < 0)
		return code;
	w->tree.nodes = nodes;
	w->words = (nodes->node.len + 63) / 64;
	w->answer = xreallocarray(NULL, nodes->node.len, sizeof(*w->answer));
	memset(w->answer, 0xff, nodes->node.len * sizeof(*w->answer));
	code = historywalk_start(w, head, wanted_paths(w, nodes), err);
	if (code == 0)
		code = w->options->oldest ? historywalk_run_oldest(w, err) : historywalk_run(w, err);
	if (code == 0)
		code = make_result(w, nodes, mem, h, err);
	h->visited = w->visited;
	return code;
}

int history_read(struct gitrepo *repo, const struct history_options *options, struct arena *mem,
	struct history *ret, struct err *err)
{
	struct history h = {.visited = 0};
	int code = gitrepo_head(repo, &h.head, err);
	if (code != 0)
		return code;
	struct historywalk w = {.options = options};
	struct tree_nodes nodes = {.node = VEC_INIT, .child = VEC_INIT};
	code = start_reading(&w, repo, err);
	if (code == 0)
		code = walk(&w, &nodes, mem, &h, err);
	tree_nodes_release(&nodes);
	historywalk_release(&w);
	w.tree.packs = packs_free(w.tree.packs);
	if (code == 0)
		*ret = h;
	return code;
}
