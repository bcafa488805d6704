#include "steady/util/fsio.h"

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

#define OPEN_ALWAYS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
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
			return -errno;
		if (held >= 0)
			(void)close(held);
		at = held = next;
		path = slash + 1;
	}
	int fd = openat(at, path, flags, mode);
	return fd < 0 ? -errno : fd;
}

/* open() that follows no link below dirfd and never leaves it; the descriptor, or -errno. */
static int open_beneath(int dirfd, const char *path, int flags, mode_t mode)
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
	int fd = open_beneath(dirfd, path, flags, 0666);
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
static int open_parent(int dirfd, const char *path, int *ret_held, const char **ret_name, struct err *err)
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
	int parent = open_parent(dirfd, path, &held, &name, err);
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
		if (got == 0)
			break;
		len += (size_t)got;
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
	CLEANUP_CLOSE int fd = open_beneath(dirfd, path, O_RDONLY, 0);
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

static unsigned char type_of(int fd, const struct dirent *entry)
{
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	struct stat st;
	if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_CHR; /* vanished or unreadable: nothing we would open */
	return (unsigned char)IFTODT(st.st_mode);
}

int fsio_list(int fd, size_t max, struct arena *mem, struct dir_list *ret, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return err_sys(err, errno, "cannot list a directory");
	DIR *dir = fdopendir(own);
	if (dir == NULL) {
		int code = errno;
		(void)close(own);
		return err_sys(err, code, "cannot list a directory");
	}
	VEC(struct dir_entry) entries = VEC_INIT;
	int result = 0;
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (entry == NULL) {
			if (errno != 0)
				result = err_sys(err, errno, "cannot list a directory");
			break;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entries.len == max) {
			result = err_set(err, E2BIG, "a directory has more than %zu entries", max);
			break;
		}
		*vec_add(&entries) =
			(struct dir_entry){arena_strdup(mem, entry->d_name), type_of(own, entry)};
	}
	(void)closedir(dir);
	if (result == 0) {
		ret->entry = arena_array(mem, entries.len, sizeof(*ret->entry));
		ret->count = entries.len;
		if (entries.len != 0) {
			memcpy(ret->entry, entries.data, entries.len * sizeof(*ret->entry));
			qsort(ret->entry, ret->count, sizeof(*ret->entry), by_name);
		}
	}
	vec_release(&entries);
	return result;
}

static int write_all(int fd, struct span bytes)
{
	while (bytes.len != 0) {
		ssize_t put = write(fd, bytes.ptr, bytes.len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		bytes = span_skip(bytes, (size_t)put);
	}
	return 0;
}

/* Bytes, mode, times and sync of a file just created at parent/name; removes it again when something fails.
 */
static int fill_new_file(
	int parent, const char *name, int fd, struct span bytes, const struct file_meta *meta)
{
	int code = write_all(fd, bytes);
	if (code == 0 && fchmod(fd, meta->mode & 07777) < 0)
		code = errno;
	if (code == 0 && meta->has_mtime) {
		struct timespec times[2] = {meta->mtime, meta->mtime};
		if (futimens(fd, times) < 0)
			code = errno;
	}
	if (code == 0 && fsync(fd) < 0)
		code = errno;
	if (close(fd) < 0 && code == 0)
		code = errno;
	if (code != 0)
		(void)unlinkat(parent, name, 0);
	return code;
}

int fsio_create(int dirfd, const char *path, struct span bytes, const struct file_meta *meta, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = open_parent(dirfd, path, &held, &name, err);
	if (parent < 0)
		return parent;
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | OPEN_ALWAYS, 0600);
	if (fd < 0)
		return err_sys(err, errno, "cannot create %s", path);
	int code = fill_new_file(parent, name, fd, bytes, meta);
	if (code != 0)
		return err_sys(err, code, "cannot write %s", path);
	return 0;
}

