/*
 * The program called as `cargo`: the shim that stands before the real one on PATH.
 */
#ifndef STEADY_CLI_SHIM_H
#define STEADY_CLI_SHIM_H

#include "steady/util/base.h"

/** Is the program called as the shim? */
bool shim_is_meant(const char *const argv[]);
/**
 * Finds the real cargo and runs it, with what is to be done before and after. Returns the exit status, if it did not
 * become that program. Whatever is in doubt: one warning at most, and the real cargo with the environment as it came.
 */
int shim_main(const char *const argv[]);

#endif
