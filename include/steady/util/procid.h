/*
 * A name of a process that no other one ever has.
 *
 * Text: a digest of the machine's start (util/machine.h), the number of the process namespace, the process, its start in clock
 * ticks; separated by dots. It stays the same when the process becomes another program.
 */
#ifndef STEADY_UTIL_PROCID_H
#define STEADY_UTIL_PROCID_H

#include "steady/util/base.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

/** Appends the name of this process; "-" where it has none. */
void procid_add(struct str *out);
/** Is the process of that name over for certain? False for one of another machine or namespace, or for any other text. */
bool procid_is_over(struct span name);

#endif
