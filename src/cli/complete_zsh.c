#include "steady/cli/complete.h"

#include <string.h>

/* Inside single quotes, where _arguments gives brackets and colons a meaning. */
static void add_text(struct str *out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\'')
			str_add(out, "'\\''");
		else if (strchr("[]:\\", *c) != NULL)
			str_printf(out, "\\%c", *c);
		else
			str_add_char(out, *c);
	}
}

static void add_values(struct str *out, const char *values)
{
	str_add_char(out, '(');
	for (const char *c = values; *c != '\0'; c++)
		str_add_char(out, *c == '|' ? ' ' : *c);
	str_add_char(out, ')');
}

static void add_action(struct str *out, const struct opt *opt)
{
	if (!opt_takes_value(opt))
		return;
	str_printf(out, ":%s:", opt->arg);
	if (opt->values != NULL)
		add_values(out, opt->values);
	else if (strcmp(opt->arg, "DIRECTORY") == 0)
		str_add(out, "_files -/");
	else if (complete_is_path(opt))
		str_add(out, "_files");
}

static void add_spec(struct str *out, const struct opt *opt, const char *name)
{
	bool repeats = opt->kind == OPT_LIST || opt->kind == OPT_COUNT;
	str_add(out, " \\\n            '");
	if (repeats)
		str_add_char(out, '*');
	else if (opt->alias != 0)
		str_printf(out, "(-%c --%s)", opt->alias, opt->name);
	str_printf(out, "%s%s[", name, !opt_takes_value(opt) ? "" : name[1] == '-' ? "=" : "+");
	add_text(out, opt->help);
	str_add_char(out, ']');
	add_action(out, opt);
	str_add_char(out, '\'');
}

static void add_option(struct str *out, const struct opt *opt)
{
	CLEANUP_STR struct str name = STR_INIT;
	str_printf(&name, "--%s", opt->name);
	add_spec(out, opt, name.buf);
	if (opt->alias != 0) {
		str_clear(&name);
		str_printf(&name, "-%c", opt->alias);
		add_spec(out, opt, name.buf);
	}
}

static void add_command(struct str *out, const struct command *command)
{
	CLEANUP_STR struct str operands = STR_INIT;
	complete_operands(&operands, command);
	str_printf(out, "        %s)\n            _arguments -s -S", command->name);
	complete_each_option(command, add_option, out);
	if (operands.len != 0) {
		str_add(out, " \\\n            '*: :");
		add_values(out, operands.buf);
		str_add_char(out, '\'');
	} else if (command->operand != NULL) {
		str_add(out, " \\\n            '*:operand:_files'");
	}
	str_add(out, "\n            ;;\n");
}

static void add_descriptions(struct str *out)
{
	str_add(out, "    commands=(\n");
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		str_printf(out, "        '%s:", (*c)->name);
		add_text(out, (*c)->summary);
		str_add(out, "'\n");
	}
	str_add(out, "    )\n");
}

/* The function's name is the one under which cargo's own completion looks for ours. */
void complete_zsh(struct str *out)
{
	str_add(out,
		"#compdef cargo-steady\n"
		"_cargo-steady() {\n"
		"    local context state line ret=1\n"
		"    local -a commands\n"
		"    typeset -A opt_args\n");
	add_descriptions(out);
	str_add(out, "    _arguments -s -S -C");
	complete_each_option(&steady_program, add_option, out);
	str_add(out,
		" \\\n            '1: :->command' '*:: :->rest' && ret=0\n"
		"    case $state in\n"
		"    command)\n"
		"        _describe -t commands 'cargo steady command' commands && ret=0\n"
		"        ;;\n"
		"    rest)\n"
		"        case $words[1] in\n");
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		add_command(out, *c);
	str_add(out,
		"        esac && ret=0\n"
		"        ;;\n"
		"    esac\n"
		"    return ret\n"
		"}\n"
		"if [[ $funcstack[1] == _cargo-steady ]]; then\n"
		"    _cargo-steady \"$@\"\n"
		"elif (( $+functions[compdef] )); then\n"
		"    compdef _cargo-steady cargo-steady\n"
		"fi\n");
}
