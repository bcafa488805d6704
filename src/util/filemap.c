#include "steady/util/filemap.h"

#include "steady/util/fsio.h"

#include "steady/util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The kernel maps about this much around a page that is read. */
#define PART ((size_t)64 * 1024)
/* Parts that may be mapped at a time: 64 MiB. */
#define PARTS_KEPT ((size_t)1024)

int filemap_open(int dirfd, const char *path, struct filemap *ret, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open(dirfd, path, O_RDONLY, err);
	if (fd < 0)
		return fd;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", path);
	struct filemap map = {.len = (size_t)st.st_size};
	if (map.len != 0) {
		void *at = mmap(NULL, map.len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at == MAP_FAILED)
			return err_sys(err, errno, "cannot map %s", path);
		map.bytes = at;
	}
	*ret = map;
	return 0;
}

struct filemap filemap_borrow(const void *bytes, size_t len)
{
	return (struct filemap){.bytes = bytes, .len = len, .borrowed = true};
}

void filemap_close(struct filemap *map)
{
	if (map->bytes != NULL && !map->borrowed)
		(void)munmap((void *)(uintptr_t)map->bytes, map->len);
	free(map->touched);
	*map = (struct filemap){.len = 0};
}

void filemap_touch(struct filemap *map, size_t at)
{
	size_t words = map->len / PART / 64 + 1;
	if (map->borrowed || map->len <= PARTS_KEPT * PART || at >= map->len)
		return;
	if (map->touched == NULL)
		map->touched = xcalloc(words, sizeof(*map->touched));
	size_t part = at / PART;
	uint64_t bit = (uint64_t)1 << part % 64;
	if ((map->touched[part / 64] & bit) != 0)
		return;
	if (map->touched_count == PARTS_KEPT) {
		(void)madvise((void *)(uintptr_t)map->bytes, map->len, MADV_DONTNEED);
		memset(map->touched, 0, words * sizeof(*map->touched));
		map->touched_count = 0;
	}
	map->touched[part / 64] |= bit;
	map->touched_count++;
}
