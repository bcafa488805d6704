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

void complete_elvish(struct str *out)
{
	str_add(out, head);
	complete_each_word(&steady_program, add_candidate, out);
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		str_printf(out, "        }\n        &'%s'= {\n", (*c)->name);
		complete_each_word(*c, add_candidate, out);
	}
	str_add(out, tail);
}
