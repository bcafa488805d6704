#include "steady/core/contents.h"

#include "steady/util/fsio.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"
#include "steady/util/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a file that changed while it was read is left alone, and the tick of a file system's clock. */
#define TICK_NS 20000000L
/* Passes until a file that keeps changing is given up. */
#define MAX_PASSES 6
#define SMALL_FILE 32768
#define MAX_FILE_BYTES ((off_t)16 << 30)
/* Below this many files threads cost more than they save. */
#define PARALLEL_FROM 32
/* As many neighbours in one directory are worth opening it. */
#define NEIGHBOURS 4

/* The directory that a thread looked into last, kept open: the way to its next file is short then. */
struct folder {
	/** Its path and a slash, a part of a file's path; NULL for none. */
	const char *path;
	size_t len;
	/** -1 if it could not be opened. */
	int fd;
};

struct contents {
	struct arena *mem;
	struct digestcache *digests;
	struct strmap *by_path;
	VEC(struct content *) all;
	/** Those before this one were looked at in an earlier call. */
	size_t settled;
	/** One for each thread. */
	struct folder *folder;
	unsigned folders;
	const struct progress *progress;
	/** The pass began at this time. */
	struct timespec pass;
	atomic_size_t done, files;
	_Atomic uint64_t bytes;
	/** Of the files hashed, those that the digest cache was told of. */
	size_t kept;
};

struct contents *contents_new(struct digestcache *digests)
{
	struct contents *c = xcalloc(1, sizeof(*c));
	c->mem = arena_new();
	c->digests = digests;
	c->by_path = strmap_new_borrowing();
	c->folders = workers_count();
	c->folder = arena_array(c->mem, c->folders, sizeof(*c->folder));
	return c;
}

struct contents *contents_free(struct contents *c)
{
	if (c == NULL)
		return NULL;
	vec_release(&c->all);
	(void)strmap_free(c->by_path);
	(void)arena_free(c->mem);
	free(c);
	return NULL;
}

static struct content *want(struct contents *c, const char *path)
{
	struct span key = span_of(path);
	struct content *known = strmap_get(c->by_path, key);
	if (known != NULL)
		return known;
	struct content *added = arena_alloc(c->mem, sizeof(*added));
	added->path = arena_strdup(c->mem, path);
	(void)strmap_put(c->by_path, span_make(added->path, key.len), added);
	*vec_add(&c->all) = added;
	return added;
}

const struct content *contents_want(struct contents *c, const char *path)
{
	return want(c, path);
}

const struct content *contents_want_file(struct contents *c, const char *path)
{
	struct content *content = want(c, path);
	content->is_file = true;
	return content;
}

const struct content *contents_find(const struct contents *c, const char *path)
{
	return strmap_get(c->by_path, span_of(path));
}

