/*
 * Units whose hash holds a time stamp: scripts without rerun-if lines, and documentation, are fingerprinted by the
 * newest file of their package ("<seconds>.<nanoseconds>s (<path>)").
 *
 * After a clone the files of an unchanged package have other times. The text of verified units is replaced by what
 * cargo will compute from the work tree, and all hashes above are computed anew; records follow. Times and modes of the
 * files stay.
 */
#ifndef STEADY_CORE_PRECALCULATED_H
#define STEADY_CORE_PRECALCULATED_H

#include "steady/core/rewrite.h"
#include "steady/core/verify.h"
#include "steady/util/base.h"

/**
 * The files to replace, all or none, as a plan for rewrite_apply: plan->nfile is 0 if there is nothing to do.
 * plan->edited counts the units whose text changes, plan->rehashed those with a new hash.
 */
struct rewrite_plan *precalculated_plan(const struct target *t, const struct verification *v);

#endif
