#include "steady/core/stamps.h"

#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

/* The beginning of 1980: zip knows nothing earlier. */
#define LONG_AGO ((time_t)315532800)
#define MAX_DEPTH 64
#define MAX_ENTRIES ((size_t)1000000)

/* Calls fn for every file below the directory, until it returns non-zero. Links are not followed. */
typedef int file_fn(int dirfd, const char *name, struct timespec mtime, struct err *err);

static int each_file(int fd, unsigned depth, file_fn *fn, struct timespec mtime, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	if (depth > MAX_DEPTH)
		return err_set(err, ELOOP, "a directory is nested too deeply");
	int code = fsio_list(fd, MAX_ENTRIES, mem, &list, err);
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		if (list.entry[i].type == DT_DIR) {
			CLEANUP_CLOSE int child = fsio_open_dir(fd, list.entry[i].name, err);
			code = child < 0 ? child : each_file(child, depth + 1, fn, mtime, err);
		} else if (list.entry[i].type == DT_REG) {
			code = fn(fd, list.entry[i].name, mtime, err);
		}
	}
	return code;
}

static int set_one(int dirfd, const char *name, struct timespec mtime, struct err *err)
{
	return fsio_set_mtime(dirfd, name, mtime, err);
}

/* 1 for a file that is younger. */
static int is_younger(int dirfd, const char *name, struct timespec mtime, struct err *err)
{
	struct stat st;
	return fsio_stat(dirfd, name, &st, err) == 0 && timespec_cmp(st.st_mtim, mtime) > 0;
}

static const struct timespec long_ago = {.tv_sec = LONG_AGO};

bool stamps_has_fresh_files(const struct target *t, const char *directory)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(t->fd, directory, NULL);
	return fd >= 0 && each_file(fd, 0, is_younger, long_ago, NULL) > 0;
}

static int set_tree(const struct target *t, const char *directory, struct timespec mtime, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(t->fd, directory, NULL);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "cannot open the directory %s", directory);
	return each_file(fd, 0, set_one, mtime, err);
}

static int empty(const struct target *t, const struct stamp_step *step, struct err *err)
{
	const struct file_meta meta = {.mode = t->unit[step->unit].hash_mode};
	return fsio_replace(t->fd, step->path, span_of(""), &meta, err);
}

static int revive(const struct target *t, const struct stamp_step *step, struct err *err)
{
	const struct unit *u = &t->unit[step->unit];
	/* As it was when it was read: its unit's hash may change next. */
	const struct file_meta meta = {
		.mode = u->hash_mode, .has_mtime = true, .mtime = u->hash_mtime, .unsynced = true};
	char text[HASHFILE_LEN + 1];
	hashfile_format(u->hash, text);
	return fsio_replace(t->fd, step->path, span_of(text), &meta, err);
}

static int apply(const struct target *t, const struct stamp_step *step, struct err *err)
{
	switch (step->act) {
	case STAMP_SET_ASIDE:
		t->unit[step->unit].has_aside = true;
		return fsio_rename(t->fd, step->path, step->to, err);
	case STAMP_PUT_BACK:
		return fsio_rename(t->fd, step->path, step->to, err);
	case STAMP_EMPTY:
		return empty(t, step, err);
	case STAMP_AGE:
		return set_tree(t, step->path, long_ago, err);
	case STAMP_SET_TREE:
		return set_tree(t, step->path, step->mtime, err);
	case STAMP_REVIVE:
		return revive(t, step, err);
	case STAMP_DROP:
		return fsio_unlink(t->fd, step->path, err);
	case STAMP_SET:
		return fsio_set_mtime(t->fd, step->path, step->mtime, err);
	}
	return 0;
}

static int apply_range(
	const struct target *t, const struct stamps_plan *plan, size_t from, size_t to, struct err *err)
{
	for (size_t i = from; i < to; i++) {
		int code = apply(t, &plan->step[i], err);
		if (code < 0)
			return code;
	}
	return 0;
}

int stamps_invalidate(const struct target *t, const struct stamps_plan *plan, struct err *err)
{
	return apply_range(t, plan, 0, plan->invalidating, err);
}

int stamps_settle(const struct target *t, const struct stamps_plan *plan, struct err *err)
{
	return apply_range(t, plan, plan->invalidating, plan->count, err);
}
