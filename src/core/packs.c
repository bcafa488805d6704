#include "packs_priv.h"

#include "packcache_priv.h"
#include "packindex_priv.h"
#include "steady/util/err.h"
#include "steady/util/fsio.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Pack entry types beside the four objects. */
#define TYPE_OFS_DELTA 6
#define TYPE_REF_DELTA 7
/* git makes no deeper chains (OE_DEPTH_BITS). */
#define MAX_DEPTH 4095
/* Larger trees or commits than this are libgit2's to read, or to refuse. */
#define MAX_SIZE ((uint64_t)256 << 20)
#define MAX_PACKS ((size_t)10000)
/* zlib decodes fast only while there is room for its longest match, so buffers have that much more. */
#define SLACK ((size_t)258)
/* As deep as git follows alternates. */
#define MAX_ALTERNATES 5u
#define MAX_ALTERNATES_FILE ((size_t)1 << 20)

/* One delta on the way from an object down to its base. */
struct step {
	uint64_t offset;
	uint64_t data;
	uint64_t size;
};

struct packs {
	VEC(struct packfile) file;
	/* The pack that answered last is asked first. */
	size_t recent;
	struct packcache cache;
	z_stream zlib;
	VEC(struct step) steps;
	unsigned char *delta;
	size_t delta_room;
};

/* What an entry's header says. */
struct entry {
	int type;
	uint64_t size;
	/* Where the compressed bytes begin. */
	uint64_t data;
	/* Offset of the base of a delta. */
	uint64_t base;
};

void packs_add(struct packs *p, const struct packfile *file)
{
	*vec_add(&p->file) = *file;
}

static void add_pack(struct packs *p, int dir, const char *name)
{
	size_t len = strlen(name);
	if (len < 5 || strcmp(name + len - 4, ".idx") != 0)
		return;
	struct packfile file;
	if (packfile_open(dir, name, &file) == 0)
		packs_add(p, &file);
}

