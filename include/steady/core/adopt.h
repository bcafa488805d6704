/*
 * Adoption: what was built in throw-away environments becomes what was built in the alias of their interpreter.
 *
 *	struct adopt_request request = {.target = t, .files = files};
 *	if (adopt_is_needed(t)) {
 *		adopt_look(&request, &adoption, &err);		reads only
 *		if (adoption->plan != NULL)
 *			rewrite_apply(t, adoption->plan, &err);	under cargo's locks
 *		adoption = adoption_free(adoption);
 *	}
 *
 * Replaced are values of PYO3_PYTHON, PYTHON_SYS_EXECUTABLE and VIRTUAL_ENV, and what stands beside them (see
 * core/rewrite.h). Only an interpreter that the user's environment names (core/userpython.h) is ever run, and only its
 * alias is put in, where it agrees with what is recorded about the old one. That is less than an identity (version,
 * library directory, ABI), and enough for pyo3's own crates. Every other script that saw the environment (core/pyscripts.h)
 * runs once more, unless a record that binds to its run speaks for the environment that is there today.
 */
#ifndef STEADY_CORE_ADOPT_H
#define STEADY_CORE_ADOPT_H

#include "steady/core/alias.h"
#include "steady/core/rewrite.h"
#include "steady/core/target.h"
#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

struct adopt_request {
	const struct target *target;
	struct unitfiles *files;
	/** What takes their place; NULL: the alias of the interpreter that the user's environment names. */
	const struct alias *alias;
	/** As in struct pathmap: which environments, and in struct rewrite_request. All may be left out. */
	const char *const *from;
	size_t nfrom;
	const char *const *var;
	size_t nvar;
	bool force_identity, brief;
};

struct adoption {
	struct arena *mem;
	/** Valid if there is a plan. */
	struct alias alias;
	/** NULL where there is no alias; then `why`, one line. */
	struct rewrite_plan *plan;
	const char *why;
};

/** Do any units' JSONs name a throw-away environment? Costs nothing but a look at what is in memory. */
bool adopt_is_needed(const struct target *t);
/** Finds the alias and plans. That there is none is no error. The target must outlive the result. */
int adopt_look(const struct adopt_request *request, struct adoption **ret, struct err *err);
/** Is there anything to change? Accepts NULL. */
bool adoption_changes(const struct adoption *a);
/** Accepts NULL, returns NULL. */
struct adoption *adoption_free(struct adoption *a);
void adoption_cleanup(struct adoption **a);
#define CLEANUP_ADOPTION CLEANUP(adoption_cleanup)

#endif
