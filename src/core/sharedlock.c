#include "steady/core/sharedlock.h"

#include "steady/core/journal.h"
#include "steady/util/flock.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int sharedlock_take(int buildfd, const char *profile, buildlock_waiting *waiting, void *ctx,
	struct arena *mem, struct sharedlock *ret, struct err *err)
{
	const char *path = arena_printf(mem, "%s/shared-%s.lock", STEADY_STATE_DIR, profile);
	const char *list = getenv(SHAREDLOCK_HELD);
	struct stat st;
	CLEANUP_CLOSE int fd = -1;
	int code = path_is_inside(span_of(path)) ? fsio_mkdir(buildfd, STEADY_STATE_DIR, err)
						 : err_set(err, EINVAL, "%s is no profile", profile);
	if (code == 0)
		code = flock_try(buildfd, path, &fd, err);
	if (code < 0)
		return code;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	const char *name = arena_printf(mem, "%jx:%jx", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	list = list != NULL ? list : "";
	if (code == FLOCK_BUSY && is_listed(list, name)) {
		*ret = (struct sharedlock){.fd = -1, .held = arena_strdup(mem, list)};
		return 0;
	}
	if (code == FLOCK_BUSY) {
		waiting(path, ctx);
		code = flock_wait(fd, err);
		if (code < 0)
			return code;
	}
	*ret = (struct sharedlock){
		.fd = TAKE_FD(fd),
		.held = list[0] != '\0' ? arena_printf(mem, "%s,%s", list, name) : name,
	};
	return 0;
}
