#include "steady/core/embedded.h"

#include "steady/util/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)1024 * 1024)
/* Longest string that is searched for; what a chunk ends with is kept for the next one. */
#define MAX_NEEDLE ((size_t)4096)
#define MAX_FILES 50000
#define MAX_DEPTH 64
/* Of one file or tree; what is larger is not searched. */
#define MAX_BYTES ((uint64_t)8 * 1024 * 1024 * 1024)

static bool holds_any(struct span text, const struct span *needle, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_find_span(text, needle[i]) != text.len)
			return true;
	}
	return false;
}

static size_t longest(const struct span *needle, size_t count)
{
	size_t max = 1;
	for (size_t i = 0; i < count; i++)
		max = needle[i].len > max ? needle[i].len : max;
	return max < MAX_NEEDLE ? max : MAX_NEEDLE;
}

/*
 * Skips a hole, which holds nothing and could be of any size in a tree from a stranger; false at the end. Where the
 * file system cannot say, everything is read.
 */
static bool skip_hole(int fd, off_t *at)
{
#ifdef SEEK_DATA
	off_t data = lseek(fd, *at, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	*at = data;
#else
	(void)fd;
	(void)at;
#endif
	return true;
}

static int search_fd(int fd, const struct span *needle, size_t count, uint64_t *budget)
{
	CLEANUP_FREE char *buf = xmalloc(MAX_NEEDLE + READ_SIZE);
	size_t keep = longest(needle, count) - 1, held = 0;
	for (off_t at = 0;;) {
		off_t from = at;
		if (!skip_hole(fd, &at))
			return 0;
		held = at == from ? held : 0;
		ssize_t got = pread(fd, buf + held, READ_SIZE, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		if ((uint64_t)got > *budget)
			return -E2BIG;
		*budget -= (uint64_t)got;
		at += got;
		size_t len = held + (size_t)got;
		if (holds_any(span_make(buf, len), needle, count))
			return 1;
		held = len < keep ? len : keep;
		memmove(buf, buf + len - held, held);
	}
}

static int search_file(int dirfd, const char *path, const struct span *needle, size_t count, uint64_t *budget,
	struct err *err)
{
	struct stat st;
	CLEANUP_CLOSE int fd = fsio_open(dirfd, path, O_RDONLY, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", path);
	int code = search_fd(fd, needle, count, budget);
	if (code == -E2BIG)
		return err_set(err, E2BIG, "%s is too large", path);
	return code < 0 ? err_sys(err, -code, "cannot read %s", path) : code;
}

int embedded_in_file(int dirfd, const char *path, const struct span *needle, size_t count, struct err *err)
{
	uint64_t budget = MAX_BYTES;
	return search_file(dirfd, path, needle, count, &budget, err);
}

struct search {
	int dirfd;
	const struct span *needle;
	size_t count;
	embedded_skip *skip;
	void *ctx;
	struct arena *mem;
	size_t files;
	uint64_t budget;
	const char *hit;
};

static int search_tree(struct search *s, const char *path, unsigned depth, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(s->dirfd, path, err);
	struct dir_list list;
	if (fd < 0)
		return fd;
	if (depth > MAX_DEPTH)
		return err_set(err, E2BIG, "%s is nested too deeply", path);
	int code = fsio_list(fd, MAX_FILES, s->mem, &list, err);
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		const char *child = arena_printf(s->mem, "%s/%s", path, list.entry[i].name);
		if (++s->files > MAX_FILES)
			return err_set(err, E2BIG, "%s has too many files", path);
		if (list.entry[i].type == DT_DIR) {
			code = search_tree(s, child, depth + 1, err);
		} else if (list.entry[i].type == DT_REG && !(s->skip != NULL && s->skip(child, s->ctx))) {
			code = search_file(s->dirfd, child, s->needle, s->count, &s->budget, err);
			s->hit = code == 1 ? child : s->hit;
		}
	}
	return code;
}

int embedded_in_tree(int dirfd, const char *path, const struct span *needle, size_t count,
	embedded_skip *skip, void *ctx, struct arena *mem, const char **ret_path, struct err *err)
{
	struct search s = {.dirfd = dirfd,
		.needle = needle,
		.count = count,
		.skip = skip,
		.ctx = ctx,
		.mem = mem,
		.budget = MAX_BYTES};
	struct stat st;
	int code = fsio_stat(dirfd, path, &st, err);
	if (code != 0)
		return code < 0 ? code : 0;
	code = search_tree(&s, path, 0, err);
	if (code == 1)
		*ret_path = s.hit;
	return code;
}
