#include "steady/core/aliaspath.h"

#include "steady/core/home.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <stdlib.h>

bool alias_is(const char *path)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str named = STR_INIT;
	const char *home = home_path(mem);
	if (home == NULL)
		return false;
	/* The home directory may have been named through a link; aliases never are. */
	CLEANUP_FREE char *real = realpath(home, NULL);
	path_normalize(&named, span_of(path));
	struct span below,
		root = span_of(arena_printf(mem, "%s/" ALIAS_DIRECTORY, real != NULL ? real : home));
	if (!path_has_prefix(str_span(&named), root))
		return false;
	below = path_below(str_span(&named), root);
	return below.len != 0 && below.ptr[0] != '.';
}
