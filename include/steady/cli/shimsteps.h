/*
 * What the shim does before and after the real cargo.
 *
 *	struct shim shim = {.mem = mem, .ui = &ui, .args = &args};
 *	shimsteps_before(&shim);		environment, verification; says itself what failed
 *	... cargo, with the environment as it is now ...
 *	shimsteps_after(&shim);			records
 *
 * Nothing here stops cargo from being run: where a step fails the environment is as it came, and nothing is done afterwards.
 */
#ifndef STEADY_CLI_SHIMSTEPS_H
#define STEADY_CLI_SHIMSTEPS_H

#include "steady/cli/cargoargs.h"
#include "steady/cli/ui.h"
#include "steady/core/locate.h"
#include "steady/core/sharedlock.h"
#include "steady/core/swap.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#include <time.h>

/** A variable as it was; NULL: not set. */
struct shim_variable {
	const char *name, *value;
};

struct shim {
	struct arena *mem;
	struct ui *ui;
	const struct cargoargs *args;
	/** STEADY_LOG=debug: say what is done. */
	bool log;

	/* Of shimsteps_before: */
	struct location where;
	struct shim_variable before[SWAP_MAX + 1];
	size_t nbefore;
	/** Several work trees, or environments of one name, may build here, and this build keeps them out. */
	bool shared;
	struct sharedlock lock;
	/** There was no target directory before. */
	bool made;
	/** Which profile's directories are looked at; NULL: all. */
	const char *profile;
	/** The units are verified; cargo is to be supervised, if it does not become something else. */
	bool ready;
	/** What is built will be known to be of this work tree. */
	bool recordable;
	/** When the mark was left; valid if recordable. */
	struct timespec mark;
};

void shimsteps_before(struct shim *s);
void shimsteps_after(struct shim *s);
/** A line on stderr with STEADY_LOG=debug. */
void shimsteps_log(const struct shim *s, const char *fmt, ...) STEADY_PRINTF(2, 3);

#endif
