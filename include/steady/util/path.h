/*
 * Paths as text; no system calls. Separator is '/'. A prefix always means whole components: /a/b is below /a,
 * /ab is not.
 */
#ifndef STEADY_UTIL_PATH_H
#define STEADY_UTIL_PATH_H

#include "steady/util/base.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

/** dir + '/' + name; just `name` if that is absolute or dir is empty. Replaces *out. */
void path_join(struct str *out, const char *dir, const char *name);
/** Is `path` the directory `dir` or below it? Trailing slashes of dir do not count. */
bool path_has_prefix(struct span path, struct span dir);
/** What follows `dir` and its slash in `path` (empty for dir itself); call only if path_has_prefix. */
struct span path_below(struct span path, struct span dir);
struct span path_base(struct span path);
/** Everything before the last component: "" for a single name, "/" for a child of the root. */
struct span path_dir(struct span path);
/** Removes '.', doubled and trailing slashes, and resolves '..' against named components. Replaces *out. */
void path_normalize(struct str *out, struct span path);
/** Relative, not empty, without '..', '.', empty components or NUL: safe to open below a directory. */
bool path_is_inside(struct span path);

#endif
