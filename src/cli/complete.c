#include "steady/cli/complete.h"

#include "steady/cli/commands.h"

#include <string.h>

static void each(const struct opt *table, void (*fn)(struct str *out, const struct opt *opt), struct str *out)
{
	if (table == NULL)
		return;
	opt_each (opt, table)
		fn(out, opt);
}

void complete_each_option(
	const struct command *command, void (*fn)(struct str *out, const struct opt *opt), struct str *out)
{
	each(command->opts, fn, out);
	if (command->reads_target)
		each(steady_target_opts, fn, out);
	each(steady_common_opts, fn, out);
}

void complete_operands(struct str *out, const struct command *command)
{
	bool takes_command = command == &command_help || command == &steady_program;
	if (command->operand_values != NULL)
		str_add(out, command->operand_values);
	for (const struct command *const *c = steady_commands; takes_command && *c != NULL; c++)
		str_printf(out, "%s%s", c != steady_commands ? "|" : "", (*c)->name);
}

/* The values of the command's operand, each with the help of the command it names. */
static void each_operand(const struct command *command,
	void (*fn)(struct str *out, const char *word, const char *help), struct str *out)
{
	CLEANUP_STR struct str operands = STR_INIT, word = STR_INIT;
	complete_operands(&operands, command);
	struct span rest = str_span(&operands), value;
	while (opt_next_value(&rest, &value)) {
		const struct command *named = command_find(value);
		str_clear(&word);
		str_add_span(&word, value);
		fn(out, word.buf, named != NULL ? named->summary : "");
	}
}

static void each_name(const struct opt *table,
	void (*fn)(struct str *out, const char *word, const char *help), struct str *out)
{
	CLEANUP_STR struct str name = STR_INIT;
	if (table == NULL)
		return;
	opt_each (opt, table) {
		const char alias[] = {'-', opt->alias, '\0'};
		str_clear(&name);
		str_printf(&name, "--%s", opt->name);
		fn(out, name.buf, opt->help);
		if (opt->alias != 0)
			fn(out, alias, opt->help);
	}
}

void complete_each_word(const struct command *command,
	void (*fn)(struct str *out, const char *word, const char *help), struct str *out)
{
	each_operand(command, fn, out);
	each_name(command->opts, fn, out);
	if (command->reads_target)
		each_name(steady_target_opts, fn, out);
	each_name(steady_common_opts, fn, out);
}

bool complete_is_path(const struct opt *opt)
{
	return opt->arg != NULL && (strcmp(opt->arg, "FILE") == 0 || strcmp(opt->arg, "DIRECTORY") == 0);
}

void complete_add_quoted(struct str *out, const char *text, char quote)
{
	str_add_char(out, quote);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == quote)
			str_add_char(out, quote);
		str_add_char(out, *c);
	}
	str_add_char(out, quote);
}
