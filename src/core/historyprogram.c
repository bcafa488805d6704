#include "historyprogram_priv.h"

#include "gitprogram_priv.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_REFS ((size_t)256 << 20)
#define READ_CHUNK ((size_t)64 * 1024)

static bool has_replacements(const char *common_dir)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int dir = fsio_open_root(common_dir, NULL);
	struct stat st;
	struct span refs;
	if (dir < 0)
		return false;
	if (fsio_stat(dir, "info/grafts", &st, NULL) == 0)
		return true;
	CLEANUP_CLOSE int replace = fsio_open_dir(dir, "refs/replace", NULL);
	struct dir_list list;
	if (replace >= 0 && fsio_list(replace, 1, mem, &list, NULL) != 0)
		return true;
	if (replace >= 0 && list.count != 0)
		return true;
	return fsio_read(dir, "packed-refs", MAX_REFS, mem, &refs, NULL, NULL) == 0 &&
		span_find_span(refs, SPAN_LIT(" refs/replace/")) != refs.len;
}

bool historyprogram_needed(struct gitrepo *repo)
{
	return gitrepo_by_program(repo) || has_replacements(gitrepo_common_dir(repo));
}

/* Cuts the next word off a line. */
static struct span take_word(struct span *line)
{
	size_t len = span_find(*line, ' ');
	struct span word = span_make(line->ptr, len);
	*line = span_skip(*line, len < line->len ? len + 1 : len);
	return word;
}

static uint32_t place_of(struct historyprogram *p, const struct gitoid *id)
{
	uint32_t place = commits_place(&p->walk->commits, id->byte);
	if (place >= p->commit_count) {
		p->commit = xreallocarray(p->commit, (size_t)place * 2 + 16, sizeof(*p->commit));
		memset(p->commit + p->commit_count, 0,
			((size_t)place * 2 + 16 - p->commit_count) * sizeof(*p->commit));
		p->commit_count = (size_t)place * 2 + 16;
	}
	p->commit[place].id = *id;
	return place;
}

/* "id author-time committer-time parents..." */
static int take_commit(struct historyprogram *p, struct span line, uint32_t generation, struct err *err)
{
	struct commits *commits = &p->walk->commits;
	struct gitoid id;
	uint64_t author, committer;
	if (!gitoid_parse(take_word(&line), &id) || !span_u64(take_word(&line), &author) ||
		!span_u64(take_word(&line), &committer))
		return err_set(err, EBADMSG, "git rev-list says something unknown");
	uint32_t place = place_of(p, &id);
	p->commit[place].author = (int64_t)author;
	p->commit[place].committer = (int64_t)committer;
	uint32_t first = (uint32_t)commits->parent.len;
	bool boundary = commits->commit.data[place].boundary;
	while (line.len != 0 && !boundary) {
		if (!gitoid_parse(take_word(&line), &id))
			return err_set(err, EBADMSG, "git rev-list says something unknown");
		uint32_t parent = place_of(p, &id);
		*vec_add(&commits->parent) = parent;
		p->commit[place].parents++;
	}
	struct commit *c = &commits->commit.data[place];
	c->first_parent = first;
	c->parent_count = (uint32_t)commits->parent.len - first;
	c->time = (int64_t)committer;
	c->generation = generation;
	c->loaded = true;
	return 0;
}

