/*
 * What the next cargo build will do: verdicts of all units, grouped by the causes that start them.
 *
 *	struct explain *e = NULL;
 *	if (explain_new(target, files, facts, &scope, &e, &err) < 0)
 *		...
 *	for (size_t i = 0; i < e->ncause; i++)
 *		show(&e->cause[i]);
 *	e = explain_free(e);                       before the facts are freed
 *
 * A target directory keeps what other compilers, flags, features and versions left behind. Units that the newest state
 * of each target does not need are leftovers: they are judged, but no cause counts them.
 */
#ifndef STEADY_CORE_EXPLAIN_H
#define STEADY_CORE_EXPLAIN_H

#include "steady/core/freshfacts.h"
#include "steady/core/freshness.h"
#include "steady/core/target.h"
#include "steady/core/unitfiles.h"

/** Which packages are asked about: theirs and all units below them. */
struct explain_scope {
	/** Names, or name@version. None: all. */
	const char *const *package;
	size_t npackage;
};

struct explain_cause {
	/** The unit whose own reason it is. */
	size_t unit;
	/** The units built because of it, in the order of the target, itself among them. */
	size_t *dragged;
	size_t ndragged;
};

struct explain {
	struct arena *mem;
	const struct target *target;
	const struct freshfacts *facts;
	const struct verdict *verdict;
	/** For each unit. */
	bool *in_scope, *leftover;
	/** Those that drag along most come first. */
	struct explain_cause *cause;
	size_t ncause;
	/** In scope and no leftovers: how many, how many of them fresh; leftovers in scope. */
	size_t units, fresh, leftovers;
	/** For each unit: why its reference was set aside, or NULL (core/asidewhy.h). NULL until somebody asks. */
	const char **aside;
};

/** -ENOENT for a package that no unit is of. */
int explain_new(const struct target *t, struct unitfiles *files, const struct freshfacts *facts,
	const struct explain_scope *scope, struct explain **ret, struct err *err);
/** Accepts NULL, returns NULL. */
struct explain *explain_free(struct explain *e);
void explain_cleanup(struct explain **e);
#define CLEANUP_EXPLAIN CLEANUP(explain_cleanup)

/** cargo's reason. */
void explain_reason(const struct explain *e, size_t unit, struct str *out);
/** More about it in our words, such as the values of a variable before and now; appends nothing where there is none. */
void explain_detail(const struct explain *e, size_t unit, struct str *out);
/** What the user can do about it; appends nothing where there is nothing. */
void explain_help(const struct explain *e, size_t unit, struct str *out);

#endif
