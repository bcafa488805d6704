/*
 * A whole package as an input: the files that cargo lists for it (core/pkglist.h), with their contents.
 *
 *	struct pkgview *view = pkgview_list(&options, contents, mem, "/ws/app");	asks `contents` for the files
 *	contents_settle(contents, progress);
 *	pkgview_finish(view, mem, ways, &seen);
 */
#ifndef STEADY_CORE_PKGVIEW_H
#define STEADY_CORE_PKGVIEW_H

#include "steady/core/contents.h"
#include "steady/core/observe.h"
#include "steady/core/pkglist.h"
#include "steady/core/way.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

struct pkgview {
	struct pkglist list;
	/** One for each file. */
	const struct content **content;
	/** Why the package cannot be listed, or NULL. */
	const char *why;
};

/** Is the file, a path relative to the package, wanted? */
typedef bool pkgview_filter(const char *path);

/** A `filter` of NULL wants all. */
struct pkgview *pkgview_list(const struct pkglist_options *options, struct contents *contents,
	struct arena *mem, const char *root, pkgview_filter *filter);
/** Fills *ret; `ways` tells of directories that took another's place. */
void pkgview_finish(
	const struct pkgview *view, struct arena *mem, struct ways *ways, struct observation *ret);

#endif
