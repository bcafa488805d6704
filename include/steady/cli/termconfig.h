/*
 * [term] of cargo's configuration: `quiet` and `verbose` are meant for us too.
 */
#ifndef STEADY_CLI_TERMCONFIG_H
#define STEADY_CLI_TERMCONFIG_H

#include "steady/cli/ui.h"

/** Fills config_quiet and config_verbose, unless an option settles it. `directory`: where cargo would be started, NULL for the
 * current one. What cannot be read says nothing. */
void termconfig_read(const char *directory, struct ui_options *options);

#endif
