/*
 * The cargo that a shim stands before.
 *
 *	struct realcargo real;
 *	if (realcargo_find(argv, mem, &real, &err) < 0)
 *		...
 *	setenv(REALCARGO_VISITED, real.visited, 1);	for it and all that it starts
 *
 * It is the first `cargo` in the absolute directories of PATH that is neither this program nor one of those already
 * visited. Those stand in a variable by device and inode: every shim of ours adds itself, so that two different ones on
 * PATH end. A wrapper of somebody else's that looks for cargo on PATH finds us again: when we are called a second
 * time with the same words, in the same place, with the variables that a cargo in between would have set unchanged, it is
 * added too, and passed over. One that changes the words each time is given up after a number of rounds.
 *
 * Text of the variable: `device:inode` in hexadecimal, separated by commas, then perhaps `@device:inode:digest:rounds`, what
 * was chosen last. Anything else counts as empty.
 */
#ifndef STEADY_CORE_REALCARGO_H
#define STEADY_CORE_REALCARGO_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#define REALCARGO_VISITED "STEADY_SHIM_VISITED"

struct realcargo {
	/** Absolute. */
	const char *path;
	/** Value of the variable for it. */
	const char *visited;
};

/** Strings live in mem. -ENOENT, with a hint, if there is none. */
int realcargo_find(const char *const argv[], struct arena *mem, struct realcargo *ret, struct err *err);

/** The first `cargo` in the absolute directories of PATH, whatever it is; NULL if there is none. */
const char *realcargo_first(struct arena *mem);
/** Is the file this program, or a cargo-steady of another version? */
bool realcargo_is_shim(const char *path);

#endif
