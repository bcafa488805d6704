/*
 * Setting the files of a work tree to the times of their commits.
 *
 *	struct mtimes_fact *facts = mtimes_look(repo, &history, &index, root, &options, mem);
 *	struct mtimes_plan plan;
 *	mtimes_make_plan(&history, facts, &options, mem, &plan);     pure
 *	mtimes_apply(root, &plan, 0);
 *	mtimes_refresh(repo, &index, root, &plan, &err);
 *
 * A file is stamped only if its bytes are those of HEAD: an edit that carries an old time can be lost (git with
 * core.checkStat=minimal overwrites it) and is missed by whoever compares times. Links are stamped themselves.
 * A directory is stamped only if it lists what HEAD's tree lists, ignored files aside. Nothing is stamped with a
 * time that is yet to come.
 */
#ifndef STEADY_CORE_MTIMES_H
#define STEADY_CORE_MTIMES_H

#include "steady/core/gitindex.h"
#include "steady/core/history.h"

#include <time.h>

struct mtimes_options {
	/** The author's time, not the committer's. */
	bool author;
	/** Files that differ from HEAD too. */
	bool force;
	bool directories;
	/** Below the second, tell commits apart. Needs history_options.steps. */
	bool unique;
	/** Leave alone what a merge commit itself changed. */
	bool skip_merges;
	/** Leave alone what has a time no newer than the one it would get. */
	bool skip_older_than_commit;
	/** Leave alone what is older than this many seconds; negative for no limit. */
	int64_t skip_older_than;
	/** Leave alone what the cache of the last run knew. */
	bool since_cache;
	/** Nothing gets a later time than this. */
	struct timespec now;
	/** Threads; 0 for as many as help. */
	unsigned jobs;
	const struct progress *progress;
};

enum mtimes_verdict {
	/** Is to be set. */
	MTIMES_SET,
	/** Has its time already. */
	MTIMES_RIGHT,
	/** Not asked for. */
	MTIMES_NOT_ASKED,
	/** Differs from HEAD. */
	MTIMES_CHANGED,
	/** Not in the work tree. */
	MTIMES_MISSING,
	/** Only a filter that is a program could tell whether it differs. */
	MTIMES_UNSURE,
	/** No commit is known to have changed it: a shallow clone. */
	MTIMES_NO_HISTORY,
	/** The options skip it. */
	MTIMES_SKIPPED,
	/** Setting it failed. */
	MTIMES_FAILED,
	MTIMES_VERDICTS,
};

/** The word for reports: "set", "right", ... */
const char *mtimes_verdict_name(enum mtimes_verdict verdict);

/** What is in the work tree where HEAD has a path. */
struct mtimes_fact {
	enum gitcheck_state state;
	struct stat st;
	/** Number of its entry in the index, or SIZE_MAX. */
	size_t entry;
};

struct mtimes_item {
	const struct history_path *path;
	/** NULL where no commit is known. */
	const struct history_commit *commit;
	const struct mtimes_fact *fact;
	enum mtimes_verdict verdict;
	/** What it gets, or would get; zero without a commit. */
	struct timespec time;
};

struct mtimes_plan {
	/** One for each path of the history. */
	struct mtimes_item *item;
	size_t count;
};

/** Facts about history->path[i], in `mem`. Paths that `wanted` (NULL: all) does not want are not looked at. */
struct mtimes_fact *mtimes_look(struct gitrepo *repo, const struct history *history,
	const struct gitindex *index, int root, const struct mtimes_options *options,
	bool (*wanted)(void *ctx, struct span path, bool directory), void *wanted_ctx, struct arena *mem);
void mtimes_make_plan(const struct history *history, const struct mtimes_fact *facts,
	const struct mtimes_options *options, struct arena *mem, struct mtimes_plan *ret);
/**
 * Sets the times of what is MTIMES_SET. An item that changed since it was looked at becomes MTIMES_CHANGED, one
 * that cannot be set MTIMES_FAILED.
 */
void mtimes_apply(int root, struct mtimes_plan *plan, unsigned jobs);
/** Notes the new stamps of unchanged files in the index. */
int mtimes_refresh(struct gitrepo *repo, const struct gitindex *index, int root,
	const struct mtimes_plan *plan, struct err *err);

#endif
