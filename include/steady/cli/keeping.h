/*
 * What `save` and `restore` share on the command line.
 */
#ifndef STEADY_CLI_KEEPING_H
#define STEADY_CLI_KEEPING_H

#include "steady/cli/command.h"
#include "steady/core/digestcache.h"
#include "steady/core/keeper.h"

/** Finds the directories, asks for a workspace. 0 or TARGETS_NONE as targets_locate_existing. */
int keeping_locate(const struct call *call, struct location *ret, struct err *err);
/** The digests that earlier runs left in the user's cache directory; without one, none. Never NULL. */
struct digestcache *keeping_digests(struct arena *mem, const struct location *where);
/** Tells what became of an interrupted change. */
void keeping_say_recovered(struct ui *ui, enum journal_outcome outcome);
/** "3 units", "1 unit"; in mem. */
const char *keeping_count(struct arena *mem, size_t count, const char *singular);

#endif
