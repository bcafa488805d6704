#include "steady/core/history.h"

#include "historycache_priv.h"
#include "historyprogram_priv.h"
#include "historywalk_priv.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <string.h>

/* Trees kept by the reader of packs. More finds a few more of them, and loses as much to memory that is no longer near. */
#define TREE_CACHE ((size_t)48 << 20)

/* Fifteen times what the largest repositories have. */
#define MAX_PATHS ((size_t)8000000)

/* history_commit.step stays below 1000. */
#define MAX_STEP 999u

/* One run. */
struct reading {
	const struct history_options *options;
	struct gitrepo *repo;
	struct historywalk walk;
	struct tree_nodes nodes;
	/* The git program does the comparing. */
	bool by_program;
	struct historyprogram program;
	struct arena *mem;
	/* Answers may be taken from the cache, and all paths are asked about, so that the next run can too.
	 */
	bool use_cache;
	struct historycache cache;
	/* By commit number: what the cache says about it. */
	VEC(const struct history_commit *) cached;
	/* Answers that the cache does not have. */
	size_t found;
};

static int start_reading(struct reading *r, bool use_graph, struct err *err)
{
	CLEANUP_STR struct str objects = STR_INIT;
	str_printf(&objects, "%sobjects", gitrepo_common_dir(r->repo));
	r->walk.tree.repo = r->repo;
	r->walk.tree.max_paths = MAX_PATHS;
	r->walk.tree.packs = packs_open(objects.buf, TREE_CACHE);
	return commits_init(&r->walk.commits, r->repo, r->walk.tree.packs, use_graph, err);
}

/* Names HEAD's commit and its paths. */
static int read_head(struct reading *r, const struct gitoid *id, uint32_t *ret_head, struct err *err)
{
	struct historywalk *w = &r->walk;
	uint32_t head = *ret_head = commits_place(&w->commits, id->byte);
	if (r->by_program)
		return historyprogram_start(&r->program, r->repo, w, &r->nodes, r->mem, err);
	int code = commits_load(&w->commits, head, err);
	if (code < 0)
		return code;
	return tree_nodes_read(&w->tree, w->commits.commit.data[head].tree, r->mem, &r->nodes, err);
}

static void stop_reading(struct reading *r)
{
	historyprogram_release(&r->program);
	tree_nodes_release(&r->nodes);
	vec_release(&r->cached);
	historywalk_release(&r->walk);
	r->walk.tree.packs = packs_free(r->walk.tree.packs);
}

static bool is_wanted(const struct reading *r, const struct tree_node *node)
{
	const struct history_options *options = r->options;
	bool directory = node->mode == GIT_MODE_TREE;
	if (directory && !options->listings && !r->use_cache)
		return false;
	return options->wanted == NULL || options->wanted(options->wanted_ctx, node->path, directory);
}

/* The paths to be answered for. */
static uint64_t *wanted_paths(struct reading *r)
{
	uint64_t *set = historywalk_set(&r->walk);
	r->walk.unexplained = 0;
	for (size_t i = 0; i < r->nodes.node.len; i++) {
		if (!is_wanted(r, &r->nodes.node.data[i]))
			continue;
		set[i / 64] |= (uint64_t)1 << i % 64;
		r->walk.unexplained++;
	}
	return set;
}

/* Gives the cache's commits numbers; *ret_place has one for each. */
static void place_cached_commits(struct reading *r, uint32_t *place)
{
	for (size_t i = 0; i < r->cache.commit_count; i++) {
		place[i] = commits_place(&r->walk.commits, r->cache.commit[i].id.byte);
		while (r->cached.len <= place[i])
			*vec_add(&r->cached) = NULL;
		r->cached.data[place[i]] = &r->cache.commit[i];
	}
}

/* Adds what the cache knows about paths that HEAD still has. Both lists are in the same order. */
static void add_known(struct reading *r)
{
	struct historywalk *w = &r->walk;
	CLEANUP_FREE uint32_t *place = xreallocarray(NULL, r->cache.commit_count + 1, sizeof(*place));
	place_cached_commits(r, place);
	w->cached = xcalloc(r->nodes.node.len, sizeof(*w->cached));
	w->taken = xcalloc(w->words, sizeof(*w->taken));
	uint64_t *known = historywalk_set(w);
	size_t next = 0;
	for (size_t i = 0; i < r->nodes.node.len && next < r->cache.path_count;) {
		const struct tree_node *node = &r->nodes.node.data[i];
		const struct historycache_path *path = &r->cache.path[next];
		int order = historycache_order(
			node->path, node->mode == GIT_MODE_TREE, path->path, path->directory);
		if (order == 0) {
			w->cached[i] = place[path->commit];
			known[i / 64] |= (uint64_t)1 << i % 64;
		}
		i += order <= 0;
		next += order >= 0;
	}
	historywalk_add_known(w, commits_place(&w->commits, r->cache.head.byte), known);
}

static int describe_commit(struct reading *r, uint32_t number, struct history_commit *ret, struct err *err)
{
	if (number < r->cached.len && r->cached.data[number] != NULL) {
		*ret = *r->cached.data[number];
		return 0;
	}
	if (r->by_program) {
		*ret = r->program.commit[number];
		return 0;
	}
	*ret = (struct history_commit){.id.len = 20};
	memcpy(ret->id.byte, r->walk.commits.commit.data[number].id, 20);
	return commits_times(&r->walk.commits, number, &ret->author, &ret->committer, &ret->parents, err);
}

