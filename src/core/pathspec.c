#include "steady/core/pathspec.h"

#include "steady/util/path.h"
#include "steady/util/str.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

static int make_one(
	const char *prefix, const char *given, struct arena *mem, struct span *ret, struct err *err)
{
	CLEANUP_STR struct str joined = STR_INIT;
	CLEANUP_STR struct str normal = STR_INIT;
	const char *word = given;
	if (word[0] == ':') {
		if (word[1] != '/')
			return err_set(err, EINVAL, "pathspec magic is not understood: '%s'", given);
		word += 2;
		prefix = "";
	}
	path_join(&joined, prefix, word);
	path_normalize(&normal, str_span(&joined));
	struct span path = str_span(&normal);
	if (span_eq_str(path, "."))
		path = SPAN_LIT("");
	if (path.len != 0 && !path_is_inside(path))
		return err_set(err, EINVAL, "'%s' is outside the work tree", given);
	*ret = span_make(arena_strndup(mem, path.ptr, path.len), path.len);
	return 0;
}

int pathspec_make(const char *prefix, const char *const *given, size_t count, struct arena *mem,
	struct pathspec *ret, struct err *err)
{
	struct pathspec p = {arena_array(mem, count, sizeof(*p.item)), given, count};
	for (size_t i = 0; i < count; i++) {
		int code = make_one(prefix, given[i], mem, &p.item[i], err);
		if (code < 0)
			return code;
	}
	*ret = p;
	return 0;
}

size_t pathspec_match(const struct pathspec *p, struct span path, size_t from)
{
	for (size_t i = from; i < p->count; i++) {
		struct span item = p->item[i];
		if (item.len == 0 || path_has_prefix(path, item))
			return i;
		/* Both are NUL-terminated: items by us, paths by whoever read them from git. */
		if (strpbrk(item.ptr, "*?[\\") != NULL && fnmatch(item.ptr, path.ptr, 0) == 0)
			return i;
	}
	return p->count;
}

bool pathspec_matches(const struct pathspec *p, struct span path)
{
	return p->count == 0 || pathspec_match(p, path, 0) != p->count;
}
