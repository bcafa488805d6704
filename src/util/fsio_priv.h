/*
 * What reading (fsio.c) and writing (fswrite.c) share: opening below a directory without following a link.
 */
#ifndef STEADY_SRC_UTIL_FSIO_PRIV_H
#define STEADY_SRC_UTIL_FSIO_PRIV_H

#include "steady/util/fsio.h"

#include <fcntl.h>

#define OPEN_ALWAYS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

/** The descriptor, or -errno. */
int fsio_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
/**
 * The directory that holds `path`, and the last component. A path of one component needs no descriptor of its
 * own: *ret_held is then -1 and dirfd itself is returned.
 */
int fsio_open_parent(int dirfd, const char *path, int *ret_held, const char **ret_name, struct err *err);

#endif
