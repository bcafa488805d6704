/*
 * Where the program begins. In call order:
 *
 *	streams.c       descriptors 0 to 2, lost output, the exit status
 *	ui.c            how we speak: streams, colour, verbosity, progress (ui_bar.c)
 *	command.c       the array of commands; which one is meant, with which options (opt.c)
 *	usage.c         --help, from the same tables
 *	cmd_<name>.c    the commands
 *	report.c        what commands print as JSON; table.c as text
 *
 * Called as `cargo` it is the shim (shim.c), which stands before the real one.
 */
#include "steady/cli/command.h"
#include "steady/cli/shim.h"
#include "steady/cli/streams.h"
#include "steady/cli/ui.h"

int main(int argc, char **argv)
{
	static const char *const nameless[] = {"cargo-steady", NULL};
	struct ui ui;
	const char *const *words = argc > 0 ? (const char *const *)argv : nameless;
	if (streams_open() < 0)
		return STEADY_EXIT_ENVIRONMENT;
	if (shim_is_meant(words))
		return shim_main(words);
	streams_ignore_sigpipe();
	ui_init(&ui, stdout, stderr);
	int status = command_main(&ui, words);
	return streams_finish(&ui, status);
}
