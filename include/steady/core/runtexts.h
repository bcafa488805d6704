/*
 * Searching what a build script left: what it printed, and every file in its OUT_DIR.
 *
 * What cannot be read, and what is neither file nor directory, counts as found: nobody knows what it says.
 */
#ifndef STEADY_CORE_RUNTEXTS_H
#define STEADY_CORE_RUNTEXTS_H

#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

typedef bool runtexts_match(struct span text, const void *ctx);

/** The name of the first file that matches, in mem; NULL if none does. An output that is set aside is read there. */
const char *runtexts_find(const struct target *t, const struct unit_files *run, runtexts_match *match,
	const void *ctx, struct arena *mem);
/** Does the one file match? */
bool runtexts_file(int dirfd, const char *path, runtexts_match *match, const void *ctx);

#endif
