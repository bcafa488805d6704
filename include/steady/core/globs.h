/*
 * Inputs that only the user knows of: patterns in the file `.cargo-steady` in the workspace root, one a line as in
 * .gitignore, and in the variable STEADY_INPUTS, separated by colons or newlines. What they match is an input of every
 * unit of the workspace's own packages.
 */
#ifndef STEADY_CORE_GLOBS_H
#define STEADY_CORE_GLOBS_H

#include "steady/util/base.h"
#include "steady/util/ignore.h"
#include "steady/util/mem.h"

#define GLOBS_FILE ".cargo-steady"
#define GLOBS_VARIABLE "STEADY_INPUTS"
#define GLOBS_MAX_BYTES ((size_t)64 * 1024)

/**
 * The patterns that hold now as one text, which begins with a newline (so that no path is like it) and has each in a
 * line of its own; NULL if there are none. *ret_why: why they cannot be told, or NULL. In mem.
 */
const char *globs_read(struct arena *mem, const char *workspace_root, const char **ret_why);
/** The rules of such a text. */
struct ignore *globs_rules(const char *globs);

#endif
