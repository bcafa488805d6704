/* cargo steady completions: the completion script of a shell. */
#include "steady/cli/commands.h"
#include "steady/cli/complete.h"
#include "steady/cli/typo.h"

#include <errno.h>
#include <string.h>

#define SHELLS "bash|elvish|fish|powershell|zsh"

static const struct {
	const char *name;
	void (*add)(struct str *out);
} shells[] = {
	{"bash", complete_bash},
	{"elvish", complete_elvish},
	{"fish", complete_fish},
	{"powershell", complete_powershell},
	{"zsh", complete_zsh},
};

static int unknown_shell(const char *name, struct err *err)
{
	struct typo typo = typo_begin(span_of(name));
	for (size_t i = 0; i < COUNT_OF(shells); i++)
		typo_consider(&typo, shells[i].name);
	(void)err_set(err, EINVAL, "no completions for the shell `%s`", name);
	if (typo.best != NULL)
		(void)err_hint(err, "a shell with a similar name is known: `%s`", typo.best);
	else
		(void)err_hint(err, "possible values: bash, elvish, fish, powershell, zsh");
	return STEADY_EXIT_USAGE;
}

static int completions_run(const struct call *call, struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		if (strcmp(call->operand[0], shells[i].name) == 0) {
			CLEANUP_STR struct str script = STR_INIT;
			shells[i].add(&script);
			ui_raw(call->ui, str_span(&script));
			return STEADY_EXIT_DONE;
		}
	}
	return unknown_shell(call->operand[0], err);
}

const struct command command_completions = {
	.name = "completions",
	.summary = "Print the completion script of a shell",
	.details = "SHELL is bash, elvish, fish, powershell or zsh.",
	.operand = "<SHELL>",
	.operand_values = SHELLS,
	.min_operands = 1,
	.max_operands = 1,
	.run = completions_run,
};
