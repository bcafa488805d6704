/*
 * fsio.h for very many files, asked about in the order of their paths: the directory of the last one stays open, which
 * saves two system calls of three.
 *
 *	struct fsnear near = FSNEAR_INIT(root_fd);
 *	for (...)
 *		fsnear_stat(&near, path, &st);
 *	fsnear_release(&near);
 *
 * A directory that is moved meanwhile is still the one that was opened; no link is followed. Each thread has its own.
 */
#ifndef STEADY_UTIL_FSNEAR_H
#define STEADY_UTIL_FSNEAR_H

#include "steady/util/fsio.h"

struct fsnear {
	/** Not owned. */
	int root;
	/** The directory that is open, -1 for none, and its path below root. */
	int held;
	struct str dir;
};

#define FSNEAR_INIT(rootfd)                                                                                  \
	{                                                                                                    \
		.root = (rootfd), .held = -1                                                                 \
	}

void fsnear_release(struct fsnear *n);
/** The directory that holds `path`, valid until the next call, and the last component; or -errno. */
int fsnear_parent(struct fsnear *n, const char *path, const char **ret_name);
/** As fsio_stat. */
int fsnear_stat(struct fsnear *n, const char *path, struct stat *ret);
/** As fsio_read. */
int fsnear_read(struct fsnear *n, const char *path, size_t max, struct arena *mem, struct span *ret,
	struct stat *ret_stat, struct err *err);
/** As fsio_set_mtime. */
int fsnear_set_mtime(struct fsnear *n, const char *path, struct timespec mtime);

#endif
