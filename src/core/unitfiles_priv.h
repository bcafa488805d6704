/*
 * What unitfiles.c (reading), unitoutputs.c (rustc's .d file and outputs) and unitroot.c (where the package
 * lies) share.
 */
#ifndef STEADY_SRC_CORE_UNITFILES_PRIV_H
#define STEADY_SRC_CORE_UNITFILES_PRIV_H

#include "steady/core/unitfiles.h"
#include "steady/util/fsnear.h"
#include "steady/util/strmap.h"

enum load_state { LOAD_NONE, LOAD_READ, LOAD_ROOTED, LOAD_DONE };

/** What one thread reads with. */
struct unit_reader {
	const struct unitfiles *f;
	struct arena *mem;
	/** In the unit's own directory, among its outputs, and in the target directory. */
	struct fsnear own, out, doc;
};

struct unitfiles {
	const struct target *t;
	struct arena *mem;
	/** Of the threads that preload, and of the one that reads when asked. */
	struct unit_reader *part, reader;
	unsigned nparts;
	struct unit_files *unit;
	unsigned char *state;
	const char *workspace_root, *build_dir, *cargo_home;
	/** Of the target directory; -1: the same as the build directory. */
	int target_fd;
	/** Package name -> the first unit of it (index + 1); the others follow in `next_same`. */
	struct strmap *by_package;
	size_t *next_same;
};

/** Finds and reads the .d file and settles the outputs of a compiled or doc unit. */
void unit_read_outputs(struct unit_reader *r, struct unit_files *u);
/** Stats the file by the directory that is open there. */
void unit_file_stat(struct fsnear *near, struct unit_file *file);
/** Settles origin, package_root and main_source from the unit's own files; false if they do not tell. */
bool unit_find_root(const struct unitfiles *f, struct unit_files *u, struct arena *mem);
/** The same from another unit of the same package. */
bool unit_borrow_root(const struct unitfiles *f, struct unit_files *u, const struct unit_files *from);

#endif
