/*
 * What the commands that read target directories share: finding the directory, locks, words for units.
 */
#ifndef STEADY_CLI_TARGETS_H
#define STEADY_CLI_TARGETS_H

#include "steady/cli/command.h"
#include "steady/core/buildlock.h"
#include "steady/core/locate.h"
#include "steady/core/target.h"

struct cJSON;

/** Returned, as a positive condition, where nothing has been built yet. */
#define TARGETS_NONE 1

/** Finds the directories that --target-dir, --manifest-path and the environment mean; warns where told to. */
int targets_locate(const struct call *call, struct location *ret, struct err *err);
/** As above, and TARGETS_NONE where the directory is not there (an error if it was named). */
int targets_locate_existing(const struct call *call, struct location *ret, struct err *err);
/** Takes cargo's locks on it, saying so as cargo does when it must wait. */
int targets_lock(
	const struct call *call, const struct location *where, struct buildlock **ret, struct err *err);
/** Prints the warnings kept while reading: the first few, or all with --verbose. */
void targets_warn(struct ui *ui, const struct target *t);
/** "sip24", "stable/chunkbits" ...: what the units' hashes were made with, several joined by ", "; in mem. */
const char *targets_epochs(struct arena *mem, const struct target *t);
/** "old", "new" or "old and new"; static. */
const char *targets_layout(const struct target *t);
/** A path as people like it: relative to the current directory if below it, otherwise with ~; in mem. */
const char *targets_display(struct arena *mem, const char *path);

/** Adds the fields that every report has of a unit; the object is returned. */
struct cJSON *targets_report_unit(struct cJSON *units, const struct unit *u);

#endif
