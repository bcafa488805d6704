/*
 * The standard descriptors at the beginning and at the end of the process.
 */
#ifndef STEADY_CLI_STREAMS_H
#define STEADY_CLI_STREAMS_H

#include "steady/cli/ui.h"

/**
 * Makes sure that descriptors 0 to 2 are open, so that no file of ours ever takes such a number. One that was
 * closed is opened the wrong way round on /dev/null: using it fails as it would have done. 0 or -errno.
 */
int streams_open(void);
/**
 * Ignores SIGPIPE, so that a reader that goes away cannot stop half-done work, and remembers what was set
 * before.
 */
void streams_ignore_sigpipe(void);
/** Undoes streams_ignore_sigpipe, for a process that becomes another program. */
void streams_restore_sigpipe(void);
/**
 * Flushes and gives the exit status: `status`, or STEADY_EXIT_ENVIRONMENT with a message if output was lost.
 * Where the reader of a pipe went away and SIGPIPE is not ignored by the caller, dies of it as usual.
 */
int streams_finish(struct ui *ui, int status);

#endif
