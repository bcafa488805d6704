#include "digestcache_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/mount.h"

#include <stdlib.h>
#include <string.h>

/*
 * File systems stamp files with a clock that ticks every 1 to 10 ms; some keep whole seconds, FAT two of them. A
 * stamp this close to the time of reading proves nothing about later writes.
 */
#define TICK_NS 20000000L
#define WHOLE_SECONDS_NS 2100000000L
#define FIRST_SLOTS ((size_t)1024)
/* Files that no run asked for lately are kept while they are no more than those that one run asks for, and these. */
#define FEW ((size_t)4096)

static struct timespec plus(struct timespec t, long ns)
{
	t.tv_sec += ns / 1000000000L;
	t.tv_nsec += ns % 1000000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

struct timespec digestcache_quiet_from(struct timespec mtime, struct timespec ctime)
{
	bool whole = mtime.tv_nsec == 0 && ctime.tv_nsec == 0;
	struct timespec newer = timespec_cmp(mtime, ctime) >= 0 ? mtime : ctime;
	return plus(newer, whole ? WHOLE_SECONDS_NS : TICK_NS);
}

struct digestcache *digestcache_open(int dirfd, const char *workspace_root)
{
	struct digestcache *cache = xcalloc(1, sizeof(*cache));
	const struct digest name = digest_of(span_of(workspace_root));
	cache->dirfd = dirfd;
	digest_hex(&name, cache->name);
	if (dirfd >= 0)
		digestfile_load(cache);
	return cache;
}

struct digestcache *digestcache_free(struct digestcache *cache)
{
	if (cache == NULL)
		return NULL;
	steady_cleanup_close(&cache->dirfd);
	vec_release(&cache->devices);
	free(cache->slot);
	free(cache->seen);
	free(cache);
	return NULL;
}

void digestcache_cleanup(struct digestcache **cache)
{
	*cache = digestcache_free(*cache);
}

/* The slot of the file, or the free one where it belongs. There must be free slots. */
static size_t slot_of(const struct digestcache *cache, uint64_t dev, uint64_t ino)
{
	const size_t mask = cache->slots - 1;
	size_t at = (size_t)((ino + dev * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u >> 24) & mask;
	for (size_t n = 0; n < mask; n++, at = (at + 1) & mask) {
		const struct slot *slot = &cache->slot[at];
		if (slot->ino == 0 || (slot->ino == ino && slot->dev == dev))
			break;
	}
	return at;
}

static struct slot slot_from(const struct stat *st, const struct digest *digest)
{
	return (struct slot){
		.dev = (uint64_t)st->st_dev,
		.ino = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = (int64_t)st->st_mtim.tv_sec,
		.ctime = (int64_t)st->st_ctim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.ctime_ns = (uint32_t)st->st_ctim.tv_nsec,
		.digest = *digest,
	};
}

static bool is_same_state(const struct slot *a, const struct slot *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime == b->mtime &&
		a->ctime == b->ctime && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

bool digestcache_is_empty(const struct digestcache *cache)
{
	return cache == NULL || cache->count == 0;
}

bool digestcache_find(const struct digestcache *cache, const struct stat *st, struct digest *ret)
{
	static const struct digest none = {{0}};
	if (digestcache_is_empty(cache))
		return false;
	const struct slot wanted = slot_from(st, &none);
	const struct slot *slot = &cache->slot[slot_of(cache, wanted.dev, wanted.ino)];
	if (!is_same_state(slot, &wanted))
		return false;
	*ret = slot->digest;
	return true;
}

/* A new table, with all entries or only those that this run asked for. */
static void rebuild(struct digestcache *cache, size_t slots, bool only_seen)
{
	struct digestcache old = *cache;
	cache->slot = xcalloc(slots, sizeof(*cache->slot));
	cache->seen = xcalloc(slots, sizeof(*cache->seen));
	cache->slots = slots;
	cache->count = 0;
	for (size_t i = 0; i < old.slots; i++) {
		bool seen = old.seen != NULL && old.seen[i];
		if (old.slot[i].ino == 0 || (only_seen && !seen))
			continue;
		size_t at = slot_of(cache, old.slot[i].dev, old.slot[i].ino);
		cache->slot[at] = old.slot[i];
		cache->seen[at] = seen;
		cache->count++;
	}
	free(old.slot);
	free(old.seen);
}

/* Room for one more entry; false if there may be no more. */
static bool make_room(struct digestcache *cache)
{
	if (cache->seen == NULL || cache->count >= cache->slots / 4 * 3) {
		size_t slots = cache->slots == 0               ? FIRST_SLOTS
			: cache->count >= cache->slots / 4 * 3 ? cache->slots * 2
							       : cache->slots;
		if (slots > DIGESTCACHE_MAX_SLOTS)
			return false;
		rebuild(cache, slots, false);
	}
	return true;
}

static bool is_local(struct digestcache *cache, const char *path, dev_t dev)
{
	vec_each (device, &cache->devices) {
		if (device->dev == dev)
			return device->is_local;
	}
	*vec_add(&cache->devices) = (struct device){dev, mount_is_local(path)};
	return cache->devices.data[cache->devices.len - 1].is_local;
}

void digestcache_put(struct digestcache *cache, const char *path, const struct stat *st, struct timespec at,
	const struct digest *digest)
{
	if (cache == NULL || st->st_ino == 0 ||
		timespec_cmp(digestcache_quiet_from(st->st_mtim, st->st_ctim), at) > 0 ||
		!is_local(cache, path, st->st_dev) || !make_room(cache))
		return;
	const struct slot slot = slot_from(st, digest);
	size_t n = slot_of(cache, slot.dev, slot.ino);
	bool known = is_same_state(&cache->slot[n], &slot) && digest_eq(&cache->slot[n].digest, digest);
	cache->count += cache->slot[n].ino == 0;
	cache->slot[n] = slot;
	cache->nseen += !cache->seen[n];
	cache->seen[n] = true;
	cache->changed |= !known;
	if (timespec_cmp(at, cache->newest) > 0)
		cache->newest = at;
}

void digestcache_write(struct digestcache *cache)
{
	if (cache == NULL || cache->dirfd < 0 || !cache->changed)
		return;
	if (cache->nseen > cache->most)
		cache->most = cache->nseen;
	if (cache->count > 2 * cache->most + FEW) {
		size_t slots = FIRST_SLOTS;
		while (cache->nseen >= slots / 4 * 3)
			slots *= 2;
		rebuild(cache, slots, true);
	}
	cache->changed = !digestfile_save(cache);
}