static struct timespec now(void)
{
	struct timespec t = {0, 0};
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static struct timespec tick_after(struct timespec t)
{
	t.tv_nsec += TICK_NS;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

static struct timespec newer(struct timespec a, struct timespec b)
{
	return timespec_cmp(a, b) >= 0 ? a : b;
}

static struct timespec quiet_from(const struct content *c)
{
	return digestcache_quiet_from(c->mtime, c->ctime);
}

/* Could the file have been written since `at`, with the stamps it has? Stamps of the future never come to rest
 * and are left to the caller. */
static bool is_racy(const struct content *c, struct timespec at, struct timespec clock)
{
	if (c->state == CONTENT_MISSING)
		return false;
	struct timespec stamp = newer(c->mtime, c->ctime);
	return timespec_cmp(stamp, clock) <= 0 && timespec_cmp(quiet_from(c), at) > 0;
}

static bool same_stamps(const struct content *c, const struct stat *st)
{
	return c->dev == st->st_dev && c->ino == st->st_ino && timespec_cmp(c->mtime, st->st_mtim) == 0 &&
		timespec_cmp(c->ctime, st->st_ctim) == 0;
}

static void take_stamps(struct content *c, const struct stat *st)
{
	c->dev = st->st_dev;
	c->ino = st->st_ino;
	c->mtime = st->st_mtim;
	c->ctime = st->st_ctim;
}

void contents_hint(struct contents *contents, const char *path, struct span bytes, const struct stat *st,
	struct timespec read_at)
{
	struct content *c = want(contents, path);
	if (c->read_at.tv_sec != 0 || (uint64_t)st->st_size != bytes.len)
		return;
	c->state = CONTENT_FILE;
	c->size = bytes.len;
	c->digest = digest_of(bytes);
	c->read_at = read_at;
	take_stamps(c, st);
}

static void give_up(struct content *c, int code)
{
	bool missing = code == ENOENT || code == ENOTDIR;
	c->state = missing ? CONTENT_MISSING : CONTENT_UNREADABLE;
	c->error = missing ? 0 : code;
	if (missing)
		c->mtime = c->ctime = (struct timespec){0, 0};
}

/* Small files in one call: the bytes, and that there are no more of them. */
static int read_small(int fd, struct content *c)
{
	char buffer[SMALL_FILE + 1];
	ssize_t got;
	do
		got = read(fd, buffer, sizeof(buffer));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	if (got > SMALL_FILE)
		return EBUSY;
	c->size = (uint64_t)got;
	c->digest = digest_of(span_make(buffer, (size_t)got));
	return 0;
}

static int read_large(int fd, struct content *c)
{
	int code = digest_fd(fd, &c->digest, &c->size, NULL);
	return code < 0 ? -code : 0;
}

/* Hashes what stat called a regular file; EBUSY if it is not the same before and behind. */
static int hash_file(struct contents *contents, struct content *c, int fd, const struct stat *before)
{
	struct stat after;
	if (before->st_size > MAX_FILE_BYTES)
		return EFBIG;
	int code = before->st_size <= SMALL_FILE ? read_small(fd, c) : read_large(fd, c);
	if (code != 0)
		return code;
	if (fstat(fd, &after) < 0)
		return errno;
	c->state = CONTENT_FILE;
	atomic_fetch_add_explicit(&contents->files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&contents->bytes, c->size, memory_order_relaxed);
	return same_stamps(c, &after) && (uint64_t)after.st_size == c->size ? 0 : EBUSY;
}

/* The file's digest is known from an earlier run. */
static bool is_known(const struct contents *contents, struct content *c, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || !digestcache_find(contents->digests, st, &c->digest))
		return false;
	c->size = (uint64_t)st->st_size;
	c->state = CONTENT_FILE;
	return true;
}

static void open_and_hash(
	struct contents *contents, struct content *c, int dirfd, const char *name, const struct stat *st)
{
	CLEANUP_CLOSE int fd = -1;
	int code = EINVAL;
	if (S_ISREG(st->st_mode)) {
		fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		code = fd < 0 ? errno : hash_file(contents, c, fd, st);
	}
	if (code != 0)
		give_up(c, code);
}

/* What was listed as a regular file, and of which no digest can be known. False if it has to be asked about. */
static bool hash_at_once(struct contents *contents, struct content *c, int dirfd, const char *name)
{
	struct stat st;
	if (!c->is_file || c->read_at.tv_sec != 0 || !digestcache_is_empty(contents->digests))
		return false;
	struct timespec started = now();
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	c->read_at = started;
	take_stamps(c, &st);
	int code = hash_file(contents, c, fd, &st);
	if (code != 0)
		give_up(c, code);
	return true;
}

static void look_at(struct contents *contents, struct content *c, int dirfd, const char *name)
{
	if (hash_at_once(contents, c, dirfd, name))
		return;
	bool first = c->read_at.tv_sec == 0;
	struct timespec started = now();
	struct stat st;
	if (fstatat(dirfd, name, &st, 0) < 0) {
		c->read_at = started;
		give_up(c, errno);
		return;
	}
	if (!first && c->state == CONTENT_FILE && same_stamps(c, &st) && !is_racy(c, c->read_at, started))
		return;
	c->read_at = started;
	c->error = 0;
	take_stamps(c, &st);
	if (S_ISDIR(st.st_mode)) {
		c->state = CONTENT_DIRECTORY;
		return;
	}
	if (!is_known(contents, c, &st))
		open_and_hash(contents, c, dirfd, name, &st);
}

static bool is_in(const struct folder *folder, const struct content *c)
{
	return folder->path != NULL && strncmp(c->path, folder->path, folder->len) == 0 &&
		strchr(c->path + folder->len, '/') == NULL;
}

static void close_folder(struct folder *folder)
{
	steady_cleanup_close(&folder->fd);
	*folder = (struct folder){.fd = -1};
}

/* Opens the directory of the file if enough of those that follow lie there too. */
static void enter(const struct contents *contents, struct folder *folder, size_t i)
{
	struct content *const *c = &contents->all.data[i];
	size_t left = contents->all.len - i;
	struct folder next = {.path = c[0]->path, .fd = -1};
	next.len = path_dir(span_of(next.path)).len + 1;
	close_folder(folder);
	for (size_t n = 1; n < NEIGHBOURS; n++) {
		if (n >= left || next.len <= 1 || !is_in(&next, c[n]))
			return;
	}
	CLEANUP_FREE char *path = xstrndup(next.path, next.len);
	next.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*folder = next;
}

static void look_at_one(void *ctx, unsigned worker, size_t i)
{
	struct contents *contents = ctx;
	i += contents->settled;
	struct content *c = contents->all.data[i];
	struct folder *folder = &contents->folder[worker];
	if (!is_in(folder, c))
		enter(contents, folder, i);
	if (folder->fd >= 0)
		look_at(contents, c, folder->fd, c->path + folder->len);
	else
		look_at(contents, c, AT_FDCWD, c->path);
	progress_to(contents->progress,
		atomic_fetch_add_explicit(&contents->done, 1, memory_order_relaxed) + 1,
		contents->all.len - contents->settled);
}

/* The time until which to wait before another pass, zero if all is at rest. */
static struct timespec restless_until(struct contents *contents)
{
	struct timespec until = {0, 0};
	struct timespec clock = now();
	for (size_t i = contents->settled; i < contents->all.len; i++) {
		const struct content *c = contents->all.data[i];
		if (c->state == CONTENT_UNREADABLE && c->error == EBUSY)
			until = newer(until, tick_after(clock));
		else if (is_racy(c, contents->pass, clock))
			until = newer(until, quiet_from(c));
	}
	return until;
}

static void sleep_until(struct timespec until)
{
	while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void make_pass(struct contents *c, unsigned threads)
{
	for (unsigned i = 0; i < c->folders; i++)
		c->folder[i] = (struct folder){.fd = -1};
	c->pass = now();
	atomic_store(&c->done, 0);
	workers_for(c->all.len - c->settled, threads, look_at_one, c);
	for (unsigned i = 0; i < c->folders; i++)
		close_folder(&c->folder[i]);
}

/* Tells the digest cache what was hashed, and so what this run asked for. */
static void keep_digests(struct contents *c)
{
	size_t files = atomic_load(&c->files);
	if (files == c->kept)
		return;
	c->kept = files;
	vec_each (at, &c->all) {
		const struct content *content = *at;
		const struct stat st = {
			.st_dev = content->dev,
			.st_ino = content->ino,
			.st_size = (off_t)content->size,
			.st_mtim = content->mtime,
			.st_ctim = content->ctime,
		};
		if (content->state == CONTENT_FILE)
			digestcache_put(c->digests, content->path, &st, content->read_at, &content->digest);
	}
}

/* Until all is at rest; what never is cannot be relied upon. */
static void make_passes(struct contents *c)
{
	unsigned threads = c->all.len - c->settled >= PARALLEL_FROM ? c->folders : 1;
	for (unsigned pass = 0; pass < MAX_PASSES; pass++) {
		make_pass(c, threads);
		struct timespec until = restless_until(c);
		if (until.tv_sec == 0)
			return;
		sleep_until(until);
	}
	struct timespec clock = now();
	for (size_t i = c->settled; i < c->all.len; i++) {
		if (is_racy(c->all.data[i], c->pass, clock))
			give_up(c->all.data[i], EBUSY);
	}
}

void contents_settle(struct contents *c, const struct progress *progress)
{
	c->progress = progress;
	make_passes(c);
	keep_digests(c);
	c->settled = c->all.len;
}

struct timespec contents_settled_at(const struct contents *c)
{
	struct timespec t = c->pass;
	t.tv_nsec -= TICK_NS;
	if (t.tv_nsec < 0) {
		t.tv_nsec += 1000000000L;
		t.tv_sec--;
	}
	return t;
}

void contents_counts(const struct contents *c, size_t *ret_files, uint64_t *ret_bytes)
{
	*ret_files = atomic_load(&c->files);
	*ret_bytes = atomic_load(&c->bytes);
}
