/*
 * What tells this machine, since it was last started, from every other.
 */
#ifndef STEADY_UTIL_MACHINE_H
#define STEADY_UTIL_MACHINE_H

#include "steady/util/base.h"
#include "steady/util/digest.h"

/** A digest of the number that the kernel drew when it started. False where there is none. */
bool machine_boot(struct digest *ret);

#endif