/* All commits, children before parents; the generation is made to give the walk just this order. */
static int read_commits(struct historyprogram *p, struct str *order, struct err *err)
{
	static const char *const ask[] = {
		"rev-list", "--topo-order", "--format=tformat:%H %at %ct %P", "HEAD", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	int code = gitprogram_output(p->repo, ask, &out, err);
	struct span rest = str_span(&out), line;
	uint32_t generation = UINT32_MAX;
	while (code == 0 && span_next_line(&rest, &line)) {
		if (span_starts(line, SPAN_LIT("commit ")))
			continue;
		struct gitoid id;
		code = take_commit(p, line, generation--, err);
		if (code == 0 && gitoid_parse(take_word(&line), &id)) {
			uint32_t place = commits_place(&p->walk->commits, id.byte);
			str_add_mem(order, &place, sizeof(place));
		}
	}
	return code;
}

/* Adds one pair to the list and to what diff-tree will read. */
static void add_pair(struct historyprogram *p, FILE *list, uint32_t commit, uint32_t parent)
{
	CLEANUP_STR struct str line = STR_INIT;
	str_add_hex(&line, p->commit[commit].id.byte, p->commit[commit].id.len);
	if (parent != COMMIT_NONE) {
		str_add_char(&line, ' ');
		str_add_hex(&line, p->commit[parent].id.byte, p->commit[parent].id.len);
	}
	(void)fprintf(list, "%s\n", line.buf);
	*vec_add(&p->pairs) = commit;
	*vec_add(&p->pairs) = parent;
}

static int start_comparison(struct historyprogram *p, const struct str *order, struct err *err)
{
	static const char *const ask[] = {"diff-tree", "--stdin", "-r", "-t", "-z", "--raw", "--no-renames",
		"--always", "--no-abbrev", "--root", "--no-ext-diff", NULL};
	FILE *list = tmpfile();
	if (list == NULL)
		return err_sys(err, errno, "cannot make a temporary file");
	for (size_t i = 0; i < order->len; i += sizeof(uint32_t)) {
		uint32_t commit;
		memcpy(&commit, order->buf + i, sizeof(commit));
		const struct commit c = p->walk->commits.commit.data[commit];
		if (c.parent_count == 0)
			add_pair(p, list, commit, COMMIT_NONE);
		for (uint32_t n = 0; n < c.parent_count; n++)
			add_pair(p, list, commit, p->walk->commits.parent.data[c.first_parent + n]);
	}
	int code = 0;
	if (fflush(list) != 0 || fseek(list, 0, SEEK_SET) != 0)
		code = err_sys(err, errno, "cannot write a temporary file");
	if (code == 0)
		code = gitprogram_start(p->repo, ask, fileno(list), &p->child, err);
	p->running = code == 0;
	(void)fclose(list);
	return code;
}

/* More output behind what is there; false at its end. */
static bool read_more(struct historyprogram *p)
{
	char buf[READ_CHUNK];
	ssize_t got;
	do
		got = read(p->child.out, buf, sizeof(buf));
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	if (p->used > READ_CHUNK) {
		memmove(p->text.buf, p->text.buf + p->used, p->text.len - p->used);
		p->text.len -= p->used;
		p->used = 0;
	}
	str_add_mem(&p->text, buf, (size_t)got);
	return true;
}

/* The next text up to its NUL, without using it up; false at the end. */
static bool peek(struct historyprogram *p, struct span *ret)
{
	for (;;) {
		struct span rest = span_skip(str_span(&p->text), p->used);
		size_t len = span_find(rest, '\0');
		if (len != rest.len) {
			*ret = span_make(rest.ptr, len);
			return true;
		}
		if (!read_more(p))
			return false;
	}
}

static void use_up(struct historyprogram *p, struct span token)
{
	p->used += token.len + 1;
}

static void mark_node(struct historyprogram *p, struct span path, bool directory)
{
	struct treewalk *tree = &p->walk->tree;
	size_t number = (size_t)(uintptr_t)strmap_get(p->node, path);
	if (number == 0)
		return;
	uint32_t node = (uint32_t)number - 1;
	if ((p->nodes->node.data[node].mode == GIT_MODE_TREE) == directory &&
		bits_any(tree->set, node, node + 1))
		*vec_add(&tree->changed) = node;
}

/* A line ":mode mode id id X" and its path: what it means for the path, and for the listing of its directory. */
static void take_change(struct historyprogram *p, struct span line, struct span path)
{
	bool tree_before = span_starts(span_skip(line, 1), SPAN_LIT("040000"));
	bool tree_after = line.len > 8 && span_starts(span_skip(line, 8), SPAN_LIT("040000"));
	char status = line.len != 0 ? line.ptr[line.len - 1] : 0;
	if (!tree_before || !tree_after)
		mark_node(p, path, false);
	if (status != 'A' && status != 'D' && tree_before == tree_after)
		return;
	size_t dir = path.len;
	while (dir > 0 && path.ptr[dir - 1] != '/')
		dir--;
	mark_node(p, span_make(path.ptr, dir > 0 ? dir - 1 : 0), true);
}

/* The answer to the next pair: its header, then the changes, which count if `wanted`. */
static int take_answer(struct historyprogram *p, bool wanted, struct err *err)
{
	struct span token;
	if (!peek(p, &token) || token.len == 0 || token.ptr[0] == ':')
		return err_set(err, EIO, "git diff-tree ends too early");
	use_up(p, token);
	p->next += 2;
	while (peek(p, &token) && token.len != 0 && token.ptr[0] == ':') {
		/* The path's arrival may move the text. */
		CLEANUP_FREE char *copy = xstrndup(token.ptr, token.len);
		struct span line = span_make(copy, token.len);
		use_up(p, token);
		if (!peek(p, &token))
			return err_set(err, EIO, "git diff-tree ends too early");
		if (wanted)
			take_change(p, line, token);
		use_up(p, token);
	}
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* A directory's listing is marked once for each name: each path counts once. */
static void drop_doubles(struct treewalk *tree)
{
	size_t kept = 0;
	if (tree->changed.len == 0)
		return;
	qsort(tree->changed.data, tree->changed.len, sizeof(uint32_t), compare_u32);
	for (size_t i = 0; i < tree->changed.len; i++) {
		if (kept == 0 || tree->changed.data[kept - 1] != tree->changed.data[i])
			tree->changed.data[kept++] = tree->changed.data[i];
	}
	tree->changed.len = kept;
}

static int diff(void *ctx, uint32_t commit, uint32_t parent, struct err *err)
{
	struct historyprogram *p = ctx;
	while (p->next < p->pairs.len) {
		bool wanted = p->pairs.data[p->next] == commit && p->pairs.data[p->next + 1] == parent;
		int code = take_answer(p, wanted, err);
		if (code < 0)
			return code;
		if (wanted) {
			drop_doubles(&p->walk->tree);
			return 0;
		}
	}
	return err_set(err, EIO, "git diff-tree ends too early");
}

/* A node's range ends where the next path that is not below it begins. */
static void close_directories(struct tree_nodes *nodes)
{
	size_t count = nodes->node.len;
	for (size_t i = 0; i < count; i++) {
		struct tree_node *node = &nodes->node.data[i];
		size_t end = i + 1;
		while (node->mode == GIT_MODE_TREE && end < count &&
			(i == 0 || path_has_prefix(nodes->node.data[end].path, node->path)))
			end++;
		node->end = (uint32_t)end;
	}
}

/* "mode type id\tpath" */
static int take_node(struct span token, struct tree_nodes *nodes, struct err *err)
{
	struct gitoid id;
	size_t tab = span_find(token, '\t');
	struct span head = span_make(token.ptr, tab);
	struct span mode = take_word(&head);
	(void)take_word(&head);
	if (tab == token.len || mode.len != 6 || !gitoid_parse(head, &id))
		return err_set(err, EBADMSG, "git ls-tree says something unknown");
	struct tree_node *node = vec_add(&nodes->node);
	*node = (struct tree_node){.path = span_skip(token, tab + 1)};
	for (size_t i = 0; i < mode.len; i++)
		node->mode = node->mode << 3 | (uint32_t)(mode.ptr[i] - '0');
	memcpy(node->id, id.byte, id.len);
	nodes->id_len = id.len;
	return 0;
}

static int read_nodes(struct historyprogram *p, struct tree_nodes *nodes, struct arena *mem, struct err *err)
{
	static const char *const ask[] = {"ls-tree", "-r", "-t", "-z", "--full-tree", "HEAD", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	int code = gitprogram_output(p->repo, ask, &out, err);
	struct span rest = span_make(arena_strndup(mem, out.buf, out.len), out.len);
	*nodes = (struct tree_nodes){.node = VEC_INIT, .child = VEC_INIT};
	*vec_add(&nodes->node) = (struct tree_node){.path = SPAN_LIT(""), .mode = GIT_MODE_TREE};
	while (code == 0 && rest.len != 0) {
		size_t len = span_find(rest, '\0');
		code = take_node(span_make(rest.ptr, len), nodes, err);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
	}
	for (size_t i = 0; code == 0 && i < nodes->node.len; i++)
		(void)strmap_put(p->node, nodes->node.data[i].path, (void *)(uintptr_t)(i + 1));
	close_directories(nodes);
	return code;
}

int historyprogram_start(struct historyprogram *p, struct gitrepo *repo, struct historywalk *w,
	struct tree_nodes *nodes, struct arena *mem, struct err *err)
{
	*p = (struct historyprogram){
		.repo = repo, .walk = w, .nodes = nodes, .node = strmap_new(), .text = STR_INIT};
	CLEANUP_STR struct str order = STR_INIT;
	int code = read_nodes(p, nodes, mem, err);
	if (code == 0)
		code = read_commits(p, &order, err);
	if (code == 0)
		code = start_comparison(p, &order, err);
	w->diff = diff;
	w->diff_ctx = p;
	return code;
}

void historyprogram_release(struct historyprogram *p)
{
	if (p->running)
		(void)proc_finish(&p->child);
	vec_release(&p->pairs);
	if (p->node != NULL)
		p->node = strmap_free(p->node);
	str_release(&p->text);
	free(p->commit);
	p->commit = NULL;
}
