#include "steady/core/home.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *home_path(struct arena *mem)
{
	const char *place = variable("STEADY_HOME");
	if (place != NULL)
		return place[0] == '/' ? arena_strdup(mem, place) : NULL;
	/* A relative XDG_CACHE_HOME is to be ignored, says the XDG Base Directory Specification. */
	place = variable("XDG_CACHE_HOME");
	if (place != NULL && place[0] == '/')
		return arena_printf(mem, "%s/cargo-steady", place);
	place = variable("HOME");
	return place != NULL && place[0] == '/' ? arena_printf(mem, "%s/.cache/cargo-steady", place) : NULL;
}

static int unsafe(struct err *err, const char *path, const char *why)
{
	(void)err_set(err, EPERM, "%s %s", path, why);
	return err_hint(
		err, "set STEADY_HOME to a directory that is yours alone, or make this one so (chmod go-w)");
}

/* Ours alone? What others may write to could start any program in our name. */
static int check_own(int fd, const char *path, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot read %s", path);
	if (st.st_uid != geteuid())
		return unsafe(err, path, "belongs to another user");
	if ((st.st_mode & 022) != 0)
		return unsafe(err, path, "can be written to by others");
	return 0;
}

/*
 * No directory above may let others put something else in place of what lies in it. Not asked of a place that the user
 * named: in containers all the world may write to whole volumes.
 */
static int check_above(const char *path, struct err *err)
{
	struct span dir = path_dir(span_of(path));
	while (dir.len != 0) {
		CLEANUP_FREE char *name = xstrndup(dir.ptr, dir.len);
		struct stat st;
		if (lstat(name, &st) < 0)
			return err_sys(err, errno, "cannot read %s", name);
		mode_t others = st.st_gid == getegid() ? 002 : 022;
		if ((st.st_mode & others) != 0 && (st.st_mode & S_ISVTX) == 0)
			return unsafe(err, name, "can be written to by others");
		dir = dir.len > 1 ? path_dir(dir) : span_make("", 0);
	}
	return 0;
}

/*
 * The first directory above that is there must be ours, unless the user named the place: root with another user's HOME
 * would leave directories there that this user can no longer use.
 */
static int make_above(char *path, bool named, struct err *err)
{
	char *slash = strrchr(path, '/');
	struct stat st;
	if (slash == path)
		return 0;
	*slash = '\0';
	int code = 0;
	if (stat(path, &st) < 0) {
		code = make_above(path, named, err);
		if (code == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
			code = err_sys(err, errno, "cannot make the directory %s", path);
	} else if (!named && st.st_uid != geteuid()) {
		code = unsafe(err, path, "belongs to another user");
	}
	*slash = '/';
	return code;
}

static int make_home(const char *path, struct err *err)
{
	struct stat st;
	if (lstat(path, &st) == 0)
		return 0;
	CLEANUP_FREE char *copy = xstrdup(path);
	int code = make_above(copy, variable("STEADY_HOME") != NULL, err);
	if (code < 0)
		return code;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make the directory %s", path);
	return 0;
}

int home_dir(struct arena *mem, const char **ret, struct err *err)
{
	const char *place = home_path(mem);
	if (place == NULL)
		return err_set(err, ENOENT,
			"there is no place for our own directory: set HOME or STEADY_HOME to an "
			"absolute path");
	CLEANUP_STR struct str path = STR_INIT;
	path_normalize(&path, span_of(place));
	int code = make_home(path.buf, err);
	if (code < 0)
		return code;
	CLEANUP_CLOSE int fd = open(path.buf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return unsafe(err, path.buf, "is not a directory itself, but a link or a file");
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path.buf);
	CLEANUP_FREE char *real = realpath(path.buf, NULL);
	if (real == NULL)
		return err_sys(err, errno, "cannot resolve %s", path.buf);
	code = check_own(fd, real, err);
	if (code == 0 && variable("STEADY_HOME") == NULL)
		code = check_above(real, err);
	if (code == 0)
		*ret = arena_strdup(mem, real);
	return code;
}

int home_open(const char *home, const char *name, struct err *err)
{
	CLEANUP_CLOSE int root = fsio_open_root(home, err);
	if (root < 0)
		return root;
	if (mkdirat(root, name, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make the directory %s/%s", home, name);
	CLEANUP_CLOSE int dir = fsio_open_dir(root, name, err);
	if (dir < 0)
		return err_wrap(err, "%s", home);
	CLEANUP_STR struct str path = STR_INIT;
	path_join(&path, home, name);
	int code = check_own(dir, path.buf, err);
	return code < 0 ? code : TAKE_FD(dir);
}