/* history_commit.step of one commit, looking at no more than MAX_STEP ancestors. */
static unsigned step_of(struct reading *r, uint32_t number)
{
	struct commits *commits = &r->walk.commits;
	unsigned step = 0;
	if (commits_load(commits, number, NULL) < 0)
		return 0;
	while (step < MAX_STEP) {
		const struct commit c = commits->commit.data[number];
		uint32_t next = COMMIT_NONE;
		for (uint32_t i = 0; i < c.parent_count && next == COMMIT_NONE; i++) {
			uint32_t parent = commits->parent.data[c.first_parent + i];
			if (commits_load(commits, parent, NULL) == 0 &&
				commits->commit.data[parent].time >= c.time)
				next = parent;
		}
		if (next == COMMIT_NONE)
			break;
		number = next;
		step++;
	}
	return step;
}

/* The paths of HEAD, without answers. */
static void list_paths(struct reading *r, struct history *h)
{
	h->path_count = r->nodes.node.len;
	h->path = arena_array(r->mem, h->path_count, sizeof(*h->path));
	for (size_t i = 0; i < h->path_count; i++) {
		const struct tree_node *node = &r->nodes.node.data[i];
		h->path[i] = (struct history_path){.path = node->path,
			.mode = node->mode,
			.id.len = r->nodes.id_len,
			.commit = HISTORY_NONE,
			.walked = true};
		memcpy(h->path[i].id.byte, node->id, r->nodes.id_len);
	}
	if (r->options->paths_known != NULL)
		r->options->paths_known(r->options->paths_known_ctx, h);
}

/* The answer for one path; commits are added to h->commit when they are first named. */
static int answer_path(struct reading *r, size_t i, uint32_t *index, struct history *h, struct err *err)
{
	struct history_path *path = &h->path[i];
	if (r->walk.taken != NULL)
		path->walked = !bits_any(r->walk.taken, (uint32_t)i, (uint32_t)i + 1);
	uint32_t answer = r->walk.answer[i];
	if (answer == HISTORY_NONE)
		return 0;
	r->found += path->walked;
	if (index[answer] == HISTORY_NONE) {
		int code = describe_commit(r, answer, &h->commit[h->commit_count], err);
		if (code < 0)
			return code;
		if (r->options->steps)
			h->commit[h->commit_count].step = step_of(r, answer);
		index[answer] = (uint32_t)h->commit_count++;
	}
	path->commit = index[answer];
	return 0;
}

static int make_result(struct reading *r, struct history *h, struct err *err)
{
	size_t commits = r->walk.commits.commit.len;
	CLEANUP_FREE uint32_t *index = xreallocarray(NULL, commits, sizeof(*index));
	memset(index, 0xff, commits * sizeof(*index));
	h->commit =
		arena_array(r->mem, commits < h->path_count ? commits : h->path_count, sizeof(*h->commit));
	h->visited = r->walk.visited;
	h->shallow = r->walk.commits.shallow;
	int code = 0;
	for (size_t i = 0; code == 0 && i < h->path_count; i++)
		code = answer_path(r, i, index, h, err);
	return code;
}

static int walk(struct reading *r, struct history *h, struct err *err)
{
	struct historywalk *w = &r->walk;
	uint32_t head;
	int code = read_head(r, &h->head, &head, err);
	if (code < 0)
		return code;
	list_paths(r, h);
	w->tree.nodes = &r->nodes;
	w->words = (r->nodes.node.len + 63) / 64;
	w->answer = xreallocarray(NULL, r->nodes.node.len, sizeof(*w->answer));
	memset(w->answer, 0xff, r->nodes.node.len * sizeof(*w->answer));
	if (r->cache.path_count != 0)
		add_known(r);
	code = historywalk_start(w, head, wanted_paths(r), err);
	if (code == 0)
		code = r->options->oldest ? historywalk_run_oldest(w, err) : historywalk_run(w, err);
	return code == 0 ? make_result(r, h, err) : code;
}

/* One try; *ret_graph tells whether a commit-graph had a part in it. */
static int try_to_read(struct gitrepo *repo, const struct history_options *options, bool use_graph,
	struct arena *mem, struct history *h, bool *ret_graph, struct err *err)
{
	struct reading r = {.repo = repo, .options = options, .walk.options = options, .mem = mem};
	r.by_program = historyprogram_needed(repo);
	r.use_cache = !r.by_program && !options->no_cache && !options->first_parent && !options->merges &&
		!options->oldest;
	if (r.use_cache)
		(void)historycache_read(gitrepo_git_dir(repo), mem, &r.cache);
	int code = start_reading(&r, use_graph, err);
	*ret_graph = r.walk.commits.graph.layers != 0;
	if (code == 0)
		code = walk(&r, h, err);
	stop_reading(&r);
	h->worth_remembering = r.use_cache && options->wanted == NULL &&
		(r.found != 0 || !gitoid_eq(&h->head, &r.cache.head));
	return code;
}

int history_read(struct gitrepo *repo, const struct history_options *options, struct arena *mem,
	struct history *ret, struct err *err)
{
	struct gitoid head;
	int code = gitrepo_head(repo, &head, err);
	if (code != 0)
		return code;
	bool graph;
	struct history h = {.head = head};
	code = try_to_read(repo, options, true, mem, &h, &graph, err);
	/* A damaged commit-graph, or one that knows commits that are gone, is not the history's fault. */
	if (code < 0 && graph) {
		h = (struct history){.head = head};
		code = try_to_read(repo, options, false, mem, &h, &graph, err);
	}
	if (code == 0)
		*ret = h;
	return code;
}

void history_remember(struct gitrepo *repo, const struct history *h)
{
	if (h->worth_remembering)
		historycache_write(gitrepo_git_dir(repo), h);
}

const struct history_path *history_find(const struct history *h, struct span path, bool directory)
{
	size_t lo = 0, hi = h->path_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct history_path *p = &h->path[mid];
		int order = historycache_order(path, directory, p->path, p->mode == GIT_MODE_TREE);
		if (order == 0)
			return p;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}
