#include "fsio_priv.h"

#include "steady/util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/openat2.h>
#endif

#define READ_CHUNK ((size_t)64 * 1024)

int timespec_cmp(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec < b.tv_sec ? -1 : 1;
	return (a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec);
}

int fsio_open_root(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot open directory %s", path);
	return fd;
}

static bool is_self(const char *path)
{
	return path[0] == '\0' || strcmp(path, ".") == 0;
}

/* A link where a directory should be is told as openat2 tells it: refused, and not as if nothing were there. */
static int open_error(int dirfd, const char *name, int code)
{
	struct stat st;
	bool link =
		code == ENOTDIR && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
	return link ? ELOOP : code;
}

/* One component at a time: for systems without openat2, or where a sandbox forbids it. */
static int open_by_component(int dirfd, const char *path, int flags, mode_t mode)
{
	CLEANUP_CLOSE int held = -1;
	int at = dirfd;
	const char *slash;
	while ((slash = strchr(path, '/')) != NULL) {
		CLEANUP_FREE char *part = xstrndup(path, (size_t)(slash - path));
		int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (next < 0)
			return -open_error(at, part, errno);
		if (held >= 0)
			(void)close(held);
		at = held = next;
		path = slash + 1;
	}
	int fd = openat(at, path, flags, mode);
	return fd < 0 ? -errno : fd;
}

/* open() that follows no link below dirfd and never leaves it; the descriptor, or -errno. */
int fsio_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	flags |= OPEN_ALWAYS;
	if (is_self(path))
		path = ".";
	else if (!path_is_inside(span_of(path)))
		return -EXDEV;
	if (strchr(path, '/') == NULL) {
		int fd = openat(dirfd, path, flags, mode);
		return fd < 0 ? -errno : fd;
	}
#ifdef SYS_openat2
	static _Atomic bool unsupported; /* several threads may find out at once */
	if (!unsupported) {
		struct open_how how = {.flags = (unsigned)flags,
			.mode = (flags & O_CREAT) != 0 ? mode : 0,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != ENOSYS && errno != EPERM && errno != EAGAIN)
			return -errno;
		unsupported = errno == ENOSYS;
	}
#endif
	return open_by_component(dirfd, path, flags, mode);
}

int fsio_open(int dirfd, const char *path, int flags, struct err *err)
{
	int fd = fsio_open_beneath(dirfd, path, flags, 0666);
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s", path);
	return fd;
}

int fsio_open_dir(int dirfd, const char *path, struct err *err)
{
	return fsio_open(dirfd, path, O_RDONLY | O_DIRECTORY, err);
}

/*
 * The directory that holds `path`, and the last component. A path of one component needs no descriptor of its
 * own: *ret_held is then -1 and dirfd itself is returned.
 */
int fsio_open_parent(int dirfd, const char *path, int *ret_held, const char **ret_name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	*ret_held = -1;
	if (slash == NULL) {
		if (!path_is_inside(span_of(path)))
			return err_set(err, EXDEV, "%s is not a path inside the directory", path);
		*ret_name = path;
		return dirfd;
	}
	CLEANUP_FREE char *dir = xstrndup(path, (size_t)(slash - path));
	if (!path_is_inside(span_of(path)))
		return err_set(err, EXDEV, "%s is not a path inside the directory", path);
	int fd = fsio_open_dir(dirfd, dir, err);
	if (fd < 0)
		return fd;
	*ret_held = fd;
	*ret_name = slash + 1;
	return fd;
}

int fsio_stat(int dirfd, const char *path, struct stat *ret, struct err *err)
{
	if (is_self(path)) {
		if (fstat(dirfd, ret) < 0)
			return err_sys(err, errno, "cannot read the directory");
		return 0;
	}
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
	if (parent == -ENOENT || parent == -ENOTDIR)
		return FSIO_MISSING;
	if (parent < 0)
		return parent;
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return FSIO_MISSING;
		return err_sys(err, errno, "cannot read %s", path);
	}
	*ret = st;
	return 0;
}

