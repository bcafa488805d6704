/*
 * Do records speak for the Python environment that this process's own variables name?
 *
 *	struct pynow *now = pynow_look("/ws");
 *	if (pynow_vouches(now, record))
 *		... the script of that record would see again what it saw then ...
 *	now = pynow_free(now);
 */
#ifndef STEADY_CORE_PYNOW_H
#define STEADY_CORE_PYNOW_H

#include "steady/core/pyenv.h"
#include "steady/format/record.h"
#include "steady/util/base.h"

struct pynow;

/** Reads what is installed. `workspace_root` is absolute. */
struct pynow *pynow_look(const char *workspace_root);
/** Accepts NULL, returns NULL. */
struct pynow *pynow_free(struct pynow *now);

/** A record without an environment vouches for none, and neither does that of a script that noted the path of another one. */
bool pynow_vouches(const struct pynow *now, const struct record *record);

#endif
