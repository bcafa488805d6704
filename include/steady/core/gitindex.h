/*
 * What git tracks, and whether the work tree still holds it.
 *
 *	struct gitindex index;
 *	gitindex_read(repo, mem, &index, &err);
 *	struct gitcheck *checks = arena_array(mem, index.count, sizeof(*checks));
 *	gitindex_check(repo, &index, root_fd, NULL, 0, NULL, checks);
 *
 * "Holds it" is said of bytes: a file is unchanged if its bytes, through the conversions that its attributes ask
 * for, are the object that the index names. The index's own stamps are believed only where they prove that:
 * size, inode, mtime *and* ctime to the nanosecond, both older than the index (git's rule for racy entries);
 * core.checkStat=minimal and the assume-unchanged bit are not honoured. Filters that would run a program are not
 * run.
 */
#ifndef STEADY_CORE_GITINDEX_H
#define STEADY_CORE_GITINDEX_H

#include "steady/core/gitrepo.h"
#include "steady/util/progress.h"

#include <time.h>

struct gitindex_entry {
	struct span path;
	/** An enum git_mode. */
	uint32_t mode;
	struct gitoid id;
	/** What the file looked like when git last found it unchanged. */
	struct timespec mtime, ctime;
	uint32_t inode, size;
	/** 0, or the side of a conflict. */
	unsigned stage;
	/** Left out by a sparse checkout. */
	bool skip_worktree;
	/** Added by `git add -N`: the path alone. */
	bool intent_to_add;
};

struct gitindex {
	/** In order of path bytes, then stage. */
	struct gitindex_entry *entry;
	size_t count;
	/** When the index file was written; zero if there is none. */
	struct timespec written;
};

int gitindex_read(struct gitrepo *repo, struct arena *mem, struct gitindex *ret, struct err *err);
/** The entry of a path without conflict, or NULL. */
const struct gitindex_entry *gitindex_find(const struct gitindex *index, struct span path);

enum gitcheck_state {
	/** Was not asked about. */
	GITCHECK_NOT_ASKED,
	/** The work tree holds what the index names. */
	GITCHECK_SAME,
	GITCHECK_CHANGED,
	/** Nothing there, or a sparse checkout leaves it out. */
	GITCHECK_GONE,
	/** Only a filter that is a program could tell. */
	GITCHECK_UNSURE,
};

struct gitcheck {
	enum gitcheck_state state;
	/** The thing itself (a link is not followed), where there is one. */
	struct stat st;
};

/** Which entries to check; NULL for all. */
struct gitcheck_filter {
	bool (*wanted)(void *ctx, size_t entry);
	void *ctx;
};

/** Fills ret[i] for entry i. `root` is the work tree; `jobs` threads read files, 0 for as many as help. */
void gitindex_check(struct gitrepo *repo, const struct gitindex *index, int root,
	const struct gitcheck_filter *filter, unsigned jobs, const struct progress *progress,
	struct gitcheck *ret);

/** An entry whose file is known to hold what the index names, as long as it has this time. */
struct gitindex_stamp {
	size_t entry;
	struct timespec mtime;
};

/**
 * Notes the present stamps of these files in the index file, so that git need not read them again. One that has got
 * another time meanwhile is being edited, and left alone. -EBUSY while somebody else writes the index.
 */
int gitindex_refresh(struct gitrepo *repo, const struct gitindex *index, int root,
	const struct gitindex_stamp *stamps, size_t count, struct err *err);

/** Does git ignore this path (a directory's ends in a slash)? 1, 0 or -errno. */
int gitrepo_is_ignored(struct gitrepo *repo, const char *path, struct err *err);
/** The same for many: ret[i] for paths[i]. 0, or -errno with ret[] undefined. */
int gitrepo_ignored(
	struct gitrepo *repo, const char *const paths[], size_t count, bool *ret, struct err *err);

#endif
