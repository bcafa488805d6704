/*
 * Which units cargo would have called Fresh before anything was restored, told from what was looked at already.
 *
 *	bool *fresh = before_find(target, files, verification, mem);
 *
 * The rules are those of core/freshness.h without the environment: variables, flags and the compiler count as
 * unchanged.
 */
#ifndef STEADY_CORE_BEFORE_H
#define STEADY_CORE_BEFORE_H

#include "steady/core/unitfiles.h"
#include "steady/core/verify.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/** For each unit, in mem. The files must not have been changed since the verification. */
bool *before_find(
	const struct target *t, struct unitfiles *files, const struct verification *v, struct arena *mem);

#endif
