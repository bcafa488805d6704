/*
 * Our own directory, where interpreter aliases and answers of interpreters are kept.
 *
 * STEADY_HOME, else XDG_CACHE_HOME/cargo-steady, else ~/.cache/cargo-steady; never a directory that others may write to,
 * and never one in /tmp that nobody asked for: programs are started from here.
 */
#ifndef STEADY_CORE_HOME_H
#define STEADY_CORE_HOME_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

/**
 * The directory's path without links, absolute, in mem; it is made (0700) if it is not there. An error where there is no
 * place for it, or where it is not safe: a link, another user's, writable by others, or (if STEADY_HOME does not name it) in a
 * directory where others may rename things; the error has a remedy.
 */
int home_dir(struct arena *mem, const char **ret, struct err *err);

/** Where it lies, as text: nothing is looked at. NULL where the environment names no place. Links are not resolved. */
const char *home_path(struct arena *mem);

/**
 * Opens a directory of ours below the home directory, making it (0700) if it is not there: the descriptor. Refused
 * (-EPERM) if it is not ours alone.
 */
int home_open(const char *home, const char *name, struct err *err);

#endif
