/* The file of a digest cache: may it be believed, and how it is replaced. */
#include "digestcache_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/machine.h"
#include "steady/util/mount.h"
#include "steady/util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "steady-digests 1"
/* Seconds between the time in the header and the file's last write, and the tick by which a file system's clock is
 * behind. */
#define AT_ONCE 1
#define BEHIND_NS 20000000L
#define MAX_LISTED ((size_t)4096)

struct header {
	/** All zeros until the file is whole. */
	char magic[16];
	struct digest boot;
	/** The file itself. */
	uint64_t dev, ino;
	/** Just before the last write. */
	int64_t written;
	/** The newest time of reading among the entries. */
	int64_t newest;
	uint32_t written_ns, newest_ns;
	uint64_t slots, count, most;
	/** Of the header with zeros here, then the slots. */
	uint64_t sum;
};

_Static_assert(sizeof(struct slot) == 64 && sizeof(struct header) == 104, "a file without padding");
_Static_assert(sizeof(MAGIC) - 1 == sizeof(((struct header *)0)->magic), "the magic fills its field");

static uint64_t sum_of(const struct header *header, const struct slot *slot)
{
	struct {
		struct header header;
		uint64_t slots;
	} whole = {*header, digest_u64(span_make((const char *)slot, header->slots * sizeof(*slot)))};
	whole.header.sum = 0;
	return digest_u64(span_make((const char *)&whole, sizeof(whole)));
}

static struct timespec now(void)
{
	struct timespec t = {0, 0};
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static struct timespec time_of(int64_t seconds, uint32_t ns)
{
	return (struct timespec){(time_t)seconds, (long)ns};
}

/* Only the user can have written it, and it is all there. */
static bool is_private(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1 &&
		(st->st_mode & 077) == 0;
}

static bool is_private_dir(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
		(st.st_mode & 077) == 0 && mount_fd_is_local(fd);
}

/* It was written here, since the machine was started, and nobody touched it after. */
static bool never_travelled(const struct header *header, const struct stat *st)
{
	struct digest boot;
	struct timespec written = time_of(header->written, header->written_ns);
	if (!machine_boot(&boot) || !digest_eq(&boot, &header->boot) || header->dev != (uint64_t)st->st_dev ||
		header->ino != (uint64_t)st->st_ino || timespec_cmp(st->st_mtim, st->st_ctim) != 0)
		return false;
	written.tv_sec -= written.tv_nsec < BEHIND_NS;
	written.tv_nsec += written.tv_nsec < BEHIND_NS ? 1000000000L - BEHIND_NS : -BEHIND_NS;
	return timespec_cmp(st->st_mtim, written) >= 0 && st->st_mtim.tv_sec - written.tv_sec <= AT_ONCE;
}

/* Nothing in it comes from the future. */
static bool is_past(const struct header *header)
{
	struct timespec clock = now();
	return timespec_cmp(time_of(header->written, header->written_ns), clock) <= 0 &&
		timespec_cmp(time_of(header->newest, header->newest_ns), clock) <= 0;
}

static bool has_right_size(const struct header *header, const struct stat *st)
{
	return memcmp(header->magic, MAGIC, sizeof(header->magic)) == 0 && header->slots != 0 &&
		header->slots <= DIGESTCACHE_MAX_SLOTS && (header->slots & (header->slots - 1)) == 0 &&
		header->count <= header->slots / 4 * 3 &&
		(uint64_t)st->st_size == sizeof(*header) + header->slots * sizeof(struct slot);
}

/* Bytes from the file, all of them. */
static bool read_at(int fd, void *buf, size_t len, size_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

void digestfile_load(struct digestcache *cache)
{
	struct header header;
	struct stat st;
	if (!is_private_dir(cache->dirfd))
		return;
	CLEANUP_CLOSE int fd = fsio_open(cache->dirfd, cache->name, O_RDONLY, NULL);
	if (fd < 0 || fstat(fd, &st) < 0 || !is_private(&st) || !read_at(fd, &header, sizeof(header), 0) ||
		!has_right_size(&header, &st) || !never_travelled(&header, &st) || !is_past(&header))
		return;
	CLEANUP_FREE struct slot *slot = xreallocarray(NULL, header.slots, sizeof(*slot));
	if (!read_at(fd, slot, header.slots * sizeof(*slot), sizeof(header)) ||
		sum_of(&header, slot) != header.sum)
		return;
	cache->slot = TAKE_PTR(slot);
	cache->slots = header.slots;
	cache->count = header.count;
	cache->most = header.most;
	cache->newest = time_of(header.newest, header.newest_ns);
}

static bool write_at(int fd, const void *buf, size_t len, size_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t put = pwrite(fd, (const char *)buf + done, len - done, (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

/* The header comes last, in place: that write gives the file one time as its mtime and its ctime. */
static bool finish(const struct digestcache *cache, int fd)
{
	struct stat st;
	struct timespec clock = now();
	struct header header = {
		.newest = cache->newest.tv_sec,
		.newest_ns = (uint32_t)cache->newest.tv_nsec,
		.written = clock.tv_sec,
		.written_ns = (uint32_t)clock.tv_nsec,
		.slots = cache->slots,
		.count = cache->count,
		.most = cache->most,
	};
	memcpy(header.magic, MAGIC, sizeof(header.magic));
	if (!machine_boot(&header.boot) || fstat(fd, &st) < 0 || timespec_cmp(cache->newest, clock) > 0)
		return false;
	header.dev = (uint64_t)st.st_dev;
	header.ino = (uint64_t)st.st_ino;
	header.sum = sum_of(&header, cache->slot);
	return write_at(fd, &header, sizeof(header), 0);
}

struct listed {
	const char *name;
	struct timespec mtime;
};

static int by_age(const void *a, const void *b)
{
	return -timespec_cmp(((const struct listed *)a)->mtime, ((const struct listed *)b)->mtime);
}

/* Before a file is added: removes the oldest ones, and what killed runs left. */
static void prune(int dirfd)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	struct stat st;
	if (fsio_list(dirfd, MAX_LISTED, mem, &list, NULL) < 0)
		return;
	struct listed *listed = arena_array(mem, list.count, sizeof(*listed));
	size_t count = 0;
	for (size_t i = 0; i < list.count; i++) {
		if (fsio_stat(dirfd, list.entry[i].name, &st, NULL) == 0 && S_ISREG(st.st_mode))
			listed[count++] = (struct listed){list.entry[i].name, st.st_mtim};
	}
	if (count != 0)
		qsort(listed, count, sizeof(*listed), by_age);
	for (size_t i = DIGESTCACHE_MAX_FILES - 1; i < count; i++)
		(void)fsio_unlink(dirfd, listed[i].name, NULL);
}

bool digestfile_save(struct digestcache *cache)
{
	CLEANUP_STR struct str temp = STR_INIT;
	struct stat st;
	if (!is_private_dir(cache->dirfd))
		return false;
	if (fsio_stat(cache->dirfd, cache->name, &st, NULL) == FSIO_MISSING)
		prune(cache->dirfd);
	str_printf(&temp, ".%s-%ld.tmp", cache->name, (long)getpid());
	(void)fsio_unlink(cache->dirfd, temp.buf, NULL);
	CLEANUP_CLOSE int fd =
		openat(cache->dirfd, temp.buf, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	if (write_at(fd, cache->slot, cache->slots * sizeof(*cache->slot), sizeof(struct header)) &&
		renameat(cache->dirfd, temp.buf, cache->dirfd, cache->name) == 0)
		return finish(cache, fd);
	(void)fsio_unlink(cache->dirfd, temp.buf, NULL);
	return false;
}
