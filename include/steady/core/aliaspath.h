/*
 * Where aliases (core/alias.h) lie, for those who only have to tell their paths from others.
 */
#ifndef STEADY_CORE_ALIASPATH_H
#define STEADY_CORE_ALIASPATH_H

#include "steady/util/base.h"

/** Below the home directory (core/home.h). */
#define ALIAS_DIRECTORY "python-alias"

/** Is `path` an alias of this home directory, or inside one? Text only. */
bool alias_is(const char *path);

#endif
