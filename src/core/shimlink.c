#include "steady/core/shimlink.h"

#include "steady/core/realcargo.h"
#include "steady/util/path.h"
#include "steady/util/proc.h"
#include "steady/util/self.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY_MODE 0755

static const char *set(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] == '/' ? value : NULL;
}

const char *shimlink_directory(struct arena *mem)
{
	const char *data = set("XDG_DATA_HOME"), *home = set("HOME");
	if (data != NULL)
		return arena_printf(mem, "%s/cargo-steady/shim", data);
	return home != NULL ? arena_printf(mem, "%s/.local/share/cargo-steady/shim", home) : NULL;
}

/* The program as the user calls it, if that is this one; else the file itself. */
static const char *own_program(struct arena *mem)
{
	CLEANUP_STR struct str path = STR_INIT;
	struct stat self, found;
	if (self_stat(&self) == 0 && proc_find("cargo-steady", &path) && stat(path.buf, &found) == 0 &&
		self.st_dev == found.st_dev && self.st_ino == found.st_ino)
		return arena_strdup(mem, path.buf);
	return self_path(&path) ? arena_strdup(mem, path.buf) : NULL;
}

static int make_directories(const char *path, struct arena *mem, struct err *err)
{
	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		const char *at = arena_strndup(mem, path, i);
		if (mkdir(at, DIRECTORY_MODE) < 0 && errno != EEXIST)
			return err_sys(err, errno, "cannot make the directory %s", at);
	}
	return 0;
}

/* 0 if a link may be put there, or removed. */
static int look(const char *link, bool *ret_there, struct err *err)
{
	struct stat st;
	*ret_there = lstat(link, &st) == 0;
	if (!*ret_there)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot look at %s", link);
	/* A link to a cargo-steady that is gone is a shim of old. */
	char target[4096];
	ssize_t len = S_ISLNK(st.st_mode) ? readlink(link, target, sizeof(target)) : -1;
	bool ours = len > 0 && (size_t)len < sizeof(target) &&
		(span_eq_str(path_base(span_make(target, (size_t)len)), "cargo-steady") ||
			realcargo_is_shim(link));
	if (ours)
		return 0;
	return err_set(err, EEXIST, "%s is another cargo, not the shim", link);
}

static const char *absolute(const char *directory, struct arena *mem)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	CLEANUP_STR struct str joined = STR_INIT;
	CLEANUP_STR struct str normal = STR_INIT;
	path_join(&joined, cwd != NULL ? cwd : "/", directory);
	path_normalize(&normal, str_span(&joined));
	return arena_strdup(mem, normal.buf);
}

int shimlink_install(const char *directory, struct arena *mem, const char **ret_link,
	const char **ret_program, struct err *err)
{
	const char *dir = absolute(directory, mem);
	const char *link = arena_printf(mem, "%s/cargo", dir);
	const char *fresh = arena_printf(mem, "%s/.cargo.%ld", dir, (long)getpid());
	const char *program = own_program(mem);
	bool there;
	if (program == NULL)
		return err_set(err, ENOENT, "cannot find out where this program lies");
	if (strchr(dir, ':') != NULL) {
		(void)err_set(err, EINVAL, "PATH cannot hold %s, for it has a colon", dir);
		return err_hint(err, "name another directory");
	}
	int code = make_directories(dir, mem, err);
	if (code == 0)
		code = look(link, &there, err);
	if (code == -EEXIST)
		return err_hint(err, "name a directory of its own, which comes before that one on PATH");
	if (code < 0)
		return code;
	(void)unlink(fresh);
	if (symlink(program, fresh) < 0 || rename(fresh, link) < 0) {
		code = err_sys(err, errno, "cannot make the link %s", link);
		(void)unlink(fresh);
		return code;
	}
	*ret_link = link;
	*ret_program = program;
	return 0;
}

int shimlink_remove(const char *directory, struct arena *mem, const char **ret_link, struct err *err)
{
	const char *dir = absolute(directory, mem);
	const char *link = arena_printf(mem, "%s/cargo", dir), *usual = shimlink_directory(mem);
	bool there;
	int code = look(link, &there, err);
	if (code < 0)
		return code;
	*ret_link = link;
	if (!there)
		return SHIMLINK_MISSING;
	if (unlink(link) < 0)
		return err_sys(err, errno, "cannot remove %s", link);
	if (usual != NULL && strcmp(usual, dir) == 0)
		(void)rmdir(dir);
	return 0;
}
