#include "steady/cli/usage.h"

#include <string.h>

#define MAX_COLUMNS 80
/* Where the explanation of an option begins at the latest; a longer option has it on the next line. */
#define HELP_COLUMN 30

static void add_blanks(struct str *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		str_add_char(out, ' ');
}

void usage_wrap(struct str *out, struct span text, size_t indent, size_t column)
{
	bool line_start = true;
	while (text.len != 0) {
		size_t word = span_find(text, ' ');
		if (!line_start && column + 1 + word > MAX_COLUMNS) {
			str_add_char(out, '\n');
			add_blanks(out, indent);
			column = indent;
			line_start = true;
		}
		if (!line_start) {
			str_add_char(out, ' ');
			column++;
		}
		str_add_mem(out, text.ptr, word);
		column += word;
		line_start = false;
		text = span_skip(text, word + 1);
	}
	str_add_char(out, '\n');
}

static void add_literal(struct str *out, bool colour, const char *text)
{
	str_printf(out, colour ? "\033[1;36m%s\033[0m" : "%s", text);
}

static void add_heading(struct str *out, bool colour, const char *text)
{
	str_printf(out, colour ? "\033[1;32m%s\033[0m" : "%s", text);
}

void usage_line(struct str *out, const struct command *command)
{
	str_add(out, "cargo steady ");
	if (command != &steady_program)
		str_printf(out, "%s ", command->name);
	str_add(out, "[OPTIONS]");
	if (command->operand != NULL)
		str_printf(out, " %s", command->operand);
}

static size_t label_width(const struct opt *opt)
{
	CLEANUP_STR struct str label = STR_INIT;
	opt_label(&label, opt);
	return label.len + (opt->kind == OPT_COUNT ? 3 : 0);
}

static void add_explanation(struct str *out, const struct opt *opt, size_t column)
{
	CLEANUP_STR struct str text = STR_INIT;
	str_add(&text, opt->help);
	if (opt->kind == OPT_CHOICE) {
		struct span rest = span_of(opt->values), value;
		str_add(&text, " [possible values:");
		for (const char *comma = ""; opt_next_value(&rest, &value); comma = ",")
			str_printf(&text, "%s %.*s", comma, SPAN_ARG(value));
		str_add_char(&text, ']');
	}
	usage_wrap(out, str_span(&text), column, column);
}

static void add_option(struct str *out, const struct opt *opt, size_t column, bool colour)
{
	CLEANUP_STR struct str label = STR_INIT;
	char alias[] = {'-', opt->alias, '\0'};
	str_add(out, "  ");
	if (opt->alias != 0) {
		add_literal(out, colour, alias);
		str_add(out, ", ");
	} else {
		str_add(out, "    ");
	}
	opt_label(&label, opt);
	if (opt->kind == OPT_COUNT)
		str_add(&label, "...");
	add_literal(out, colour, label.buf);
	size_t at = 6 + label.len;
	if (at + 2 > column) {
		str_add_char(out, '\n');
		at = 0;
	}
	add_blanks(out, column - at);
	add_explanation(out, opt, column);
}

static void add_options(struct str *out, const char *title, const struct opt *opts, bool colour)
{
	if (opts == NULL || opts->name == NULL)
		return;
	size_t column = 0;
	opt_each (opt, opts) {
		size_t wanted = 6 + label_width(opt) + 2;
		if (wanted > column && wanted <= HELP_COLUMN)
			column = wanted;
	}
	str_add_char(out, '\n');
	add_heading(out, colour, title);
	str_add_char(out, '\n');
	opt_each (opt, opts)
		add_option(out, opt, column != 0 ? column : HELP_COLUMN, colour);
}

static void add_paragraphs(struct str *out, const char *text)
{
	struct span rest = span_of(text);
	while (rest.len != 0) {
		size_t end = span_find_span(rest, SPAN_LIT("\n\n"));
		str_add_char(out, '\n');
		usage_wrap(out, span_make(rest.ptr, end), 0, 0);
		rest = span_skip(rest, end + 2);
	}
}

static void add_commands(struct str *out, bool colour)
{
	size_t width = 0;
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		width = strlen((*c)->name) > width ? strlen((*c)->name) : width;
	str_add_char(out, '\n');
	add_heading(out, colour, "Commands:");
	str_add_char(out, '\n');
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		str_add(out, "  ");
		add_literal(out, colour, (*c)->name);
		add_blanks(out, width - strlen((*c)->name) + 2);
		usage_wrap(out, span_of((*c)->summary), width + 4, width + 4);
	}
}

void usage_help(struct str *out, const struct command *command, bool colour)
{
	bool program = command == &steady_program;
	CLEANUP_STR struct str usage = STR_INIT;
	usage_line(&usage, command);
	usage_wrap(out, span_of(command->summary), 0, 0);
	str_add_char(out, '\n');
	add_heading(out, colour, "Usage:");
	str_add_char(out, ' ');
	add_literal(out, colour, usage.buf);
	str_add_char(out, '\n');
	if (command->details != NULL)
		add_paragraphs(out, command->details);
	if (program)
		add_commands(out, colour);
	add_options(out, "Options:", command->opts, colour);
	if (command->reads_target)
		add_options(out, "Target Options:", steady_target_opts, colour);
	add_options(out, "Common Options:", steady_common_opts, colour);
	if (program)
		str_add(out, "\nSee `cargo steady help <COMMAND>` for one command, and cargo-steady(1).\n");
	else
		str_printf(out, "\nThe manual page is cargo-steady-%s(1).\n", command->name);
}
