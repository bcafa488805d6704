/*
 * What `save` and `restore` share on the command line.
 */
#ifndef STEADY_CLI_KEEPING_H
#define STEADY_CLI_KEEPING_H

#include "steady/cli/command.h"
#include "steady/core/keeper.h"

/** Finds the directories, asks for a workspace. 0 or TARGETS_NONE as targets_locate_existing. */
int keeping_locate(const struct call *call, struct location *ret, struct err *err);
/** Tells what became of an interrupted change. */
void keeping_say_recovered(struct ui *ui, enum journal_outcome outcome);
/** "3 units", "1 unit"; in mem. */
const char *keeping_count(struct arena *mem, size_t count, const char *singular);

#endif
