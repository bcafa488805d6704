/*
 * What pyenv.c (which environment) and pysites.c (where its packages lie) share.
 */
#ifndef STEADY_SRC_CORE_PYENV_PRIV_H
#define STEADY_SRC_CORE_PYENV_PRIV_H

#include "steady/core/pyenv.h"

#define PYENV_MAX_SITES ((size_t)64)

/** Fills program, site and root for the interpreter `env->named`, or why. */
void pysites_of_interpreter(struct arena *mem, struct pyenv *env);
/** The same for an alias, which sees the directories listed in STEADY_SITE (`sites`, NULL for none). */
void pysites_of_alias(struct arena *mem, const char *sites, struct pyenv *env);
/** Adds what PYTHONPATH brings: where pip isolates a build, and to an environment that is one of many with one name. */
void pysites_of_variable(struct arena *mem, const char *pythonpath, struct pyenv *env);

#endif