static void add_packs(struct packs *p, const char *objects_dir, struct arena *mem)
{
	CLEANUP_CLOSE int dir = fsio_open_root(arena_printf(mem, "%s/pack", objects_dir), NULL);
	struct dir_list list = {NULL, 0};
	if (dir < 0 || fsio_list(dir, MAX_PACKS, mem, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		add_pack(p, dir, list.entry[i].name);
}

/* Objects borrowed from other repositories: a file of directories, one a line, which may borrow in turn. */
static void add_alternates(struct packs *p, const char *objects_dir, struct arena *mem, unsigned depth)
{
	struct span text = {NULL, 0}, line;
	CLEANUP_CLOSE int dir = fsio_open_root(objects_dir, NULL);
	if (depth > MAX_ALTERNATES || dir < 0 ||
		fsio_read(dir, "info/alternates", MAX_ALTERNATES_FILE, mem, &text, NULL, NULL) != 0)
		return;
	while (span_next_line(&text, &line)) {
		CLEANUP_STR struct str path = STR_INIT;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		path_join(&path, objects_dir, arena_strndup(mem, line.ptr, line.len));
		add_packs(p, path.buf, mem);
		add_alternates(p, path.buf, mem, depth + 1);
	}
}

struct packs *packs_open(const char *objects_dir, size_t cache_bytes)
{
	struct packs *p = xcalloc(1, sizeof(*p));
	packcache_init(&p->cache, cache_bytes);
	if (inflateInit(&p->zlib) != Z_OK)
		abort();
	if (objects_dir == NULL)
		return p;
	CLEANUP_ARENA struct arena *mem = arena_new();
	add_packs(p, objects_dir, mem);
	add_alternates(p, objects_dir, mem, 1);
	return p;
}

struct packs *packs_free(struct packs *p)
{
	if (p == NULL)
		return NULL;
	packcache_release(&p->cache);
	vec_each (file, &p->file)
		packfile_close(file);
	vec_release(&p->file);
	vec_release(&p->steps);
	(void)inflateEnd(&p->zlib);
	free(p->delta);
	free(p);
	return NULL;
}

/* The variable-length size after an entry's type: four bits, then seven a byte, least significant first. */
static bool parse_size(const struct packfile *f, struct entry *e)
{
	if (e->data >= f->pack.len)
		return false;
	unsigned char c = f->pack.bytes[e->data++];
	e->type = (c >> 4) & 7;
	e->size = c & 15;
	for (unsigned shift = 4; (c & 0x80) != 0; shift += 7) {
		if (e->data >= f->pack.len || shift > 32)
			return false;
		c = f->pack.bytes[e->data++];
		e->size |= (uint64_t)(c & 0x7f) << shift;
	}
	return e->size <= MAX_SIZE;
}

/* How far back the base of an offset delta lies: seven bits a byte, most significant first, with a carry. */
static bool parse_base_offset(const struct packfile *f, uint64_t offset, struct entry *e)
{
	uint64_t back = 0;
	unsigned char c = 0x80;
	for (unsigned i = 0; (c & 0x80) != 0; i++) {
		if (e->data >= f->pack.len || i > 8)
			return false;
		c = f->pack.bytes[e->data++];
		back = (i == 0 ? 0 : (back + 1) << 7) | (c & 0x7f);
	}
	if (back == 0 || back >= offset)
		return false;
	e->base = offset - back;
	return true;
}

static bool parse_entry(struct packfile *f, uint64_t offset, struct entry *ret)
{
	struct entry e = {.data = offset};
	if (!parse_size(f, &e))
		return false;
	if (e.type == TYPE_OFS_DELTA) {
		if (!parse_base_offset(f, offset, &e))
			return false;
	} else if (e.type == TYPE_REF_DELTA) {
		if (f->pack.len - e.data < 20 || !packfile_find(f, f->pack.bytes + e.data, &e.base))
			return false;
		e.data += 20;
	} else if (e.type == 0 || e.type == 5) {
		return false;
	}
	*ret = e;
	return true;
}

/* Prepares to inflate what begins at `data`; the checksum at the end is compared only if there is to be one. */
static void inflate_begin(struct packs *p, struct packfile *f, uint64_t data, bool check)
{
	uint64_t left = f->pack.len - data;
	filemap_touch(&f->pack, (size_t)data);
	(void)inflateReset(&p->zlib);
	(void)inflateValidate(&p->zlib, check);
	/* zlib does not write to its input, though its type says it may. */
	p->zlib.next_in = (unsigned char *)(uintptr_t)(f->pack.bytes + data);
	p->zlib.avail_in = left > UINT32_MAX ? UINT32_MAX : (uInt)left;
}

/* `out` has room for `size` bytes and SLACK more. */
static bool inflate_all(struct packs *p, struct packfile *f, uint64_t data, unsigned char *out, size_t size)
{
	inflate_begin(p, f, data, true);
	p->zlib.next_out = out;
	p->zlib.avail_out = (uInt)(size + SLACK);
	return inflate(&p->zlib, Z_FINISH) == Z_STREAM_END && p->zlib.avail_out == SLACK;
}

static struct packed *read_whole(struct packs *p, struct packfile *f, const struct entry *e)
{
	struct packed *object = packed_new(&p->cache.slab, (size_t)e->size, SLACK, e->type);
	if (!inflate_all(p, f, e->data, object->bytes, object->len))
		return packed_release(object);
	return object;
}

/* The next size in a delta's head; false at its end. */
static bool delta_size(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
	uint64_t size = 0;
	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		unsigned char c = *(*at)++;
		size |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0) {
			*ret = size;
			return true;
		}
	}
	return false;
}

/* A copy instruction's offset and length: the bits of `op` say which of their bytes follow. */
static bool delta_copy(unsigned char op, const unsigned char **at, const unsigned char *end, size_t *ret_from,
	size_t *ret_len)
{
	size_t value[2] = {0, 0};
	for (unsigned bit = 0; bit < 7; bit++) {
		if ((op & (1u << bit)) == 0)
			continue;
		if (*at >= end)
			return false;
		value[bit / 4] |= (size_t) * (*at)++ << (bit % 4 * 8);
	}
	*ret_from = value[0];
	*ret_len = value[1] == 0 ? 0x10000 : value[1];
	return true;
}

