#include "steady/core/venvlink.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as Linux follows. */
#define MAX_LINKS 40

static void newest(struct timespec *max, const struct stat *st)
{
	if (timespec_cmp(st->st_mtim, *max) > 0)
		*max = st->st_mtim;
	if (timespec_cmp(st->st_ctim, *max) > 0)
		*max = st->st_ctim;
}

/* Follows the links of the last component; the directories on the way are looked at by nobody but realpath(). */
static bool count_links(const char *path, struct timespec *youngest)
{
	CLEANUP_STR struct str at = STR_INIT;
	str_add(&at, path);
	for (unsigned links = 0; links <= MAX_LINKS; links++) {
		char text[PATH_MAX];
		struct stat st;
		if (lstat(at.buf, &st) < 0)
			return false;
		newest(youngest, &st);
		if (!S_ISLNK(st.st_mode))
			return S_ISREG(st.st_mode);
		ssize_t len = readlink(at.buf, text, sizeof(text) - 1);
		if (len <= 0)
			return false;
		text[len] = '\0';
		struct span dir = path_dir(str_span(&at));
		CLEANUP_FREE char *base = xstrndup(dir.ptr, dir.len);
		struct str next = STR_INIT;
		path_join(&next, base, text);
		str_release(&at);
		at = next;
	}
	return false;
}

bool venvlink_read(struct arena *mem, const char *pyvenv_cfg, struct venvlink *ret)
{
	static const char *const names[] = {"bin/python", "bin/python3", "bin/pypy3", "bin/pypy"};
	struct span dir = path_dir(span_of(pyvenv_cfg));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *path = arena_printf(mem, "%.*s/%s", SPAN_ARG(dir), names[i]);
		struct venvlink found = {.is_copy = false};
		CLEANUP_FREE char *real = realpath(path, NULL);
		if (real == NULL || !count_links(path, &found.youngest))
			continue;
		CLEANUP_FREE char *real_dir = realpath(arena_strndup(mem, dir.ptr, dir.len), NULL);
		found.program = arena_strdup(mem, real);
		found.is_copy = real_dir != NULL && path_has_prefix(span_of(real), span_of(real_dir));
		*ret = found;
		return true;
	}
	return false;
}
