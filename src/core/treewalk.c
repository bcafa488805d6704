#include "treewalk_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* git refuses deeper trees (core.maxTreeDepth). */
#define MAX_DEPTH 2048u

struct tree_entry {
	uint32_t mode;
	const char *name;
	size_t name_len;
	const unsigned char *id;
};

/* A tree object being read from front to back. */
struct cursor {
	const unsigned char *at, *end;
};

/* As git compares modes: what file modes there are beside the executable bit does not count. */
static uint32_t canonical_mode(uint32_t mode)
{
	switch (mode & 0170000) {
	case 0100000:
		return (mode & 0100) != 0 ? GIT_MODE_EXECUTABLE : GIT_MODE_FILE;
	case 0120000:
		return GIT_MODE_LINK;
	case 0040000:
		return GIT_MODE_TREE;
	default:
		return GIT_MODE_SUBMODULE;
	}
}

/* "mode name\0" and 20 bytes of id. The entry before the cursor moves on; false if the tree is damaged. */
static bool next_entry(struct cursor *c, struct tree_entry *ret)
{
	uint32_t mode = 0;
	const unsigned char *at = c->at;
	for (; at < c->end && *at != ' '; at++) {
		if (*at < '0' || *at > '7' || mode > 0777777)
			return false;
		mode = mode << 3 | (uint32_t)(*at - '0');
	}
	if (at == c->end)
		return false;
	const unsigned char *name = at + 1;
	const unsigned char *nul = memchr(name, '\0', (size_t)(c->end - name));
	if (nul == NULL || nul == name || c->end - nul < 21)
		return false;
	*ret = (struct tree_entry){canonical_mode(mode), (const char *)name, (size_t)(nul - name), nul + 1};
	c->at = nul + 21;
	return true;
}

/* Position of the first byte in which the two differ, or len. */
static size_t first_difference(const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t i = 0;
	while (len - i >= 64 && memcmp(a + i, b + i, 64) == 0)
		i += 64;
	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/*
 * Moves both cursors over the entries that are equal byte for byte. The bytes are compared in one go, then
 * the border of the last whole entry is found by looking for names' ends only, which is cheaper than
 * comparing entry by entry.
 */
static void skip_equal(struct cursor *a, struct cursor *b)
{
	size_t len_a = (size_t)(a->end - a->at);
	size_t len_b = (size_t)(b->end - b->at);
	if (len_a == 0 || len_b == 0)
		return;
	size_t same = first_difference(a->at, b->at, len_a < len_b ? len_a : len_b);
	size_t whole = 0;
	while (whole < same) {
		const unsigned char *nul = memchr(a->at + whole, '\0', same - whole);
		if (nul == NULL)
			break;
		size_t next = (size_t)(nul - a->at) + 21;
		if (next > same)
			break;
		whole = next;
	}
	a->at += whole;
	b->at += whole;
}

/* git's order of tree entries: as if directories' names ended in a slash. */
static int compare_names(struct span a, bool a_tree, struct span b, bool b_tree)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.ptr, b.ptr, len);
	if (order != 0)
		return order;
	int next_a = a.len > len ? (unsigned char)a.ptr[len] : a_tree ? '/' : 0;
	int next_b = b.len > len ? (unsigned char)b.ptr[len] : b_tree ? '/' : 0;
	return next_a - next_b;
}

static struct span entry_name(const struct tree_entry *e)
{
	return span_make(e->name, e->name_len);
}

static int compare_entries(const struct tree_entry *a, const struct tree_entry *b)
{
	return compare_names(
		entry_name(a), a->mode == GIT_MODE_TREE, entry_name(b), b->mode == GIT_MODE_TREE);
}

bool bits_any(const uint64_t *set, uint32_t from, uint32_t to)
{
	if (from >= to)
		return false;
	uint32_t first = from / 64, last = (to - 1) / 64;
	uint64_t head = UINT64_MAX << (from % 64);
	uint64_t tail = UINT64_MAX >> (63 - (to - 1) % 64);
	if (first == last)
		return (set[first] & head & tail) != 0;
	if ((set[first] & head) != 0 || (set[last] & tail) != 0)
		return true;
	for (uint32_t i = first + 1; i < last; i++) {
		if (set[i] != 0)
			return true;
	}
	return false;
}

