/*
 * The commands, each defined in its own cmd_<name>.c. Keep the list sorted.
 */
#ifndef STEADY_CLI_COMMANDS_H
#define STEADY_CLI_COMMANDS_H

struct command;

extern const struct command command_completions;
extern const struct command command_env;
extern const struct command command_explain;
extern const struct command command_help;
extern const struct command command_mtimes;
extern const struct command command_restore;
extern const struct command command_rewrite;
extern const struct command command_save;
extern const struct command command_scan;
extern const struct command command_shim;

#endif
