#include "steady/core/buildlock.h"

#include "target_priv.h"

#include "steady/util/flock.h"
#include "steady/util/fsio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct held {
	int fd;
	dev_t dev;
	ino_t inode;
};

struct buildlock {
	VEC(struct held) held;
};

static const char *const lock_name[] = {".cargo-build-lock", ".cargo-lock"};

static void drop_all(struct buildlock *lock)
{
	vec_each (h, &lock->held)
		steady_cleanup_close(&h->fd);
	lock->held.len = 0;
}

struct buildlock *buildlock_drop(struct buildlock *lock)
{
	if (lock == NULL)
		return NULL;
	drop_all(lock);
	vec_release(&lock->held);
	free(lock);
	return NULL;
}

void buildlock_cleanup(struct buildlock **lock)
{
	*lock = buildlock_drop(*lock);
}

/* Is the lock file one that we hold under another name? The two directories may be one, and a hostile tree can
 * have hard links. Waiting for ourselves would never end. */
static bool is_held(struct buildlock *lock, const struct stat *st)
{
	vec_each (h, &lock->held) {
		if (h->dev == st->st_dev && h->inode == st->st_ino)
			return true;
	}
	return false;
}

static int try_file(struct buildlock *lock, int dirfd, const char *path, int *ret_busy, struct err *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat st;
	int code = flock_try(dirfd, path, &fd, err);
	if (code < 0)
		return code;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot read %s", path);
	if (code == FLOCK_BUSY && is_held(lock, &st))
		return 0;
	if (code == FLOCK_BUSY)
		*ret_busy = TAKE_FD(fd);
	else
		*vec_add(&lock->held) = (struct held){TAKE_FD(fd), st.st_dev, st.st_ino};
	return code;
}

/* Tries every lock of one directory; FLOCK_BUSY leaves the busy one open in *ret_busy and its path in
 * *ret_path. */
static int try_directory(struct buildlock *lock, int dirfd, const char *profile, struct arena *mem,
	int *ret_busy, const char **ret_path, struct err *err)
{
	/* Found anew each time: profile directories may appear while we wait. */
	struct target t = {.mem = mem, .path = "the build directory", .fd = dirfd, .profile = profile};
	int code = layout_find(&t, NULL, NULL, err);
	for (size_t i = 0; code == 0 && i < t.nplace * COUNT_OF(lock_name); i++) {
		const char *name = lock_name[i % COUNT_OF(lock_name)];
		const char *path = arena_printf(mem, "%s/%s", t.place[i / COUNT_OF(lock_name)].path, name);
		code = try_file(lock, dirfd, path, ret_busy, err);
		if (code == FLOCK_BUSY)
			*ret_path = path;
	}
	return code;
}

static int try_all(struct buildlock *lock, const int dirfd[2], const char *profile, struct arena *mem,
	int *ret_busy, const char **ret_path, struct err *err)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < 2; i++) {
		if (dirfd[i] >= 0)
			code = try_directory(lock, dirfd[i], profile, mem, ret_busy, ret_path, err);
	}
	return code;
}

int buildlock_take(int dirfd, int otherfd, buildlock_waiting *waiting, void *ctx, struct buildlock **ret,
	struct err *err)
{
	return buildlock_take_profile((const int[2]){dirfd, otherfd}, NULL, waiting, ctx, ret, err);
}

int buildlock_take_profile(const int dirfd[2], const char *profile, buildlock_waiting *waiting, void *ctx,
	struct buildlock **ret, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_BUILDLOCK struct buildlock *lock = xcalloc(1, sizeof(*lock));
	bool told = false;
	for (;;) {
		CLEANUP_CLOSE int busy = -1;
		const char *path = NULL;
		int code = try_all(lock, dirfd, profile, mem, &busy, &path, err);
		if (code < 0)
			return code;
		if (code == 0)
			break;
		drop_all(lock);
		if (waiting == NULL)
			return BUILDLOCK_BUSY;
		if (!told)
			waiting(path, ctx);
		told = true;
		code = flock_wait(busy, err);
		if (code < 0)
			return code;
	}
	*ret = TAKE_PTR(lock);
	return 0;
}
