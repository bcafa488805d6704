/*
 * Was a unit compiled from another work tree, which shares this target directory?
 *
 *	struct birthplace places = birthplace_find(target, files, asked, mem);
 *	const char *other = birthplace_of(&places, i);
 *	if (other != NULL)
 *		... it was, or nothing tells, and that tree builds into this target directory too ...
 *
 * cargo gives all copies of the sources the same units. `restore` leaves a mark that tells which copy a job builds, but a
 * copy that is built without it leaves none. rustc's metadata names the directory of each library's sources, and cargo
 * writes absolute paths of a program's sources to a .d file beside it. A directory counts if it is another one than ours,
 * and holds that source file: names that --remap-path-prefix made up do not.
 *
 * What has neither (tests, scripts) is in doubt as soon as another unit shows that there is such a tree.
 */
#ifndef STEADY_CORE_BIRTHPLACE_H
#define STEADY_CORE_BIRTHPLACE_H

#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

struct birthplace {
	/** For each unit: where it was compiled. NULL: here, or nothing tells. */
	const char **elsewhere;
	/** For each unit: its files show that it was compiled here. */
	bool *here;
	/** Another work tree that builds into this target directory, or NULL. */
	const char *other;
};

/** Reads what the units that are `asked` for left; the others say nothing. All returned lives in mem. */
struct birthplace birthplace_find(
	const struct target *t, struct unitfiles *files, const bool *asked, struct arena *mem);
/** The other tree that the unit was, or may have been, compiled from; or NULL. */
const char *birthplace_of(const struct birthplace *places, size_t unit);

#endif
