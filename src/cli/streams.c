#include "steady/cli/streams.h"

#include "steady/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static struct sigaction sigpipe_before;
static bool sigpipe_changed;

int streams_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
		/* The lowest free number is this one; it has to survive exec, hence no O_CLOEXEC. */
		if (open("/dev/null", flags) < 0) /* lint: inherited on purpose */
			return -errno;
	}
	return 0;
}

void streams_ignore_sigpipe(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)sigemptyset(&ignore.sa_mask);
	sigpipe_changed = sigaction(SIGPIPE, &ignore, &sigpipe_before) == 0;
}

void streams_restore_sigpipe(void)
{
	if (sigpipe_changed)
		(void)sigaction(SIGPIPE, &sigpipe_before, NULL);
	sigpipe_changed = false;
}

int streams_finish(struct ui *ui, int status)
{
	struct err err = ERR_INIT;
	int result = ui_finish(ui, &err);
	streams_restore_sigpipe();
	if (result == 0)
		return status;
	if (result == -EPIPE && sigpipe_before.sa_handler == SIG_DFL)
		(void)raise(SIGPIPE);
	ui_fail(ui, &err);
	return STEADY_EXIT_ENVIRONMENT;
}
