#include "steady/core/runtexts.h"

#include "steady/core/aside.h"
#include "steady/util/fsio.h"

#include <dirent.h>

#define MAX_BYTES ((size_t)1 << 30)
#define MAX_DEPTH 64
#define MAX_ENTRIES ((size_t)1000000)

struct search {
	runtexts_match *match;
	const void *ctx;
	struct arena *mem;
};

bool runtexts_file(int dirfd, const char *path, runtexts_match *match, const void *ctx)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span bytes;
	return fsio_read(dirfd, path, MAX_BYTES, mem, &bytes, NULL, NULL) != 0 || match(bytes, ctx);
}

/* The first file below the open directory that matches, as a path below it. */
static const char *find_in_tree(const struct search *s, int fd, unsigned depth)
{
	struct dir_list list;
	if (depth > MAX_DEPTH || fsio_list(fd, MAX_ENTRIES, s->mem, &list, NULL) < 0)
		return ".";
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.entry[i].name;
		if (list.entry[i].type == DT_DIR) {
			CLEANUP_CLOSE int child = fsio_open_dir(fd, name, NULL);
			const char *found = child < 0 ? "." : find_in_tree(s, child, depth + 1);
			if (found != NULL)
				return arena_printf(s->mem, "%s/%s", name, found);
		} else if (list.entry[i].type != DT_REG || runtexts_file(fd, name, s->match, s->ctx)) {
			return name;
		}
	}
	return NULL;
}

const char *runtexts_find(const struct target *t, const struct unit_files *run, runtexts_match *match,
	const void *ctx, struct arena *mem)
{
	const struct search s = {match, ctx, mem};
	const char *printed =
		run->reference_state == REFERENCE_MISSING ? aside_path(mem, run) : run->reference.path;
	if (runtexts_file(t->fd, printed, match, ctx))
		return run->reference.path;
	const char *out_dir = unit_out_dir(mem, run->unit);
	CLEANUP_CLOSE int fd = fsio_open_dir(t->fd, out_dir, NULL);
	const char *found = fd < 0 ? NULL : find_in_tree(&s, fd, 0);
	return found == NULL ? NULL : arena_printf(mem, "%s/%s", out_dir, found);
}
