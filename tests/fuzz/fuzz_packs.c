/*
 * A pack and what the walk over history does with it: objects, trees, commits. The input describes entries, which are
 * compressed here, since few random bytes are a zlib stream:
 *
 *	entry: kind (1 byte), base (1 byte), length (2 bytes, little end first), so many bytes
 *	kind & 7: 1 to 4 an object, 6 an offset delta, 7 a delta by name, anything else raw bytes
 *	kind & 8: the size in the entry's header is one too large
 *
 * Entry i has the name of twenty times the letter 'a' + i; entry 0 is HEAD.
 */
#include "fuzz.h"

#include "../../src/core/gitrepo_priv.h"
#include "../../src/core/historywalk_priv.h"
#include "../../src/core/packindex_priv.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <string.h>
#include <zlib.h>

#define MAX_ENTRIES 16u
#define MAX_PATHS 2000u
#define CACHE ((size_t)1 << 16)

struct made {
	struct str pack, index;
	uint32_t offset[MAX_ENTRIES];
	uint32_t count;
};

static void add_be32(struct str *out, uint32_t value)
{
	for (unsigned shift = 32; shift > 0; shift -= 8)
		str_add_char(out, (char)(unsigned char)(value >> (shift - 8)));
}

static void name_of(uint32_t entry, unsigned char ret[20])
{
	memset(ret, 'a' + (int)entry, 20);
}

static void add_header(struct str *pack, unsigned type, size_t size)
{
	unsigned char c = (unsigned char)(type << 4 | (size & 15));
	for (size >>= 4; size != 0; size >>= 7) {
		str_add_char(pack, (char)(c | 0x80));
		c = size & 0x7f;
	}
	str_add_char(pack, (char)c);
}

static void add_base(struct made *m, unsigned type, unsigned base)
{
	unsigned char name[20];
	if (type == 7) {
		name_of(base % MAX_ENTRIES, name);
		str_add_mem(&m->pack, name, sizeof(name));
		return;
	}
	size_t back = m->count == 0 ? base : m->offset[m->count] - m->offset[base % m->count];
	unsigned char digits[8];
	size_t n = 0;
	digits[n++] = back & 0x7f;
	while ((back >>= 7) != 0)
		digits[n++] = (unsigned char)(0x80 | (--back & 0x7f));
	while (n > 0)
		str_add_char(&m->pack, (char)digits[--n]);
}

static void add_entry(struct made *m, unsigned kind, unsigned base, struct span bytes)
{
	unsigned type = kind & 7;
	m->offset[m->count] = (uint32_t)m->pack.len;
	if (type == 0 || type == 5) {
		str_add_span(&m->pack, bytes);
	} else {
		unsigned char out[70000];
		uLongf out_len = sizeof(out);
		add_header(&m->pack, type, bytes.len + ((kind & 8) != 0));
		if (type >= 6)
			add_base(m, type, base);
		FUZZ_CHECK(compress2(out, &out_len, (const unsigned char *)bytes.ptr, bytes.len, 1) == Z_OK);
		str_add_mem(&m->pack, out, out_len);
	}
	m->count++;
}

static void add_index(struct made *m)
{
	str_add_mem(&m->index, "\377tOc\0\0\0\2", 8);
	for (uint32_t i = 0; i < 256; i++)
		add_be32(&m->index, i < 'a' ? 0 : i - 'a' + 1 < m->count ? i - 'a' + 1 : m->count);
	for (uint32_t i = 0; i < m->count; i++) {
		unsigned char name[20];
		name_of(i, name);
		str_add_mem(&m->index, name, sizeof(name));
	}
	for (uint32_t i = 0; i < m->count; i++)
		add_be32(&m->index, 0);
	for (uint32_t i = 0; i < m->count; i++)
		add_be32(&m->index, m->offset[i]);
	for (unsigned i = 0; i < 10; i++)
		add_be32(&m->index, 0);
}

