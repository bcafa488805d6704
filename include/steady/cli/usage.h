/*
 * The help texts, made from the tables.
 */
#ifndef STEADY_CLI_USAGE_H
#define STEADY_CLI_USAGE_H

#include "steady/cli/command.h"

/** "cargo steady scan [OPTIONS]" */
void usage_line(struct str *out, const struct command *command);
/** The whole --help text of a command, or of the program with its list of commands. */
void usage_help(struct str *out, const struct command *command, bool colour);
/** Lines of at most 80 columns, each begun with `indent` blanks; `column` is where the text starts. */
void usage_wrap(struct str *out, struct span text, size_t indent, size_t column);

#endif
