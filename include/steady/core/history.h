/*
 * For each path of HEAD the commit that last changed it.
 *
 *	struct history h;
 *	int code = history_read(repo, &(struct history_options){.listings = true}, mem, &h, &err);
 *	for (size_t i = 0; i < h.path_count; i++)
 *		if (h.path[i].commit != HISTORY_NONE) ... h.commit[h.path[i].commit].committer ...
 *
 * The answers are those of `git last-modified -r HEAD`: starting from HEAD, a path whose entry (mode and
 * object name) is the same in a parent is that parent's, the first such parent's if there are several; a path
 * that differs from all parents was changed by the commit itself. So a rename changes both names, a mode
 * change counts, a submodule is its gitlink. The answer for a path does not depend on the order in which
 * commits are visited; that order (generation, then time) only lets all paths of a commit be asked about at
 * once.
 *
 * A directory counts as a path whose content is its listing: the names directly in it, and which of them are
 * directories. Its commit is the one that last added or removed one of them.
 *
 * Where a shallow clone ends, what is still unexplained has no answer (HISTORY_NONE), never the wrong one.
 */
#ifndef STEADY_CORE_HISTORY_H
#define STEADY_CORE_HISTORY_H

#include "steady/core/gitrepo.h"
#include "steady/util/progress.h"

#define HISTORY_NONE UINT32_MAX

struct history_commit {
	struct gitoid id;
	/** Seconds since 1970. */
	int64_t author, committer;
	/** How many parents the commit object names. */
	unsigned parents;
	/**
	 * How many commits stand below it in a row that are not older (committer time, in seconds): what tells
	 * commits of the same second apart, and does not change when commits are added. At most 999.
	 */
	unsigned step;
};

struct history_path {
	/** Relative to the work tree, without a slash at the end; "" is the work tree itself. Any bytes but
	 * NUL.
	 */
	struct span path;
	/** An enum git_mode. */
	uint32_t mode;
	/** Of HEAD's entry. */
	struct gitoid id;
	/** Index of the answer in history.commit, or HISTORY_NONE. */
	uint32_t commit;
	/** The answer was found by this run's walk, not taken from the cache. */
	bool walked;
};

struct history {
	struct gitoid head;
	struct history_commit *commit;
	size_t commit_count;
	/** Files, links, submodules and directories in the order of git's index, directories before what they
	 * hold. */
	struct history_path *path;
	size_t path_count;
	/** Commits visited. */
	size_t visited;
	/** The history ends early: a shallow clone. */
	bool shallow;
	/** history_remember has something to write. */
	bool worth_remembering;
};

struct history_options {
	/** Follow first parents only: a merge then changed whatever it brought in. */
	bool first_parent;
	/** A merge changed every path that differs from any of its parents, not only from all of them. */
	bool merges;
	/** The oldest commit that changed each path instead of the last. */
	bool oldest;
	/** Do not look at the cache; history_remember then does nothing. */
	bool no_cache;
	/** Directories too; without it they are listed, but need not have an answer. */
	bool listings;
	/** Fill in history_commit.step. */
	bool steps;
	/** Which paths to answer for; NULL for all. */
	bool (*wanted)(void *ctx, struct span path, bool directory);
	void *wanted_ctx;
	/**
	 * Called when the paths of HEAD are known and their commits are not: another thread may then look at path, mode and id
	 * of each (`known` is a copy) while the walk goes on. May be called twice, with equal paths. NULL for nobody.
	 */
	void (*paths_known)(void *ctx, const struct history *known);
	void *paths_known_ctx;
	/** Told how many paths are explained; may be NULL. */
	const struct progress *progress;
};

/** Returned by history_read where HEAD has no commit yet. */
#define HISTORY_UNBORN 1

/** 0, HISTORY_UNBORN or -errno: -ENOENT where objects that the walk needs are not here (a treeless clone). */
int history_read(struct gitrepo *repo, const struct history_options *options, struct arena *mem,
	struct history *ret, struct err *err);

/** The path of HEAD with this name that is a directory, or that is none; NULL if there is none. */
const struct history_path *history_find(const struct history *h, struct span path, bool directory);

/**
 * Keeps the answers in the git directory, so that the next history_read walks only new commits. Failure (a
 * read-only repository) is not worth a word.
 */
void history_remember(struct gitrepo *repo, const struct history *h);

#endif
