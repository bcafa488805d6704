#include "steady/core/mtimewalk.h"

#include "steady/util/fsio.h"
#include "steady/util/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Directories are held open on the way down; deeper trees end here. */
#define MAX_DEPTH 256

/* The directories between the root of the walk and where it is. */
struct above {
	const struct above *up;
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

struct walk {
	struct timespec newest;
	size_t entries, limit;
	bool too_many;
};

static void see(struct walk *w, struct timespec t)
{
	if (timespec_cmp(t, w->newest) > 0)
		w->newest = t;
}

static bool is_above(const struct above *a, const struct stat *st)
{
	for (; a != NULL; a = a->up) {
		if (a->dev == st->st_dev && a->ino == st->st_ino)
			return true;
	}
	return false;
}

static void walk_dir(struct walk *w, int fd, const struct above *up, const struct stat *st);

static void walk_entry(struct walk *w, int parent, const char *name, const struct above *here)
{
	struct stat own, st;
	if (fstatat(parent, name, &own, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	st = own;
	if (S_ISLNK(own.st_mode)) {
		if (fstatat(parent, name, &st, 0) < 0)
			return;
		if (S_ISDIR(st.st_mode) && is_above(here, &st))
			return;
		see(w, own.st_mtim);
	}
	see(w, st.st_mtim);
	if (!S_ISDIR(st.st_mode) || here->depth >= MAX_DEPTH)
		return;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk_dir(w, fd, here, &st);
}

/* Takes the descriptor over. */
static void walk_dir(struct walk *w, int fd, const struct above *up, const struct stat *st)
{
	struct above here = {
		.up = up, .dev = st->st_dev, .ino = st->st_ino, .depth = up != NULL ? up->depth + 1 : 1};
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return;
	}
	const struct dirent *entry;
	while (!w->too_many && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (++w->entries > w->limit)
			w->too_many = true;
		else
			walk_entry(w, dirfd(dir), entry->d_name, &here);
	}
	(void)closedir(dir);
}

int mtime_recursive_within(
	const char *path, size_t limit, size_t *ret_entries, struct timespec *ret, struct err *err)
{
	struct stat own, st;
	*ret_entries = 0;
	if (lstat(path, &own) < 0 || stat(path, &st) < 0)
		return FSIO_MISSING;
	if (!S_ISDIR(st.st_mode)) {
		*ret = st.st_mtim;
		return 0;
	}
	struct walk w = {.newest = st.st_mtim, .limit = limit};
	if (S_ISLNK(own.st_mode))
		see(&w, own.st_mtim);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk_dir(&w, fd, NULL, &st);
	*ret_entries = w.entries;
	if (w.too_many)
		return err_set(err, E2BIG, "%s holds more than %zu files", path, limit);
	*ret = w.newest;
	return 0;
}

int mtime_recursive(const char *path, struct timespec *ret, struct err *err)
{
	size_t entries;
	return mtime_recursive_within(path, MTIMEWALK_MAX_ENTRIES, &entries, ret, err);
}
