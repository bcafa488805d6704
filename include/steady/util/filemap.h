/*
 * A regular file's bytes, mapped for reading.
 *
 * For files that their writers replace and never change in place (packs, indexes): a file that shrinks while
 * it is mapped would end the process.
 */
#ifndef STEADY_UTIL_FILEMAP_H
#define STEADY_UTIL_FILEMAP_H

#include "steady/util/base.h"
#include "steady/util/err.h"

struct filemap {
	/** NULL for an empty file. */
	const unsigned char *bytes;
	size_t len;
	/** The parts read so far, as filemap_touch was told; NULL until then. */
	uint64_t *touched;
	size_t touched_count;
	/** The bytes are not a mapping but somebody else's. */
	bool borrowed;
};

/** Bytes in memory as if they were a file's; they must outlive the map. */
struct filemap filemap_borrow(const void *bytes, size_t len);

/** Maps `path` below dirfd, opened as fsio.h describes. 0 or -errno; -EINVAL for anything but a regular file.
 */
int filemap_open(int dirfd, const char *path, struct filemap *ret, struct err *err);
/** Leaves an empty map, which is accepted too. */
void filemap_close(struct filemap *map);
/**
 * For readers that wander through a large file: says that bytes around `at` are about to be read. When much
 * of the file has been read, its pages are given back (they stay in the system's cache), so that a walk
 * through a pack of gigabytes does not fill the process.
 */
void filemap_touch(struct filemap *map, size_t at);

#endif
