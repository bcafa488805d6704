#include "steady/util/fsnear.h"

#include "steady/util/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void close_held(struct fsnear *n)
{
	if (n->held >= 0)
		(void)close(n->held);
	n->held = -1;
}

void fsnear_release(struct fsnear *n)
{
	close_held(n);
	str_release(&n->dir);
}

int fsnear_parent(struct fsnear *n, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	struct span dir = slash == NULL ? SPAN_LIT("") : span_make(path, (size_t)(slash - path));
	if (!path_is_inside(span_of(path)))
		return -EXDEV;
	*ret_name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return n->root;
	if (n->held >= 0 && span_eq(str_span(&n->dir), dir))
		return n->held;
	close_held(n);
	str_clear(&n->dir);
	str_add_span(&n->dir, dir);
	n->held = fsio_open_dir(n->root, n->dir.buf, NULL);
	int code = n->held;
	if (n->held < 0)
		n->held = -1;
	return code;
}

/* "" and "." are the root itself, which has no parent here. */
static bool is_root(const char *path)
{
	return path[0] == '\0' || strcmp(path, ".") == 0;
}

int fsnear_stat(struct fsnear *n, const char *path, struct stat *ret)
{
	const char *name = path;
	int dir = is_root(path) ? n->root : fsnear_parent(n, path, &name);
	if (dir == -ENOENT || dir == -ENOTDIR)
		return FSIO_MISSING;
	return dir < 0 ? dir : fsio_stat(dir, name, ret, NULL);
}

int fsnear_read(struct fsnear *n, const char *path, size_t max, struct arena *mem, struct span *ret,
	struct stat *ret_stat, struct err *err)
{
	const char *name = path;
	int dir = is_root(path) ? n->root : fsnear_parent(n, path, &name);
	if (dir == -ENOENT || dir == -ENOTDIR)
		return FSIO_MISSING;
	if (dir < 0)
		return err_sys(err, -dir, "cannot open %s", path);
	return fsio_read(dir, name, max, mem, ret, ret_stat, err);
}

int fsnear_set_mtime(struct fsnear *n, const char *path, struct timespec mtime)
{
	const char *name;
	int dir = fsnear_parent(n, path, &name);
	return dir < 0 ? dir : fsio_set_mtime(dir, name, mtime, NULL);
}
