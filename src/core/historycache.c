#include "historycache_priv.h"

#include "steady/util/digest.h"
#include "steady/util/fsio.h"
#include "steady/util/signals.h"

#include <string.h>

#define MAGIC "STEADYH1"
#define MAGIC_LEN 8
#define HEAD_LEN (MAGIC_LEN + 20 + 4 + 4)
#define COMMIT_LEN (20 + 8 + 8 + 4)
#define PATH_LEN (4 + 4)
#define SUM_LEN 8
#define DIRECTORY 0x80000000u
/* Ten million paths of a hundred bytes. */
#define MAX_FILE ((size_t)1 << 30)

static void put(struct str *out, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		str_add_char(out, (char)(value >> (8 * i) & 0xff));
}

/* The next number; the caller has checked that it is there. */
static uint64_t take(struct span *in, unsigned bytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)(unsigned char)in->ptr[i] << (8 * i);
	*in = span_skip(*in, bytes);
	return value;
}

static void take_id(struct span *in, struct gitoid *ret)
{
	*ret = (struct gitoid){.len = 20};
	memcpy(ret->byte, in->ptr, 20);
	*in = span_skip(*in, 20);
}

int historycache_order(struct span a, bool a_directory, struct span b, bool b_directory)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
	if (order != 0)
		return order;
	/* The work tree itself comes before all else. */
	if (a.len == 0 || b.len == 0)
		return (a.len != 0) - (b.len != 0);
	int next_a = a.len > len ? (unsigned char)a.ptr[len] : a_directory ? '/' : 0;
	int next_b = b.len > len ? (unsigned char)b.ptr[len] : b_directory ? '/' : 0;
	if (next_a != next_b)
		return next_a - next_b;
	return (a.len > b.len) - (a.len < b.len);
}

void historycache_format(const struct history *h, struct str *out)
{
	uint32_t answered = 0;
	for (size_t i = 0; i < h->path_count; i++)
		answered += h->path[i].commit != HISTORY_NONE;
	str_add_mem(out, MAGIC, MAGIC_LEN);
	str_add_mem(out, h->head.byte, 20);
	put(out, h->commit_count, 4);
	put(out, answered, 4);
	for (size_t i = 0; i < h->commit_count; i++) {
		str_add_mem(out, h->commit[i].id.byte, 20);
		put(out, (uint64_t)h->commit[i].author, 8);
		put(out, (uint64_t)h->commit[i].committer, 8);
		put(out, h->commit[i].parents, 4);
	}
	for (size_t i = 0; i < h->path_count; i++) {
		const struct history_path *path = &h->path[i];
		if (path->commit == HISTORY_NONE)
			continue;
		put(out, path->commit | (path->mode == GIT_MODE_TREE ? DIRECTORY : 0), 4);
		put(out, path->path.len, 4);
		str_add_span(out, path->path);
	}
	put(out, digest_u64(str_span(out)), SUM_LEN);
}

static bool parse_paths(struct span in, struct historycache *cache)
{
	for (size_t i = 0; i < cache->path_count; i++) {
		if (in.len < PATH_LEN)
			return false;
		uint64_t commit = take(&in, 4);
		uint64_t len = take(&in, 4);
		if (len > in.len || (commit & ~DIRECTORY) >= cache->commit_count)
			return false;
		cache->path[i] = (struct historycache_path){.path = span_make(in.ptr, (size_t)len),
			.directory = (commit & DIRECTORY) != 0,
			.commit = (uint32_t)(commit & ~DIRECTORY)};
		in = span_skip(in, (size_t)len);
	}
	return in.len == 0;
}

bool historycache_parse(struct span bytes, struct arena *mem, struct historycache *ret)
{
	if (bytes.len < HEAD_LEN + SUM_LEN || memcmp(bytes.ptr, MAGIC, MAGIC_LEN) != 0)
		return false;
	struct span in = span_make(bytes.ptr, bytes.len - SUM_LEN);
	struct span sum = span_skip(bytes, in.len);
	if (take(&sum, SUM_LEN) != digest_u64(in))
		return false;
	in = span_skip(in, MAGIC_LEN);
	struct historycache cache = {.commit_count = 0};
	take_id(&in, &cache.head);
	cache.commit_count = take(&in, 4);
	cache.path_count = take(&in, 4);
	if (in.len / COMMIT_LEN < cache.commit_count ||
		(in.len - cache.commit_count * COMMIT_LEN) / PATH_LEN < cache.path_count)
		return false;
	cache.commit = arena_array(mem, cache.commit_count, sizeof(*cache.commit));
	for (size_t i = 0; i < cache.commit_count; i++) {
		take_id(&in, &cache.commit[i].id);
		cache.commit[i].author = (int64_t)take(&in, 8);
		cache.commit[i].committer = (int64_t)take(&in, 8);
		cache.commit[i].parents = (unsigned)take(&in, 4);
	}
	cache.path = arena_array(mem, cache.path_count, sizeof(*cache.path));
	if (!parse_paths(in, &cache))
		return false;
	*ret = cache;
	return true;
}

bool historycache_read(const char *git_dir, struct arena *mem, struct historycache *ret)
{
	CLEANUP_CLOSE int dir = fsio_open_root(git_dir, NULL);
	struct span bytes;
	return dir >= 0 && fsio_read(dir, HISTORYCACHE_FILE, MAX_FILE, mem, &bytes, NULL, NULL) == 0 &&
		historycache_parse(bytes, mem, ret);
}

void historycache_write(const char *git_dir, const struct history *h)
{
	CLEANUP_CLOSE int dir = fsio_open_root(git_dir, NULL);
	if (dir < 0)
		return;
	CLEANUP_STR struct str bytes = STR_INIT;
	historycache_format(h, &bytes);
	/* It ends in a checksum, so a crash costs no more than the answers. */
	const struct file_meta meta = {.mode = 0644, .unsynced = true};
	const struct signals held = signals_hold();
	(void)fsio_replace(dir, HISTORYCACHE_FILE, str_span(&bytes), &meta, NULL);
	signals_release(&held);
}
