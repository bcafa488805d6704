/*
 * The program's version and those of the libraries it runs with.
 */
#ifndef STEADY_CLI_VERSION_H
#define STEADY_CLI_VERSION_H

#include "steady/cli/ui.h"

/** "0.1.0" */
const char *version_string(void);
/** --version: one line; with --verbose the libraries too. */
void version_print(struct ui *ui, bool verbose);

#endif
