/*
 * What a path is mounted from.
 */
#ifndef STEADY_UTIL_MOUNT_H
#define STEADY_UTIL_MOUNT_H

#include "steady/util/base.h"

/** True for a file system of this machine that keeps ctime as POSIX demands; false where that is not known. */
bool mount_is_local(const char *path);
/** The same of what an open descriptor names. */
bool mount_fd_is_local(int fd);
/** True for a file system on which a rename changes the ctime of what is renamed; false where that is not known. */
bool mount_dates_renames(const char *path);
/** Do both paths lie on one mount (not just one device: a bind mount is another)? False where that is not known. */
bool mount_is_same(const char *a, const char *b);

#endif
