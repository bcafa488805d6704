#include "commits_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The lines we need come first; a signature or a long message behind them is not worth inflating. They take up to some
 * 200 bytes of the pack; a head with many parents or long names takes more.
 */
#define START_MAX ((size_t)4096)
static const size_t start_compressed[] = {272, 2048};

#define SHALLOW_MAX ((size_t)64 << 20)

static uint64_t key_of(const unsigned char id[20])
{
	uint64_t key;
	memcpy(&key, id, sizeof(key));
	return key;
}

static void grow_slots(struct commits *c)
{
	c->slots = c->slots == 0 ? 4096 : c->slots * 2;
	free(c->slot);
	c->slot = xreallocarray(NULL, c->slots, sizeof(*c->slot));
	memset(c->slot, 0xff, c->slots * sizeof(*c->slot));
	for (size_t i = 0; i < c->commit.len; i++) {
		size_t at = key_of(c->commit.data[i].id) & (c->slots - 1);
		while (c->slot[at] != COMMIT_NONE)
			at = (at + 1) & (c->slots - 1);
		c->slot[at] = (uint32_t)i;
	}
}

uint32_t commits_place(struct commits *c, const unsigned char id[20])
{
	if (c->commit.len * 2 >= c->slots)
		grow_slots(c);
	size_t at = key_of(id) & (c->slots - 1);
	while (c->slot[at] != COMMIT_NONE) {
		if (memcmp(c->commit.data[c->slot[at]].id, id, 20) == 0)
			return c->slot[at];
		at = (at + 1) & (c->slots - 1);
	}
	c->slot[at] = (uint32_t)c->commit.len;
	struct commit *new = vec_add(&c->commit);
	*new = (struct commit){.generation = COMMIT_NO_GENERATION};
	memcpy(new->id, id, 20);
	return c->slot[at];
}

/* A shallow clone lists the commits whose parents it lacks in a file of the common directory. */
static int read_shallow(struct commits *c, struct err *err)
{
	CLEANUP_CLOSE int dir = fsio_open_root(gitrepo_common_dir(c->repo), err);
	if (dir < 0)
		return dir;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span text = {NULL, 0}, line;
	int code = fsio_read(dir, "shallow", SHALLOW_MAX, mem, &text, NULL, err);
	if (code < 0)
		return code;
	while (span_next_line(&text, &line)) {
		struct gitoid id;
		if (!gitoid_parse(line, &id))
			continue;
		uint32_t place = commits_place(c, id.byte);
		c->commit.data[place].boundary = true;
		c->shallow = true;
	}
	return 0;
}

int commits_init(
	struct commits *c, struct gitrepo *repo, struct packs *packs, bool use_graph, struct err *err)
{
	*c = (struct commits){.repo = repo, .packs = packs};
	int code = read_shallow(c, err);
	if (code < 0) {
		commits_release(c);
		return code;
	}
	/* A graph written before the clone became shallow knows parents that are gone. */
	if (use_graph && !c->shallow) {
		CLEANUP_STR struct str objects = STR_INIT;
		str_printf(&objects, "%sobjects", gitrepo_common_dir(repo));
		commitgraph_open(&c->graph, objects.buf);
	}
	return 0;
}

void commits_release(struct commits *c)
{
	commitgraph_close(&c->graph);
	vec_release(&c->commit);
	vec_release(&c->parent);
	free(c->slot);
	c->slot = NULL;
}

/* Cuts "key value\n" off the head; false, nothing cut, where another line or none stands there. */
static bool take_line(struct span *head, struct span key, struct span *ret_value)
{
	size_t end = span_find(*head, '\n');
	if (end == head->len || !span_starts(*head, key))
		return false;
	*ret_value = span_make(head->ptr + key.len, end - key.len);
	*head = span_skip(*head, end + 1);
	return true;
}

static bool take_id(struct span *head, struct span key, unsigned char ret[20])
{
	struct span value;
	struct gitoid id;
	struct span before = *head;
	if (!take_line(head, key, &value))
		return false;
	if (!gitoid_parse(value, &id) || id.len != 20) {
		*head = before;
		return false;
	}
	memcpy(ret, id.byte, 20);
	return true;
}

/* The seconds of "Name <mail> seconds zone": behind the last '>', as git reads it; 0 where they are damaged.
 */
static int64_t seconds_of(struct span person)
{
	size_t close = person.len;
	while (close > 0 && person.ptr[close - 1] != '>')
		close--;
	struct span rest = span_trim(span_skip(person, close));
	uint64_t seconds = 0;
	size_t digits = 0;
	while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9')
		digits++;
	if (close == 0 || !span_u64(span_make(rest.ptr, digits), &seconds) || seconds > INT64_MAX)
		return 0;
	return (int64_t)seconds;
}

