/*
 * What the terminal behind a descriptor is like.
 */
#ifndef STEADY_UTIL_TERM_H
#define STEADY_UTIL_TERM_H

#include "steady/util/base.h"

#include <stdio.h>

/** False for a stream without a descriptor, such as one in memory. */
bool term_is_tty(FILE *stream);
/** Columns of the terminal, 0 where there is none or it does not say. */
unsigned term_columns(FILE *stream);

#endif
