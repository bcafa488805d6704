#include "steady/core/datadirs.h"

#include "steady/util/path.h"

/* The neighbours of a package from which files were embedded; most have none, few have more than one. */
#define MAX_DIRS ((size_t)64)

/* How much of both paths is the same, in whole components. */
static size_t common(struct span a, struct span b)
{
	size_t last = 0, i = 0;
	for (; i < a.len && i < b.len && a.ptr[i] == b.ptr[i]; i++) {
		if (a.ptr[i] == '/')
			last = i;
	}
	bool whole = (i == a.len || a.ptr[i] == '/') && (i == b.len || b.ptr[i] == '/');
	return whole ? i : last;
}

size_t datadirs_of(const char *package_root, const struct span path[], size_t count, struct arena *mem,
	const char ***ret)
{
	const struct span package = span_of(package_root);
	struct span dir[MAX_DIRS];
	size_t found = 0;
	for (size_t i = 0; i < count; i++) {
		struct span at = path_dir(path[i]);
		size_t shared = common(at, package), known = 0;
		/* The package's own, what lies above it, and what has nothing to do with it. */
		if (path_has_prefix(at, package) || path_has_prefix(package, at) || shared == 0)
			continue;
		while (known < found && common(at, dir[known]) <= shared)
			known++;
		if (known < found)
			dir[known].len = common(at, dir[known]);
		else if (found < MAX_DIRS)
			dir[found++] = at;
	}
	*ret = arena_array(mem, found, sizeof(**ret));
	for (size_t i = 0; i < found; i++)
		(*ret)[i] = arena_strndup(mem, dir[i].ptr, dir[i].len);
	return found;
}
