/*
 * Files of a tree that may be hostile.
 *
 * Every function takes a directory descriptor and a path below it. Nothing follows a symbolic link in any
 * component below that directory, nothing leaves it, and only regular files are read or written: a FIFO or a
 * device is opened without blocking and refused (-EINVAL). Limits are the caller's.
 */
#ifndef STEADY_UTIL_FSIO_H
#define STEADY_UTIL_FSIO_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#include <sys/stat.h>
#include <time.h>

/** Returned, as a positive condition, where the thing asked for is not there. */
#define FSIO_MISSING 1

/** Opens a directory by its full path, links in that path allowed. Descriptor, or -errno. */
int fsio_open_root(const char *path, struct err *err);
/** open() below dirfd as described above; flags as for open (O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK are added). */
int fsio_open(int dirfd, const char *path, int flags, struct err *err);
/** A directory below dirfd ("" or "." for dirfd itself), or FSIO_MISSING is never returned: -ENOENT. */
int fsio_open_dir(int dirfd, const char *path, struct err *err);
/** The metadata of the thing itself (a link is not followed). FSIO_MISSING if it is not there. */
int fsio_stat(int dirfd, const char *path, struct stat *ret, struct err *err);
/**
 * Reads a whole regular file of at most `max` bytes into `mem` (NUL-terminated behind its end).
 * ret_stat may be NULL. FSIO_MISSING; -EFBIG; -EINVAL for anything but a regular file.
 */
int fsio_read(int dirfd, const char *path, size_t max, struct arena *mem, struct span *ret,
	struct stat *ret_stat, struct err *err);

/** One entry of a directory; `type` is a DT_ constant and never DT_UNKNOWN. */
struct dir_entry {
	const char *name;
	unsigned char type;
};
struct dir_list {
	struct dir_entry *entry;
	size_t count;
};
/** The entries of an open directory (fd stays open), sorted by bytes, without . and .. , at most `max`
 * (-E2BIG). */
int fsio_list(int fd, size_t max, struct arena *mem, struct dir_list *ret, struct err *err);

/** A new file's properties. */
struct file_meta {
	mode_t mode;
	/** Set on the file if has_mtime; the access time is set too. */
	bool has_mtime;
	struct timespec mtime;
	/** Do not wait for the disk: for what may be lost in a crash, but never be half there unnoticed. */
	bool unsynced;
};
/** Creates `path` exclusively with these bytes, synced to disk; an existing file is -EEXIST. */
int fsio_create(
	int dirfd, const char *path, struct span bytes, const struct file_meta *meta, struct err *err);
/**
 * Replaces (or makes) a file atomically: temporary file beside it, write, fsync, times, rename, fsync of the
 * directory. A reader sees the old or the new file.
 */
int fsio_replace(
	int dirfd, const char *path, struct span bytes, const struct file_meta *meta, struct err *err);
/** rename() with both ends checked component by component; not on disk before fsio_sync_dir of both directories.
 */
int fsio_move(int dirfd, const char *from, const char *to, struct err *err);
/** fsio_move, and both directories are synced. */
int fsio_rename(int dirfd, const char *from, const char *to, struct err *err);
/** unlink(); FSIO_MISSING if it is not there. */
int fsio_unlink(int dirfd, const char *path, struct err *err);
/** Makes one directory, 0777 less umask; there already is success. */
int fsio_mkdir(int dirfd, const char *path, struct err *err);
/** Removes a directory if it is empty; -ENOTEMPTY if not, FSIO_MISSING if it is not there. */
int fsio_rmdir(int dirfd, const char *path, struct err *err);
/** Removes a directory of plain files and directories, never following a link out of it. */
int fsio_remove_tree(int dirfd, const char *path, struct err *err);
/** Sets the modification time (the access time is kept), of a link itself if it is one. */
int fsio_set_mtime(int dirfd, const char *path, struct timespec mtime, struct err *err);
/**
 * Gives a file the owner and group of another one, where they differ and we may: run as root over a user's tree,
 * what we replace stays the user's. A failure is none, the file is then ours.
 */
void fsio_take_owner(int dirfd, const char *path, const char *like);
/** Waits until the entries of the directory are on disk. */
int fsio_sync_dir(int dirfd, const char *path, struct err *err);

/** When the thing at `path` was made; false where it is not there or the file system does not tell. */
bool fsio_birth(const char *path, struct timespec *ret);

int timespec_cmp(struct timespec a, struct timespec b);

#endif
