/*
 * What freshfacts.c (units), freshlocals.c (what cargo would hash now), freshinputs.c (the files it would look at) and
 * freshlinks.c (which unit is whose dependency) share.
 */
#ifndef STEADY_SRC_CORE_FRESHFACTS_PRIV_H
#define STEADY_SRC_CORE_FRESHFACTS_PRIV_H

#include "steady/core/freshfacts.h"
#include "steady/util/strmap.h"

#define FRESHFACTS_MAX_WARNINGS ((size_t)100)

struct gather {
	const struct target *t;
	struct unitfiles *files;
	const struct freshfacts_options *options;
	struct freshfacts *facts;
	struct arena *mem;
	/** cargo's minor version, as far as the compiler's tells; 0 if it does not. */
	unsigned minor;
	/** Path -> struct fresh_input *, and the same in the order found. */
	struct strmap *inputs;
	VEC(struct fresh_input *) input;
	/** Package root -> struct pkglist *. */
	struct strmap *packages;
};

void gather_warn(struct gather *g, const char *fmt, ...) STEADY_PRINTF(2, 3);

/** Settles local, nlocal of a unit; the fingerprint is there. */
void gather_locals(struct gather *g, size_t i, struct fresh_unit *u);
/** Settles reference, watch, changed_env of a unit; inputs are not looked at yet. */
void gather_inputs(struct gather *g, size_t i, struct fresh_unit *u);
/** Looks at all inputs. */
void gather_stat(struct gather *g);
/** Settles dep of all units. */
void gather_links(struct gather *g);

#endif
