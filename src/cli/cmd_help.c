/* cargo steady help: the help of a command. */
#include "steady/cli/command.h"
#include "steady/cli/commands.h"
#include "steady/cli/usage.h"

static int help_run(const struct call *call, struct err *err)
{
	const struct command *command = &steady_program;
	if (call->operands != 0)
		command = command_find(span_of(call->operand[0]));
	if (command == NULL) {
		(void)command_unknown(call->operand[0], err);
		return STEADY_EXIT_USAGE;
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
	.run = help_run,
};
