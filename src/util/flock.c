#include "steady/util/flock.h"

#include "steady/util/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#ifdef __linux__
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

/* Errors by which a file system says that it has no locks; cargo goes on without one there, and so do we. */
static bool no_locks_here(int code)
{
	return code == ENOTSUP || code == EOPNOTSUPP || code == ENOSYS;
}

/* cargo takes no locks on NFS, where they may hang for ever; a lock of ours would keep nobody out. */
static bool is_on_nfs(int fd)
{
#ifdef __linux__
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == NFS_SUPER_MAGIC;
#else
	(void)fd;
	return false;
#endif
}

int flock_try(int dirfd, const char *path, int *ret_fd, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open(dirfd, path, O_RDWR | O_CREAT, err);
	if (fd < 0)
		return fd;
	int result = 0;
	while (!is_on_nfs(fd) && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			result = FLOCK_BUSY;
		else if (!no_locks_here(errno))
			return err_sys(err, errno, "cannot lock %s", path);
		break;
	}
	*ret_fd = TAKE_FD(fd);
	return result;
}

int flock_wait(int fd, struct err *err)
{
	if (flock(fd, LOCK_EX) == 0 || no_locks_here(errno))
		return 0;
	return err_sys(err, errno, "cannot wait for a lock");
}
