/* cargo steady help: the help of a command; as JSON, all commands and their options for other programs. */
#include "steady/cli/command.h"
#include "steady/cli/commands.h"
#include "steady/cli/report.h"
#include "steady/cli/usage.h"
#include "steady/cli/version.h"

struct help_args {
	enum report_format format;
};

static const struct opt help_opts[] = {
	{"format", 0, OPT_CHOICE, offsetof(struct help_args, format), "FMT", REPORT_FORMATS,
		"Output format; json describes all commands and options"},
	OPT_END,
};

static void add_values(struct cJSON *parent, const char *key, const char *values)
{
	struct cJSON *array = report_array(parent, key);
	struct span rest = span_of(values), value;
	while (opt_next_value(&rest, &value))
		report_text(array, NULL, value);
}

static void add_option(struct cJSON *options, const struct opt *opt)
{
	struct cJSON *item = report_object(options, NULL);
	const char alias[] = {opt->alias, '\0'};
	bool repeats = opt->kind == OPT_LIST || opt->kind == OPT_COUNT;
	report_string(item, "name", opt->name);
	report_string(item, "alias", opt->alias != 0 ? alias : NULL);
	report_string(item, "value", opt->arg);
	report_bool(item, "repeats", repeats);
	if (opt->values != NULL)
		add_values(item, "possible_values", opt->values);
	report_string(item, "help", opt->help);
}

static void add_options(struct cJSON *options, const struct opt *table)
{
	if (table == NULL)
		return;
	opt_each (opt, table)
		add_option(options, opt);
}

static void add_command(struct cJSON *commands, const struct command *command)
{
	struct cJSON *item = report_object(commands, NULL);
	report_string(item, "name", command->name);
	report_string(item, "summary", command->summary);
	report_string(item, "operand", command->operand);
	struct cJSON *options = report_array(item, "options");
	add_options(options, command->opts);
	if (command->reads_target)
		add_options(options, steady_target_opts);
}

static void print_json(struct ui *ui)
{
	struct cJSON *report = report_new("help");
	report_string(report, "version", version_string());
	add_options(report_array(report, "program_options"), steady_program.opts);
	add_options(report_array(report, "common_options"), steady_common_opts);
	struct cJSON *commands = report_array(report, "commands");
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		add_command(commands, *c);
	report_print(report, ui);
}

static int help_run(const struct call *call, struct err *err)
{
	const struct help_args *args = call->args;
	const struct command *command = &steady_program;
	if (call->operands != 0)
		command = command_find(span_of(call->operand[0]));
	if (command == NULL) {
		(void)command_unknown(call->operand[0], err);
		return STEADY_EXIT_USAGE;
	}
	if (args->format == REPORT_JSON) {
		print_json(call->ui);
		return STEADY_EXIT_DONE;
	}
	CLEANUP_STR struct str text = STR_INIT;
	usage_help(&text, command, call->ui->out_colour);
	ui_raw(call->ui, str_span(&text));
	return STEADY_EXIT_DONE;
}

const struct command command_help = {
	.name = "help",
	.summary = "Print the help of a command",
	.operand = "[COMMAND]",
	.max_operands = 1,
	.opts = help_opts,
	.args_size = sizeof(struct help_args),
	.run = help_run,
};
