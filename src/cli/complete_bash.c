#include "steady/cli/complete.h"

/* The shell splits words at '=', so that --color=al arrives as three of them. */
static const char head[] =
	"# bash completion for cargo-steady\n"
	"_cargo_steady() {\n"
	"    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cmd= words= i\n"
	"    if [[ $cur == '=' ]]; then\n"
	"        cur=\n"
	"    elif [[ $prev == '=' ]]; then\n"
	"        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"    fi\n"
	"    for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"        case ${COMP_WORDS[i]} in\n";

static const char tail[] = "    esac\n"
			   "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
			   "}\n"
			   "complete -o bashdefault -o default -F _cargo_steady cargo-steady\n";

static void add_spaced(struct str *out, const char *values)
{
	for (const char *c = values; *c != '\0'; c++)
		str_add_char(out, *c == '|' ? ' ' : *c);
}

static void add_name(struct str *out, const struct opt *opt)
{
	str_printf(out, " --%s", opt->name);
	if (opt->alias != 0)
		str_printf(out, " -%c", opt->alias);
}

/* A value that we cannot list is left to the shell, which offers files. */
static void add_value_case(struct str *out, const struct opt *opt)
{
	if (!opt_takes_value(opt))
		return;
	str_printf(out, "        --%s", opt->name);
	if (opt->alias != 0)
		str_printf(out, " | -%c", opt->alias);
	str_add(out, ")\n");
	if (opt->values != NULL) {
		str_add(out, "            COMPREPLY=($(compgen -W '");
		add_spaced(out, opt->values);
		str_add(out, "' -- \"$cur\"))\n");
	} else {
		str_add(out, "            COMPREPLY=()\n");
	}
	str_add(out, "            return\n            ;;\n");
}

static void add_command(struct str *out, const struct command *command)
{
	CLEANUP_STR struct str operands = STR_INIT;
	complete_operands(&operands, command);
	str_printf(out, "    '%s')\n        case $prev in\n", command->name);
	complete_each_option(command, add_value_case, out);
	str_add(out, "        esac\n        words='");
	add_spaced(out, operands.buf);
	complete_each_option(command, add_name, out);
	str_add(out, "'\n        ;;\n");
}

void complete_bash(struct str *out)
{
	CLEANUP_STR struct str names = STR_INIT;
	str_add(out, head);
	complete_operands(&names, &steady_program);
	str_printf(out, "        %s)\n            cmd=${COMP_WORDS[i]}\n            break\n            ;;\n",
		names.buf);
	str_add(out, "        esac\n    done\n    case $cmd in\n");
	add_command(out, &steady_program);
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		add_command(out, *c);
	str_add(out, tail);
}
