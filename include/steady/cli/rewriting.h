/*
 * What `rewrite`, `save` and `restore` say about a plan to replace environments.
 */
#ifndef STEADY_CLI_REWRITING_H
#define STEADY_CLI_REWRITING_H

#include "steady/cli/command.h"
#include "steady/core/adopt.h"
#include "steady/core/keeper.h"
#include "steady/core/rewrite.h"

struct cJSON;

struct rewriting {
	const struct call *call;
	/** What the plan was made for. */
	const struct target *t;
	const struct rewrite_plan *plan;
	/** The directory that takes the place of the old ones. */
	const char *to;
};

/** Every list of the plan, for people: what is replaced, what is left alone and why. */
void rewriting_say(const struct rewriting *w);
/** The same as arrays of the object. */
void rewriting_report(struct cJSON *object, const struct rewriting *w);

/** After keeper_adopt, in a line or two; nothing where there was nothing to adopt. */
void rewriting_say_adoption(const struct call *call, const struct keeper *k);
/** The report's `adoption`: an object, or null. */
void rewriting_report_adoption(struct cJSON *report, const struct call *call, const struct keeper *k);

#endif
