/*
 * The facts for core/freshness, gathered from a build directory, the sources and the environment.
 *
 *	struct freshfacts *facts = NULL;
 *	struct freshfacts_options options = {.env = env};
 *	if (freshfacts_gather(target, files, &options, &facts, &err) < 0)
 *		...
 *	struct verdict *verdict = freshness_judge(&facts->facts, facts->mem);
 *	facts = freshfacts_free(facts);            before unitfiles_free and target_free
 *
 * Nothing is written and nothing is run. Each input is looked at once, on several threads where that pays.
 */
#ifndef STEADY_CORE_FRESHFACTS_H
#define STEADY_CORE_FRESHFACTS_H

#include "steady/core/cargoenv.h"
#include "steady/core/freshness.h"
#include "steady/core/pkglist.h"
#include "steady/core/rustcinfo.h"
#include "steady/core/target.h"
#include "steady/core/unitfiles.h"
#include "steady/util/progress.h"

struct freshfacts_options {
	/** Not NULL. */
	const struct cargoenv *env;
	/** How to ask git about whole packages; NULL: no package counts as tracked. */
	const struct pkglist_git *git;
	/** May be NULL. */
	const struct progress *progress;
};

struct freshfacts {
	/** Owns everything below. */
	struct arena *mem;
	struct fresh_facts facts;
	/** The compiler that was used here last, if has_rustc. */
	bool has_rustc;
	struct rustcinfo rustc;
	/** What could not be looked at, a line each. */
	const char **warning;
	size_t nwarning;
};

int freshfacts_gather(const struct target *t, struct unitfiles *files,
	const struct freshfacts_options *options, struct freshfacts **ret, struct err *err);
/** cargo's minor version as the build directory tells it (95 for 1.95); 0 if it is not known. */
unsigned freshfacts_minor(const struct target *t);
/** Accepts NULL, returns NULL. */
struct freshfacts *freshfacts_free(struct freshfacts *facts);
void freshfacts_cleanup(struct freshfacts **facts);
#define CLEANUP_FRESHFACTS CLEANUP(freshfacts_cleanup)

#endif
