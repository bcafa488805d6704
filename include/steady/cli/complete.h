/*
 * Completion scripts, made from the tables of commands and options. One function per shell appends the
 * script.
 */
#ifndef STEADY_CLI_COMPLETE_H
#define STEADY_CLI_COMPLETE_H

#include "steady/cli/command.h"

void complete_bash(struct str *out);
void complete_elvish(struct str *out);
void complete_fish(struct str *out);
void complete_powershell(struct str *out);
void complete_zsh(struct str *out);

/** Calls fn for every option that may stand behind the command (steady_program: before one). */
void complete_each_option(
	const struct command *command, void (*fn)(struct str *out, const struct opt *opt), struct str *out);
/** Calls fn for every word that may come next, values of the operand before options, with its help or "". */
void complete_each_word(const struct command *command,
	void (*fn)(struct str *out, const char *word, const char *help), struct str *out);
/** The possible values of the command's operand, with '|' between them; empty if any will do. */
void complete_operands(struct str *out, const struct command *command);
/** Is the option's value a file or a directory, as its name says? */
bool complete_is_path(const struct opt *opt);
/** The text with `quote` doubled, for shells that quote so. */
void complete_add_quoted(struct str *out, const char *text, char quote);

#endif