/* The tree object; an empty cursor's NULL for a NULL id. */
static int read_tree(struct treewalk *w, const unsigned char *id, struct packed **ret, struct err *err)
{
	struct packed *tree = NULL;
	if (id != NULL)
		tree = packs_read(w->packs, id);
	if (id != NULL && tree == NULL) {
		struct gitoid oid = {.len = 20};
		memcpy(oid.byte, id, 20);
		struct gitobject object;
		int code = gitrepo_read(w->repo, &oid, &object, err);
		if (code == GITREPO_ABSENT)
			return err_set(err, ENOENT, "the repository lacks directories of its history");
		if (code < 0)
			return code;
		tree = packed_wrap(object.bytes, object.len, object.type);
	}
	if (tree != NULL && tree->type != PACK_TREE) {
		(void)packed_release(tree);
		return err_set(err, EBADMSG, "an object of the history is not a tree");
	}
	*ret = tree;
	return 0;
}

static void packed_cleanup(struct packed **object)
{
	*object = packed_release(*object);
}
#define CLEANUP_PACKED CLEANUP(packed_cleanup)

static struct cursor cursor_of(const struct packed *tree)
{
	if (tree == NULL)
		return (struct cursor){NULL, NULL};
	return (struct cursor){tree->bytes, tree->bytes + tree->len};
}

/* The child of a directory that has this name and is, or is not, a directory too; UINT32_MAX if none is. */
static uint32_t find_child(
	const struct tree_nodes *nodes, const struct tree_node *dir, const struct tree_entry *e)
{
	uint32_t lo = dir->first_child, hi = dir->first_child + dir->child_count;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct tree_node *child = &nodes->node.data[nodes->child.data[mid]];
		int order = compare_names(
			entry_name(e), e->mode == GIT_MODE_TREE, child->name, child->mode == GIT_MODE_TREE);
		if (order == 0)
			return nodes->child.data[mid];
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return UINT32_MAX;
}

static int diff_below(struct treewalk *w, uint32_t dir, const unsigned char *a, const unsigned char *b,
	unsigned depth, struct err *err);

static void mark(struct treewalk *w, uint32_t node)
{
	if (bits_any(w->set, node, node + 1))
		*vec_add(&w->changed) = node;
}

/* An entry that is not the same on both sides; a or b is NULL where it is missing. */
static int diff_entry(struct treewalk *w, uint32_t dir, const struct tree_entry *a,
	const struct tree_entry *b, unsigned depth, struct err *err)
{
	const struct tree_entry *one = a != NULL ? a : b;
	if (a != NULL && b != NULL && a->mode == b->mode && memcmp(a->id, b->id, 20) == 0)
		return 0;
	uint32_t child = find_child(w->nodes, &w->nodes->node.data[dir], one);
	if (child == UINT32_MAX)
		return 0;
	if (one->mode != GIT_MODE_TREE) {
		mark(w, child);
		return 0;
	}
	if (!bits_any(w->set, child, w->nodes->node.data[child].end))
		return 0;
	return diff_below(w, child, a != NULL ? a->id : NULL, b != NULL ? b->id : NULL, depth + 1, err);
}

/* Walks both trees at once; *ret_listing tells whether names were added or removed. */
static int diff_entries(struct treewalk *w, uint32_t dir, struct cursor a, struct cursor b, unsigned depth,
	bool *ret_listing, struct err *err)
{
	for (;;) {
		skip_equal(&a, &b);
		bool more_a = a.at < a.end, more_b = b.at < b.end;
		if (!more_a && !more_b)
			return 0;
		struct cursor next_a = a, next_b = b;
		struct tree_entry entry_a, entry_b;
		if ((more_a && !next_entry(&next_a, &entry_a)) || (more_b && !next_entry(&next_b, &entry_b)))
			return err_set(err, EBADMSG, "a tree object is damaged");
		int order = !more_a ? 1 : !more_b ? -1 : compare_entries(&entry_a, &entry_b);
		*ret_listing |= order != 0;
		int code = diff_entry(
			w, dir, order <= 0 ? &entry_a : NULL, order >= 0 ? &entry_b : NULL, depth, err);
		if (code < 0)
			return code;
		if (order <= 0)
			a = next_a;
		if (order >= 0)
			b = next_b;
	}
}

