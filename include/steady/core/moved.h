/*
 * Units that hold the path of a work tree, and so cannot be kept in another one.
 *
 * cargo gives a moved source tree the same unit directories and calls the copy Fresh (build front ends unpack sources
 * into directories of random names and share one target directory). Most units do not care where they were built. One
 * holds the old root if rustc read it from a variable (env-dep lines of the .d file), if its script printed it or wrote
 * it to OUT_DIR, or if a procedural macro, which can read CARGO_MANIFEST_DIR unseen, put it into its outputs (elsewhere than
 * where rustc names the source files: rustcmeta.h).
 */
#ifndef STEADY_CORE_MOVED_H
#define STEADY_CORE_MOVED_H

#include "steady/core/unitfiles.h"
#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

struct moved;

struct moved *moved_new(struct unitfiles *files, const struct target *t);
/** Accepts NULL, returns NULL. */
struct moved *moved_free(struct moved *m);

/** Was the record written for another work tree? */
bool moved_is_elsewhere(const struct moved *m, const struct record *record);
/**
 * Where the unit holds the root of the record: the name of a file, in mem; NULL if nowhere. What cannot be read counts
 * as holding it.
 */
const char *moved_find(struct moved *m, size_t unit, const struct record *record, struct arena *mem);

/** The build directory that rustc wrote to, in mem, if that is another one now; else NULL. */
const char *moved_build_dir(const struct unitfiles *files, const struct unit_files *f, struct arena *mem);
/**
 * Does the unit hold a path below a build directory (OUT_DIR) that has another place now, and not only as that of a source
 * file that it includes? mem is for scratch.
 */
bool moved_holds_build_dir(struct moved *m, size_t unit, struct arena *mem);

#endif
