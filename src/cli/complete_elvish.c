#include "steady/cli/complete.h"

static const char head[] = "# elvish completion for cargo-steady\n"
			   "use builtin\n"
			   "set edit:completion:arg-completer[cargo-steady] = {|@words|\n"
			   "    fn candidate {|text help|\n"
			   "        edit:complex-candidate $text &display=$text'  '$help\n"
			   "    }\n"
			   "    var commands = [\n"
			   "        &''= {\n";

static const char tail[] = "        }\n"
			   "    ]\n"
			   "    var command = ''\n"
			   "    for word $words[1..-1] {\n"
			   "        if (has-key $commands $word) {\n"
			   "            set command = $word\n"
			   "            break\n"
			   "        }\n"
			   "    }\n"
			   "    $commands[$command]\n"
			   "}\n";

static void add_candidate(struct str *out, const char *word, const char *text)
{
	str_printf(out, "            candidate %s ", word);
	complete_add_quoted(out, text, '\'');
	str_add_char(out, '\n');
}

static void add_option(struct str *out, const struct opt *opt)
{
	CLEANUP_STR struct str name = STR_INIT;
	str_printf(&name, "--%s", opt->name);
	add_candidate(out, name.buf, opt->help);
	if (opt->alias != 0) {
		const char alias[] = {'-', opt->alias, '\0'};
		add_candidate(out, alias, opt->help);
	}
}

static void add_command(struct str *out, const struct command *command)
{
	CLEANUP_STR struct str operands = STR_INIT, word = STR_INIT;
	complete_operands(&operands, command);
	struct span rest = str_span(&operands), value;
	while (opt_next_value(&rest, &value)) {
		const struct command *named = command_find(value);
		str_clear(&word);
		str_add_span(&word, value);
		add_candidate(out, word.buf, named != NULL ? named->summary : "");
	}
	complete_each_option(command, add_option, out);
}

void complete_elvish(struct str *out)
{
	str_add(out, head);
	add_command(out, &steady_program);
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		str_printf(out, "        }\n        &'%s'= {\n", (*c)->name);
		add_command(out, *c);
	}
	str_add(out, tail);
}
