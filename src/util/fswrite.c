#include "fsio_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	if (code == 0 && !meta->unsynced && fsync(fd) < 0)
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
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
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
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
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
	if (code == 0 && !meta->unsynced && fsync(parent) < 0)
		code = errno;
	if (code != 0)
		return err_sys(err, code, "cannot write %s", path);
	return 0;
}

static int move(int dirfd, const char *from, const char *to, bool sync, struct err *err)
{
	CLEANUP_CLOSE int held_from = -1;
	CLEANUP_CLOSE int held_to = -1;
	const char *name_from = NULL, *name_to = NULL;
	int parent_from = fsio_open_parent(dirfd, from, &held_from, &name_from, err);
	if (parent_from < 0)
		return parent_from;
	int parent_to = fsio_open_parent(dirfd, to, &held_to, &name_to, err);
	if (parent_to < 0)
		return parent_to;
	if (renameat(parent_from, name_from, parent_to, name_to) < 0)
		return err_sys(err, errno, "cannot rename %s to %s", from, to);
	if (sync && (fsync(parent_to) < 0 || fsync(parent_from) < 0))
		return err_sys(err, errno, "cannot sync the directory of %s", to);
	return 0;
}

int fsio_move(int dirfd, const char *from, const char *to, struct err *err)
{
	return move(dirfd, from, to, false, err);
}

int fsio_rename(int dirfd, const char *from, const char *to, struct err *err)
{
	return move(dirfd, from, to, true, err);
}

static int remove_one(int dirfd, const char *path, int flags, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
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
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0777) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make the directory %s", path);
	return 0;
}

/* A directory without write permission is ours to remove all the same. */
static int remove_entry(int fd, const char *name, int flags)
{
	if (unlinkat(fd, name, flags) == 0)
		return 0;
	return errno == EACCES && fchmod(fd, 0700) == 0 ? unlinkat(fd, name, flags) : -1;
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
			if (remove_entry(fd, name, 0) < 0 && errno != ENOENT)
				return err_sys(err, errno, "cannot remove %s", name);
			continue;
		}
		CLEANUP_CLOSE int child = fsio_open_dir(fd, name, err);
		if (child < 0)
			return child;
		code = remove_contents(child, depth + 1, err);
		if (code >= 0 && remove_entry(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return err_sys(err, errno, "cannot remove %s", name);
	}
	return code;
}

int fsio_remove_tree(int dirfd, const char *path, struct err *err)
{
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
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
	int parent = fsio_open_parent(dirfd, path, &held, &name, err);
	if (parent < 0)
		return parent;
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "cannot set the time of %s", path);
	return 0;
}

void fsio_take_owner(int dirfd, const char *path, const char *like)
{
	struct stat from, to;
	CLEANUP_CLOSE int held = -1;
	const char *name = NULL;
	if (fsio_stat(dirfd, like, &from, NULL) != 0 || fsio_stat(dirfd, path, &to, NULL) != 0 ||
		(from.st_uid == to.st_uid && from.st_gid == to.st_gid))
		return;
	int parent = fsio_open_parent(dirfd, path, &held, &name, NULL);
	if (parent < 0 || fchownat(parent, name, from.st_uid, from.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return;
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