/* Reads to the end of fd, at most max bytes; a file may grow or shrink while we read. */
static int read_all(int fd, size_t expected, size_t max, struct arena *mem, struct span *ret)
{
	size_t room = expected + 1;
	char *buf = arena_alloc(mem, room + 1);
	size_t len = 0;
	for (;;) {
		if (len == room) {
			if (len > max)
				return EFBIG;
			size_t wider = room * 2 < max + 1 ? room * 2 : max + 1;
			char *grown = arena_alloc(mem, wider + 1);
			memcpy(grown, buf, len);
			buf = grown;
			room = wider;
		}
		ssize_t got = read(fd, buf + len, room - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		size_t asked = room - len;
		len += (size_t)got;
		/* All that was there when it was opened, and less than there is room for: the end. */
		if (got == 0 || (len >= expected && (size_t)got < asked))
			break;
	}
	if (len > max)
		return EFBIG;
	buf[len] = '\0';
	*ret = span_make(buf, len);
	return 0;
}

int fsio_read(int dirfd, const char *path, size_t max, struct arena *mem, struct span *ret,
	struct stat *ret_stat, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open_beneath(dirfd, path, O_RDONLY, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return FSIO_MISSING;
	if (fd == -ELOOP || fd == -ENXIO)
		return err_set(err, EINVAL, "%s is not a regular file", path);
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", path);
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return err_set(err, EFBIG, "%s is larger than %zu bytes", path, max);
	int code = read_all(fd, (size_t)st.st_size, max, mem, ret);
	if (code == EFBIG)
		return err_set(err, EFBIG, "%s is larger than %zu bytes", path, max);
	if (code != 0)
		return err_sys(err, code, "cannot read %s", path);
	if (ret_stat != NULL)
		*ret_stat = st;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dir_entry *)a)->name, ((const struct dir_entry *)b)->name);
}

static unsigned char type_of(int fd, const char *name, unsigned char type)
{
	if (type != DT_UNKNOWN)
		return type;
	struct stat st;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_CHR; /* vanished or unreadable: nothing we would open */
	return (unsigned char)IFTODT(st.st_mode);
}

struct entry_list {
	struct dir_entry *data;
	size_t len, cap;
};

/* 0, or E2BIG. */
static int add_entry(
	struct entry_list *list, int fd, const char *name, unsigned char type, size_t max, struct arena *mem)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (list->len == max)
		return E2BIG;
	*vec_add(list) = (struct dir_entry){arena_strdup(mem, name), type_of(fd, name, type)};
	return 0;
}

#ifdef __linux__

/* What getdents64 returns, as the kernel documents it. */
struct kernel_entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* Straight from the kernel: opendir would open, stat and allocate for each of thousands of small directories. */
static int list_entries(int fd, struct entry_list *list, size_t max, struct arena *mem)
{
	_Alignas(struct kernel_entry) char buf[READ_CHUNK / 2];
	if (lseek(fd, 0, SEEK_SET) < 0)
		return errno;
	for (;;) {
		long got = syscall(SYS_getdents64, fd, buf, sizeof(buf));
		if (got <= 0)
			return got < 0 ? errno : 0;
		for (long at = 0; at < got;) {
			const struct kernel_entry *entry = (const void *)(buf + at);
			int code = add_entry(list, fd, entry->name, entry->type, max, mem);
			if (code != 0)
				return code;
			at += entry->length;
		}
	}
}

#else

static int list_entries(int fd, struct entry_list *list, size_t max, struct arena *mem)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;
	if (dir == NULL) {
		int code = errno;
		steady_cleanup_close(&own);
		return code;
	}
	int code = 0;
	while (code == 0) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL) {
			code = errno;
			break;
		}
		code = add_entry(list, own, entry->d_name, entry->d_type, max, mem);
	}
	(void)closedir(dir);
	return code;
}

#endif

int fsio_list(int fd, size_t max, struct arena *mem, struct dir_list *ret, struct err *err)
{
	struct entry_list entries = VEC_INIT;
	int code = list_entries(fd, &entries, max, mem);
	if (code == 0) {
		ret->entry = vec_copy(mem, &entries);
		ret->count = entries.len;
		qsort(ret->entry, ret->count, sizeof(*ret->entry), by_name);
	}
	vec_release(&entries);
	if (code == E2BIG)
		return err_set(err, E2BIG, "a directory has more than %zu entries", max);
	return code != 0 ? err_sys(err, code, "cannot list a directory") : 0;
}

bool fsio_birth(const char *path, struct timespec *ret)
{
#ifdef STATX_BTIME
	struct statx sx;
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) < 0 ||
		(sx.stx_mask & STATX_BTIME) == 0)
		return false;
	*ret = (struct timespec){.tv_sec = sx.stx_btime.tv_sec, .tv_nsec = (long)sx.stx_btime.tv_nsec};
	return true;
#else
	(void)path;
	(void)ret;
	return false;
#endif
}