/* Carries the instructions out; true if they make exactly `len` bytes. */
static bool delta_run(const struct packed *base, const unsigned char *at, const unsigned char *end,
	unsigned char *out, size_t len)
{
	size_t made = 0;
	while (at < end) {
		unsigned char op = *at++;
		const unsigned char *from = at;
		size_t count = op;
		if (op == 0)
			return false;
		if ((op & 0x80) != 0) {
			size_t offset;
			if (!delta_copy(op, &at, end, &offset, &count) || offset > base->len ||
				count > base->len - offset)
				return false;
			from = base->bytes + offset;
		} else if ((size_t)(end - at) < count) {
			return false;
		} else {
			at += count;
		}
		if (count > len - made)
			return false;
		memcpy(out + made, from, count);
		made += count;
	}
	return made == len;
}

static struct packed *apply_delta(
	struct packs *p, const struct packed *base, const unsigned char *delta, size_t delta_len)
{
	const unsigned char *at = delta;
	const unsigned char *end = delta + delta_len;
	uint64_t base_size, size;
	if (!delta_size(&at, end, &base_size) || !delta_size(&at, end, &size) || base_size != base->len ||
		size > MAX_SIZE)
		return NULL;
	struct packed *object = packed_new(&p->cache.slab, (size_t)size, 0, base->type);
	if (!delta_run(base, at, end, object->bytes, object->len))
		return packed_release(object);
	return object;
}

/* The object that one step makes of its base; the base's reference is used up. */
static struct packed *take_step(
	struct packs *p, struct packfile *f, const struct step *step, struct packed *base)
{
	if (step->size + SLACK > p->delta_room) {
		p->delta_room = (size_t)step->size * 2 + SLACK;
		p->delta = xrealloc(p->delta, p->delta_room);
	}
	struct packed *object = NULL;
	if (inflate_all(p, f, step->data, p->delta, (size_t)step->size))
		object = apply_delta(p, base, p->delta, (size_t)step->size);
	(void)packed_release(base);
	return object;
}

/* Follows the deltas from `offset` down to something cached or stored whole, noting the steps. */
static struct packed *find_base(struct packs *p, size_t file, uint64_t offset)
{
	struct packfile *f = &p->file.data[file];
	p->steps.len = 0;
	for (;;) {
		struct packed *object = packcache_get(&p->cache, packcache_key(file, offset));
		if (object != NULL)
			return object;
		struct entry e;
		if (p->steps.len > MAX_DEPTH || !parse_entry(f, offset, &e))
			return NULL;
		if (e.type != TYPE_OFS_DELTA && e.type != TYPE_REF_DELTA) {
			object = read_whole(p, f, &e);
			if (object != NULL)
				packcache_put(&p->cache, packcache_key(file, offset), object);
			return object;
		}
		*vec_add(&p->steps) = (struct step){offset, e.data, e.size};
		offset = e.base;
	}
}

static bool locate(struct packs *p, const unsigned char id[20], size_t *ret_file, uint64_t *ret_offset)
{
	for (size_t i = 0; i < p->file.len; i++) {
		size_t file = (p->recent + i) % p->file.len;
		if (packfile_find(&p->file.data[file], id, ret_offset)) {
			p->recent = *ret_file = file;
			return true;
		}
	}
	return false;
}

struct packed *packs_read(struct packs *p, const unsigned char id[20])
{
	size_t file;
	uint64_t offset;
	if (!locate(p, id, &file, &offset))
		return NULL;
	struct packed *object = find_base(p, file, offset);
	while (object != NULL && p->steps.len != 0) {
		const struct step *step = &p->steps.data[--p->steps.len];
		object = take_step(p, &p->file.data[file], step, object);
		if (object != NULL)
			packcache_put(&p->cache, packcache_key(file, step->offset), object);
	}
	return object;
}

size_t packs_read_start(
	struct packs *p, const unsigned char id[20], int type, size_t compressed, void *buf, size_t room)
{
	size_t file;
	uint64_t offset;
	struct entry e;
	if (!locate(p, id, &file, &offset) || !parse_entry(&p->file.data[file], offset, &e) || e.type != type)
		return 0;
	inflate_begin(p, &p->file.data[file], e.data, false);
	if (p->zlib.avail_in > compressed)
		p->zlib.avail_in = (uInt)compressed;
	p->zlib.next_out = buf;
	p->zlib.avail_out = (uInt)room;
	int code = inflate(&p->zlib, Z_SYNC_FLUSH);
	if (code != Z_STREAM_END && code != Z_BUF_ERROR && code != Z_OK)
		return 0;
	return room - p->zlib.avail_out;
}