static void make(struct span in, struct made *m)
{
	str_add_mem(&m->pack, "PACK\0\0\0\2", 8);
	add_be32(&m->pack, 0);
	while (in.len >= 4 && m->count < MAX_ENTRIES) {
		const unsigned char *head = (const unsigned char *)in.ptr;
		size_t len = head[2] | (size_t)head[3] << 8;
		in = span_skip(in, 4);
		if (len > in.len)
			len = in.len;
		add_entry(m, head[0], head[1], span_make(in.ptr, len));
		in = span_skip(in, len);
	}
	m->pack.buf[11] = (char)m->count;
	str_add_mem(&m->pack, "checksum of the pack", 20);
	add_index(m);
}

static void read_objects(struct packs *packs)
{
	for (uint32_t i = 0; i < MAX_ENTRIES; i++) {
		unsigned char name[20];
		char start[300];
		name_of(i, name);
		struct packed *object = packs_read(packs, name);
		if (object != NULL)
			FUZZ_CHECK(object->type >= 1 && object->type <= 4 && object->refs >= 1);
		(void)packed_release(object);
		FUZZ_CHECK(packs_read_start(packs, name, PACK_COMMIT, 100, start, sizeof(start)) <=
			sizeof(start));
	}
}

static int run(struct historywalk *w, uint32_t head, struct err *err)
{
	uint64_t *open = historywalk_set(w);
	w->unexplained = w->tree.nodes->node.len;
	for (size_t i = 0; i < w->unexplained; i++)
		open[i / 64] |= (uint64_t)1 << i % 64;
	int code = historywalk_start(w, head, open, err);
	if (code == 0)
		code = w->options->oldest ? historywalk_run_oldest(w, err) : historywalk_run(w, err);
	return code;
}

static void walk(struct gitrepo *repo, struct packs *packs, const struct history_options *options)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct tree_nodes nodes = {.node = VEC_INIT};
	struct historywalk w = {.options = options,
		.commits = {.repo = repo, .packs = packs},
		.tree = {.repo = repo, .packs = packs, .nodes = &nodes, .max_paths = MAX_PATHS}};
	struct err err = ERR_INIT;
	unsigned char name[20];
	name_of(0, name);
	uint32_t head = commits_place(&w.commits, name);
	int code = commits_load(&w.commits, head, &err);
	if (code == 0)
		code = tree_nodes_read(&w.tree, w.commits.commit.data[head].tree, mem, &nodes, &err);
	if (code == 0) {
		w.words = (nodes.node.len + 63) / 64;
		w.answer = xreallocarray(NULL, nodes.node.len, sizeof(*w.answer));
		memset(w.answer, 0xff, nodes.node.len * sizeof(*w.answer));
		code = run(&w, head, &err);
	}
	FUZZ_CHECK(code == 0 || (code < 0 && err.msg[0] != '\0'));
	for (size_t i = 0; code == 0 && i < nodes.node.len; i++)
		FUZZ_CHECK(w.answer[i] == HISTORY_NONE || w.answer[i] < w.commits.commit.len);
	tree_nodes_release(&nodes);
	historywalk_release(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct history_options options[] = {{.listings = true}, {.first_parent = true},
		{.merges = true}, {.oldest = true, .listings = true}};
	struct made made = {.count = 0};
	make(span_make((const char *)data, size), &made);
	struct span pack = fuzz_exact((const uint8_t *)made.pack.buf, made.pack.len);
	struct span index = fuzz_exact((const uint8_t *)made.index.buf, made.index.len);
	struct packfile file = {
		.index = filemap_borrow(index.ptr, index.len), .pack = filemap_borrow(pack.ptr, pack.len)};
	FUZZ_CHECK(packfile_check(&file) == 0);
	struct packs *packs = packs_open(NULL, CACHE);
	packs_add(packs, &file);
	read_objects(packs);
	struct gitrepo repo = {.handle = NULL};
	for (size_t i = 0; i < COUNT_OF(options); i++)
		walk(&repo, packs, &options[i]);
	(void)packs_free(packs);
	free((void *)(uintptr_t)pack.ptr);
	free((void *)(uintptr_t)index.ptr);
	str_release(&made.pack);
	str_release(&made.index);
	return 0;
}
