#include "steady/cli/complete.h"

static const char head[] = "# fish completion for cargo-steady, and for cargo steady\n"
			   "function __cargo_steady_in -a wanted\n"
			   "    set -l words (commandline -opc)\n"
			   "    set -l program (string replace -r '.*/' '' -- $words[1])\n"
			   "    set -e words[1]\n"
			   "    if test \"$program\" = cargo\n"
			   "        test \"$words[1]\" = steady; or return 1\n"
			   "    end\n"
			   "    for word in $words\n"
			   "        if contains -- $word $__cargo_steady_commands\n"
			   "            test \"$word\" = \"$wanted\"\n"
			   "            return\n"
			   "        end\n"
			   "    end\n"
			   "    test -z \"$wanted\"\n"
			   "end\n";

/* In single quotes fish gives a backslash and a single quote a meaning. */
static void add_text(struct str *out, const char *text)
{
	str_add_char(out, '\'');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\'' || *c == '\\')
			str_add_char(out, '\\');
		str_add_char(out, *c);
	}
	str_add_char(out, '\'');
}

static void add_values(struct str *out, const char *values)
{
	str_add_char(out, '\'');
	for (const char *c = values; *c != '\0'; c++)
		str_add_char(out, *c == '|' ? ' ' : *c);
	str_add_char(out, '\'');
}

static void add_option(struct str *out, const struct opt *opt)
{
	str_printf(out, "    complete -c $program -n \"__cargo_steady_in '$command'\" -l %s", opt->name);
	if (opt->alias != 0)
		str_printf(out, " -s %c", opt->alias);
	if (opt_takes_value(opt))
		str_add(out, complete_is_path(opt) ? " -rF" : " -x");
	if (opt->values != NULL) {
		str_add(out, " -a ");
		add_values(out, opt->values);
	}
	str_add(out, " -d ");
	add_text(out, opt->help);
	str_add_char(out, '\n');
}

static void add_command(struct str *out, const struct command *command)
{
	CLEANUP_STR struct str operands = STR_INIT;
	str_printf(out, "    set command '%s'\n", command->name);
	complete_each_option(command, add_option, out);
	complete_operands(&operands, command);
	if (operands.len == 0 || command == &steady_program)
		return;
	str_add(out, "    complete -c $program -n \"__cargo_steady_in '$command'\" -f -a ");
	add_values(out, operands.buf);
	str_add_char(out, '\n');
}

void complete_fish(struct str *out)
{
	str_add(out, "set -g __cargo_steady_commands");
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		str_printf(out, " %s", (*c)->name);
	str_add_char(out, '\n');
	str_add(out, head);
	str_add(out, "set -l command\nfor program in cargo-steady cargo\n");
	add_command(out, &steady_program);
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		str_printf(
			out, "    complete -c $program -n \"__cargo_steady_in ''\" -f -a %s -d ", (*c)->name);
		add_text(out, (*c)->summary);
		str_add_char(out, '\n');
	}
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		add_command(out, *c);
	str_add(out, "end\n");
}