/* What a commit object says. The parents are appended to `parents`, 20 bytes each. */
struct said {
	unsigned char tree[20];
	int64_t author, committer;
	struct str parents;
};

static bool parse_commit(struct span head, struct said *said)
{
	struct span value;
	unsigned char parent[20];
	str_clear(&said->parents);
	if (!take_id(&head, SPAN_LIT("tree "), said->tree))
		return false;
	while (take_id(&head, SPAN_LIT("parent "), parent))
		str_add_mem(&said->parents, parent, 20);
	if (!take_line(&head, SPAN_LIT("author "), &value))
		return false;
	said->author = seconds_of(value);
	if (!take_line(&head, SPAN_LIT("committer "), &value))
		return false;
	said->committer = seconds_of(value);
	return true;
}

/* The whole object: a delta, loose, or with a very long head. */
static int read_slowly(struct commits *c, const unsigned char id[20], struct said *said, struct err *err)
{
	struct gitoid oid = {.len = 20};
	memcpy(oid.byte, id, 20);
	struct gitobject object;
	int code = gitrepo_read(c->repo, &oid, &object, err);
	if (code < 0)
		return code;
	if (code == GITREPO_ABSENT)
		return err_set(err, ENOENT, "the repository lacks a commit of its history");
	bool good = object.type == PACK_COMMIT &&
		parse_commit(span_make((const char *)object.bytes, object.len), said);
	free(object.bytes);
	return good ? 0 : err_set(err, EBADMSG, "a commit object is damaged");
}

static int read_commit(struct commits *c, const unsigned char id[20], struct said *said, struct err *err)
{
	char start[START_MAX];
	size_t len = 0;
	for (size_t i = 0; i < COUNT_OF(start_compressed) && (i == 0 || len != 0); i++) {
		len = packs_read_start(c->packs, id, PACK_COMMIT, start_compressed[i], start, sizeof(start));
		if (len != 0 && parse_commit(span_make(start, len), said))
			return 0;
	}
	return read_slowly(c, id, said, err);
}

static void add_parent(struct commits *c, uint32_t place, const unsigned char id[20])
{
	uint32_t parent = commits_place(c, id);
	*vec_add(&c->parent) = parent;
	c->commit.data[place].parent_count++;
}

static bool load_from_graph(struct commits *c, uint32_t place)
{
	struct graph_commit from;
	struct commit *commit = &c->commit.data[place];
	if (c->graph.layers == 0 || !commitgraph_find(&c->graph, commit->id, &from))
		return false;
	memcpy(commit->tree, from.tree, 20);
	commit->time = from.time;
	if (from.generation != 0)
		commit->generation = from.generation;
	bool sound = true;
	const unsigned char *id;
	for (uint32_t i = 0; (id = commitgraph_parent(&c->graph, &from, i, &sound)) != NULL; i++)
		add_parent(c, place, id);
	if (!sound) {
		c->parent.len = c->commit.data[place].first_parent;
		c->commit.data[place].parent_count = 0;
	}
	return sound;
}

static int load_from_object(struct commits *c, uint32_t place, struct said *said, struct err *err)
{
	int code = read_commit(c, c->commit.data[place].id, said, err);
	if (code < 0)
		return code;
	struct commit *commit = &c->commit.data[place];
	memcpy(commit->tree, said->tree, 20);
	commit->time = said->committer;
	commit->author = said->author;
	commit->named_parents = (uint32_t)(said->parents.len / 20);
	commit->read = true;
	/* Adding parents may move the table. */
	bool boundary = commit->boundary;
	for (size_t i = 0; !boundary && i < said->parents.len; i += 20)
		add_parent(c, place, (const unsigned char *)said->parents.buf + i);
	return 0;
}

int commits_load(struct commits *c, uint32_t place, struct err *err)
{
	int code = 0;
	if (c->commit.data[place].loaded)
		return 0;
	c->commit.data[place].first_parent = (uint32_t)c->parent.len;
	if (!load_from_graph(c, place)) {
		struct said said = {.parents = STR_INIT};
		code = load_from_object(c, place, &said, err);
		str_release(&said.parents);
	}
	c->commit.data[place].loaded = code == 0;
	return code;
}

int commits_times(struct commits *c, uint32_t place, int64_t *ret_author, int64_t *ret_committer,
	unsigned *ret_parents, struct err *err)
{
	const struct commit *commit = &c->commit.data[place];
	if (commit->read) {
		*ret_author = commit->author;
		*ret_committer = commit->time;
		*ret_parents = commit->named_parents;
		return 0;
	}
	struct said said = {.parents = STR_INIT};
	int code = read_commit(c, commit->id, &said, err);
	if (code == 0) {
		*ret_author = said.author;
		*ret_committer = said.committer;
		*ret_parents = (unsigned)(said.parents.len / 20);
	}
	str_release(&said.parents);
	return code;
}
