/*
 * What a unit stands on where there are no records: packages of a registry, of git, and nothing but those below them.
 *
 * Such units need no record, but what lies above them was built against one build of each. Its start tells which, as
 * long as stamps are kept. Where they were lost, one digest over the outputs of the unit and of all units below it
 * does: a script of such a package may have found another machine, and then it is another build of the same hash.
 *
 *	struct bedrock *b = bedrock_new(target, files, observer, order);
 *	bedrock_want(b, dep);			any number
 *	observer_look(observer, progress);
 *	digest = bedrock_get(b, dep);
 *	b = bedrock_free(b);
 */
#ifndef STEADY_CORE_BEDROCK_H
#define STEADY_CORE_BEDROCK_H

#include "steady/core/observe.h"
#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"

struct bedrock;

/** `order` is unit_order()'s. All must outlive the result. */
struct bedrock *bedrock_new(
	const struct target *t, struct unitfiles *files, struct observer *observer, const size_t *order);
/** Accepts NULL, returns NULL. */
struct bedrock *bedrock_free(struct bedrock *b);

/** Asks for the outputs of the unit and of all below it. True if something was asked for that was not before. */
bool bedrock_want(struct bedrock *b, size_t unit);
/** All zeros where something is missing below it, or was not asked for. */
struct digest bedrock_get(struct bedrock *b, size_t unit);
/** Sets a flag for the unit and all below it, as far as they were built against something. */
void bedrock_flag(const struct bedrock *b, size_t unit, bool *flags);

#endif
