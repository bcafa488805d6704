#include "steady/core/sharedlock.h"

#include "steady/core/journal.h"
#include "steady/util/flock.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "shared-"
#define SUFFIX ".lock"
/* Files of ours in one directory. */
#define MAX_NAMES 1000

bool sharedlock_is_needed(const struct location *where)
{
	CLEANUP_FREE char *root = realpath(where->workspace_root, NULL);
	CLEANUP_FREE char *build = realpath(where->build_dir, NULL);
	return root == NULL || build == NULL || !path_has_prefix(span_of(build), span_of(root));
}

/* Does the list name the lock? */
static bool is_listed(const char *list, const char *name)
{
	struct span rest = span_of(list);
	while (rest.len != 0) {
		size_t len = span_find(rest, ',');
		if (span_eq_str(span_make(rest.ptr, len), name))
			return true;
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
	}
	return false;
}

/* Opens a lock and tries it: 0 with *ret_fd locked, or -1 in it where a program above us holds it; FLOCK_BUSY. */
static int try_lock(int buildfd, const char *path, const char *list, struct arena *mem, int *ret_fd,
	const char **ret_name, struct err *err)
{
	struct stat st;
	CLEANUP_CLOSE int fd = -1;
	int code = flock_try(buildfd, path, &fd, err);
	if (code < 0)
		return code;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	*ret_name = arena_printf(mem, "%jx:%jx", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	if (code == FLOCK_BUSY && is_listed(list, *ret_name)) {
		*ret_fd = -1;
		return 0;
	}
	*ret_fd = TAKE_FD(fd);
	return code;
}

/* Is the lock of any profile held by somebody else? */
static int look_at_all(int buildfd, const char *list, struct arena *mem, struct err *err)
{
	CLEANUP_CLOSE int dir = fsio_open_dir(buildfd, STEADY_STATE_DIR, NULL);
	struct dir_list names = {.count = 0};
	int code = dir < 0 ? 0 : fsio_list(dir, MAX_NAMES, mem, &names, err);
	for (size_t i = 0; code == 0 && i < names.count; i++) {
		struct span name = span_of(names.entry[i].name);
		const char *unused;
		CLEANUP_CLOSE int fd = -1;
		if (span_starts(name, SPAN_LIT(PREFIX)) && span_ends(name, SPAN_LIT(SUFFIX)))
			code = try_lock(dir, names.entry[i].name, list, mem, &fd, &unused, err);
	}
	return code;
}

static int take_one(int buildfd, const char *profile, const char *list, buildlock_waiting *waiting, void *ctx,
	struct arena *mem, struct sharedlock *ret, struct err *err)
{
	const char *path = arena_printf(mem, "%s/" PREFIX "%s" SUFFIX, STEADY_STATE_DIR, profile), *name;
	CLEANUP_CLOSE int fd = -1;
	int code = path_is_inside(span_of(path)) ? fsio_mkdir(buildfd, STEADY_STATE_DIR, err)
						 : err_set(err, EINVAL, "%s is no profile", profile);
	if (code == 0)
		code = try_lock(buildfd, path, list, mem, &fd, &name, err);
	if (code == FLOCK_BUSY && waiting == NULL)
		return BUILDLOCK_BUSY;
	if (code == FLOCK_BUSY) {
		waiting(path, ctx);
		code = flock_wait(fd, err);
	}
	if (code < 0)
		return code;
	*ret = (struct sharedlock){.fd = TAKE_FD(fd), .held = list};
	if (ret->fd >= 0)
		ret->held = list[0] != '\0' ? arena_printf(mem, "%s,%s", list, name) : name;
	return 0;
}

int sharedlock_take(int buildfd, const char *profile, buildlock_waiting *waiting, void *ctx,
	struct arena *mem, struct sharedlock *ret, struct err *err)
{
	const char *value = getenv(SHAREDLOCK_HELD);
	const char *list = arena_strdup(mem, value != NULL ? value : "");
	if (profile != NULL)
		return take_one(buildfd, profile, list, waiting, ctx, mem, ret, err);
	int code = look_at_all(buildfd, list, mem, err);
	if (code == FLOCK_BUSY)
		return BUILDLOCK_BUSY;
	if (code == 0)
		*ret = (struct sharedlock){.fd = -1, .held = list};
	return code;
}