static int diff_below(struct treewalk *w, uint32_t dir, const unsigned char *a, const unsigned char *b,
	unsigned depth, struct err *err)
{
	if (depth > MAX_DEPTH)
		return err_set(err, ELOOP, "a tree is nested too deeply");
	CLEANUP_PACKED struct packed *tree_a = NULL;
	CLEANUP_PACKED struct packed *tree_b = NULL;
	int code = read_tree(w, a, &tree_a, err);
	if (code == 0)
		code = read_tree(w, b, &tree_b, err);
	bool listing = a == NULL || b == NULL;
	if (code == 0)
		code = diff_entries(w, dir, cursor_of(tree_a), cursor_of(tree_b), depth, &listing, err);
	if (code == 0 && listing)
		mark(w, dir);
	return code;
}

int treewalk_diff(struct treewalk *w, const unsigned char *a, const unsigned char *b, struct err *err)
{
	if (a != NULL && b != NULL && memcmp(a, b, 20) == 0)
		return 0;
	return diff_below(w, 0, a, b, 0, err);
}

static struct span join(struct arena *mem, struct span dir, struct span name)
{
	if (dir.len == 0)
		return span_make(arena_strndup(mem, name.ptr, name.len), name.len);
	char *path = arena_alloc(mem, dir.len + name.len + 2);
	memcpy(path, dir.ptr, dir.len);
	path[dir.len] = '/';
	memcpy(path + dir.len + 1, name.ptr, name.len);
	return span_make(path, dir.len + 1 + name.len);
}

static int add_nodes(struct treewalk *w, uint32_t dir, struct arena *mem, struct tree_nodes *nodes,
	unsigned depth, struct err *err);

/* Adds the node of one entry and all below it; its number goes to `ret`. */
static int add_node(struct treewalk *w, struct span dir, const struct tree_entry *e, struct arena *mem,
	struct tree_nodes *nodes, unsigned depth, uint32_t *ret, struct err *err)
{
	uint32_t number = (uint32_t)nodes->node.len;
	/* A few small trees that name each other make any number of paths. */
	if (nodes->node.len >= w->max_paths)
		return err_set(err, E2BIG, "HEAD has more than %zu paths", w->max_paths);
	struct tree_node *node = vec_add(&nodes->node);
	*node = (struct tree_node){.path = join(mem, dir, entry_name(e)), .mode = e->mode, .end = number + 1};
	node->name = span_skip(node->path, node->path.len - e->name_len);
	memcpy(node->id, e->id, 20);
	*ret = number;
	return e->mode == GIT_MODE_TREE ? add_nodes(w, number, mem, nodes, depth + 1, err) : 0;
}

/* Adds what is in the directory `dir`, which is the last node so far. */
static int add_nodes(struct treewalk *w, uint32_t dir, struct arena *mem, struct tree_nodes *nodes,
	unsigned depth, struct err *err)
{
	if (depth > MAX_DEPTH)
		return err_set(err, ELOOP, "a tree is nested too deeply");
	CLEANUP_PACKED struct packed *tree = NULL;
	int code = read_tree(w, nodes->node.data[dir].id, &tree, err);
	if (code < 0)
		return code;
	VEC(uint32_t) children = VEC_INIT;
	struct span path = nodes->node.data[dir].path;
	struct cursor c = cursor_of(tree);
	while (code == 0 && c.at < c.end) {
		struct tree_entry e;
		if (next_entry(&c, &e))
			code = add_node(w, path, &e, mem, nodes, depth, vec_add(&children), err);
		else
			code = err_set(err, EBADMSG, "a tree object is damaged");
	}
	nodes->node.data[dir].first_child = (uint32_t)nodes->child.len;
	nodes->node.data[dir].child_count = (uint32_t)children.len;
	nodes->node.data[dir].end = (uint32_t)nodes->node.len;
	vec_each (child, &children)
		*vec_add(&nodes->child) = *child;
	vec_release(&children);
	return code;
}

int tree_nodes_read(struct treewalk *w, const unsigned char root[20], struct arena *mem,
	struct tree_nodes *nodes, struct err *err)
{
	*nodes = (struct tree_nodes){.node = VEC_INIT, .child = VEC_INIT, .id_len = 20};
	struct tree_node *node = vec_add(&nodes->node);
	*node = (struct tree_node){
		.path = SPAN_LIT(""), .name = SPAN_LIT(""), .mode = GIT_MODE_TREE, .end = 1};
	memcpy(node->id, root, 20);
	int code = add_nodes(w, 0, mem, nodes, 0, err);
	if (code < 0)
		tree_nodes_release(nodes);
	return code;
}

void tree_nodes_release(struct tree_nodes *nodes)
{
	vec_release(&nodes->node);
	vec_release(&nodes->child);
}
