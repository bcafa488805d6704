#include "steady/util/mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#ifdef __linux__
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

#ifdef __linux__
/* Not in every <linux/magic.h>. */
#define XFS_MAGIC 0x58465342L
#define ZFS_MAGIC 0x2fc12fc1L
#define BCACHEFS_MAGIC 0xca451a4eL
#define F2FS_MAGIC 0xf2f52010L

static bool is_local(const struct statfs *fs)
{
	static const long local[] = {EXT4_SUPER_MAGIC, XFS_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC, F2FS_MAGIC,
		ZFS_MAGIC, BCACHEFS_MAGIC};
	for (size_t i = 0; i < COUNT_OF(local); i++) {
		if ((unsigned long)fs->f_type == (unsigned long)local[i])
			return true;
	}
	return false;
}

bool mount_is_local(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && is_local(&fs);
}

bool mount_fd_is_local(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && is_local(&fs);
}

bool mount_dates_renames(const char *path)
{
	struct statfs fs;
	/* A layered file system renames in the upper layer. */
	return statfs(path, &fs) == 0 &&
		(is_local(&fs) || (unsigned long)fs.f_type == (unsigned long)OVERLAYFS_SUPER_MAGIC);
}

bool mount_is_same(const char *a, const char *b)
{
#ifdef STATX_MNT_ID
	struct statx x, y;
	if (statx(AT_FDCWD, a, 0, STATX_MNT_ID, &x) < 0 || statx(AT_FDCWD, b, 0, STATX_MNT_ID, &y) < 0)
		return false;
	return (x.stx_mask & y.stx_mask & STATX_MNT_ID) != 0 && x.stx_mnt_id == y.stx_mnt_id;
#else
	(void)a;
	(void)b;
	return false;
#endif
}
#else
bool mount_is_local(const char *path)
{
	(void)path;
	return false;
}

bool mount_fd_is_local(int fd)
{
	(void)fd;
	return false;
}

bool mount_dates_renames(const char *path)
{
	(void)path;
	return false;
}

bool mount_is_same(const char *a, const char *b)
{
	(void)a;
	(void)b;
	return false;
}
#endif