int fsio_replace(
	int dirfd, const char *path, struct span bytes, const struct file_meta *meta, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = open_parent(dirfd, path, &held, &name, err);
	if (parent < 0)
		return parent;
	CLEANUP_STR struct str temp = STR_INIT;
	int fd = -1;
	for (unsigned attempt = 0; fd < 0; attempt++) {
		str_clear(&temp);
		str_printf(&temp, ".steady-%ld-%u.tmp", (long)getpid(), attempt);
		fd = openat(parent, temp.buf, O_WRONLY | O_CREAT | O_EXCL | OPEN_ALWAYS, 0600);
		if (fd < 0 && (errno != EEXIST || attempt > 100))
			return err_sys(err, errno, "cannot create a temporary file beside %s", path);
	}
	int code = fill_new_file(parent, temp.buf, fd, bytes, meta);
	if (code == 0 && renameat(parent, temp.buf, parent, name) < 0) {
		code = errno;
		(void)unlinkat(parent, temp.buf, 0);
	}
	if (code == 0 && fsync(parent) < 0)
		code = errno;
	if (code != 0)
		return err_sys(err, code, "cannot write %s", path);
	return 0;
}

int fsio_rename(int dirfd, const char *from, const char *to, struct err *err)
{
	CLEANUP_CLOSE int held_from = -1;
	CLEANUP_CLOSE int held_to = -1;
	const char *name_from = NULL, *name_to = NULL;
	int parent_from = open_parent(dirfd, from, &held_from, &name_from, err);
	if (parent_from < 0)
		return parent_from;
	int parent_to = open_parent(dirfd, to, &held_to, &name_to, err);
	if (parent_to < 0)
		return parent_to;
	if (renameat(parent_from, name_from, parent_to, name_to) < 0)
		return err_sys(err, errno, "cannot rename %s to %s", from, to);
	if (fsync(parent_to) < 0 || fsync(parent_from) < 0)
		return err_sys(err, errno, "cannot sync the directory of %s", to);
	return 0;
}

static int remove_one(int dirfd, const char *path, int flags, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = open_parent(dirfd, path, &held, &name, err);
	if (parent == -ENOENT || parent == -ENOTDIR)
		return FSIO_MISSING;
	if (parent < 0)
		return parent;
	if (unlinkat(parent, name, flags) < 0) {
		if (errno == ENOENT)
			return FSIO_MISSING;
		return err_sys(err, errno == EEXIST ? ENOTEMPTY : errno, "cannot remove %s", path);
	}
	return 0;
}

int fsio_unlink(int dirfd, const char *path, struct err *err)
{
	return remove_one(dirfd, path, 0, err);
}

int fsio_rmdir(int dirfd, const char *path, struct err *err)
{
	return remove_one(dirfd, path, AT_REMOVEDIR, err);
}

int fsio_mkdir(int dirfd, const char *path, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = open_parent(dirfd, path, &held, &name, err);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0777) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make the directory %s", path);
	return 0;
}

static int remove_contents(int fd, unsigned depth, struct err *err)
{
	if (depth > 64)
		return err_set(err, ELOOP, "a directory is nested too deeply to remove");
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	int code = fsio_list(fd, 1000000, mem, &list, err);
	for (size_t i = 0; code >= 0 && i < list.count; i++) {
		const char *name = list.entry[i].name;
		if (list.entry[i].type != DT_DIR) {
			if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
				return err_sys(err, errno, "cannot remove %s", name);
			continue;
		}
		CLEANUP_CLOSE int child = fsio_open_dir(fd, name, err);
		if (child < 0)
			return child;
		code = remove_contents(child, depth + 1, err);
		if (code >= 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return err_sys(err, errno, "cannot remove %s", name);
	}
	return code;
}

int fsio_remove_tree(int dirfd, const char *path, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = open_parent(dirfd, path, &held, &name, err);
	if (parent == -ENOENT)
		return FSIO_MISSING;
	if (parent < 0)
		return parent;
	CLEANUP_CLOSE int fd = fsio_open_dir(parent, name, NULL);
	if (fd == -ENOENT)
		return FSIO_MISSING;
	if (fd < 0)
		return fsio_unlink(dirfd, path, err);
	int code = remove_contents(fd, 0, err);
	if (code >= 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		return err_sys(err, errno, "cannot remove %s", path);
	return code;
}

int fsio_set_mtime(int dirfd, const char *path, struct timespec mtime, struct err *err)
{
	struct timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, mtime};
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = open_parent(dirfd, path, &held, &name, err);
	if (parent < 0)
		return parent;
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "cannot set the time of %s", path);
	return 0;
}

int fsio_sync_dir(int dirfd, const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(dirfd, path, err);
	if (fd < 0)
		return fd;
	if (fsync(fd) < 0)
		return err_sys(err, errno, "cannot sync the directory %s", path);
	return 0;
}
