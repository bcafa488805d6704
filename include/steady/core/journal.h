/*
 * Replacing many files of a build directory, all or none.
 *
 *	journal_recover(fd, &outcome, &err);		finish what an interrupted run began
 *	struct journal *j = NULL;
 *	journal_begin(fd, &j, &err);
 *	journal_stage(j, "debug/...", old, new, &meta, &err);	any number; the tree is unchanged so far
 *	journal_commit(j, &err);
 *	j = journal_close(j);				without a commit: nothing happened
 *
 * Every new file is written and synced below <build-dir>/.cargo-steady/journal, then the list of them (see
 * format/journalfile.h) is renamed into place: from then on the change is decided. Each file is renamed over
 * the old one, in the order of staging, each directory is synced once, and the list is removed. After a crash the
 * next journal_recover finishes the list, if every file is still as it was before or already as it shall be;
 * if something else (cargo) wrote to one of them meanwhile the list is dropped: cargo compares hashes itself
 * and rebuilds what does not fit. Nothing but whole old or whole new files is ever visible.
 *
 * Call everything under cargo's locks (core/buildlock.h).
 */
#ifndef STEADY_CORE_JOURNAL_H
#define STEADY_CORE_JOURNAL_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/fsio.h"
#include "steady/util/span.h"

/** Below the build directory; also the place of other state of ours. */
#define STEADY_STATE_DIR ".cargo-steady"
#define JOURNAL_DIR STEADY_STATE_DIR "/journal"

enum journal_outcome {
	/** There was nothing to do. */
	JOURNAL_NONE,
	/** An interrupted change was completed. */
	JOURNAL_FINISHED,
	/** An interrupted change was given up, because the tree has changed since or the list is damaged. */
	JOURNAL_DROPPED,
	/** An interrupted change had not been decided yet; its leftovers were removed. */
	JOURNAL_UNDONE,
};

struct journal;

int journal_recover(int buildfd, enum journal_outcome *ret, struct err *err);
/** Is there an interrupted change? For commands that only read. */
bool journal_is_pending(int buildfd);

int journal_begin(int buildfd, struct journal **ret, struct err *err);
/**
 * `before` are the bytes the file has now; `meta` its mode and modification time, which the new file gets.
 * A path may be staged once.
 */
int journal_stage(struct journal *j, const char *path, struct span before, struct span after,
	const struct file_meta *meta, struct err *err);
/** -ESTALE if a file is not what it was when it was staged (no cargo should be at work): nothing is replaced. */
int journal_commit(struct journal *j, struct err *err);
/** Accepts NULL, returns NULL. */
struct journal *journal_close(struct journal *j);
void journal_cleanup(struct journal **j);
#define CLEANUP_JOURNAL CLEANUP(journal_cleanup)

#endif
