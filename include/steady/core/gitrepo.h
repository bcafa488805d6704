/*
 * A git repository and its work tree.
 *
 *	struct gitrepo *repo;
 *	int code = gitrepo_open(&(struct gitrepo_where){.start = "."}, &repo, &err);
 *	if (code == GITREPO_NONE) ...
 *	gitrepo_free(repo);
 *
 * libgit2 reads it; where libgit2 cannot (SHA-256 object names, a split or sparse index, an extension it does
 * not know), the `git` program answers the same questions, started so that it runs no hook, no filter and no
 * other command that a configuration names. Nothing here follows a link out of the work tree.
 */
#ifndef STEADY_CORE_GITREPO_H
#define STEADY_CORE_GITREPO_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

#include <sys/stat.h>

/** Returned by gitrepo_open where there is no repository. */
#define GITREPO_NONE 1
/** Returned by gitrepo_head for a branch without commits. */
#define GITREPO_UNBORN 1
/** Returned by gitrepo_read where the object is not in the repository (shallow or partial clone, damage). */
#define GITREPO_ABSENT 1

/** An object's name: 20 bytes of SHA-1, or 32 of SHA-256. */
struct gitoid {
	unsigned char byte[32];
	unsigned char len;
};

bool gitoid_eq(const struct gitoid *a, const struct gitoid *b);
/** 40 or 64 hexadecimal digits; false for anything else. */
bool gitoid_parse(struct span hex, struct gitoid *ret);

/** Modes of tree and index entries. */
enum git_mode {
	GIT_MODE_TREE = 0040000,
	GIT_MODE_FILE = 0100644,
	GIT_MODE_EXECUTABLE = 0100755,
	GIT_MODE_LINK = 0120000,
	GIT_MODE_SUBMODULE = 0160000,
};

struct gitrepo;

/** Where to look. NULL members are found as git finds them, GIT_DIR and its kin in the environment included.
 */
struct gitrepo_where {
	/** Directory to start from; parents are searched unless git_dir is given. */
	const char *start;
	const char *git_dir;
	const char *work_tree;
	/** As cargo looks for a repository: what the disk says, whatever the environment names (-ENOTSUP where
	 * only the git program could read it and the environment would mislead that), and whoever owns it. For reading
	 * alone. */
	bool by_disk;
};

/** 0, GITREPO_NONE, or -errno (with a remedy in err, where another user owns the repository). */
int gitrepo_open(const struct gitrepo_where *where, struct gitrepo **ret, struct err *err);
/** Accepts NULL, returns NULL. */
struct gitrepo *gitrepo_free(struct gitrepo *repo);
void gitrepo_cleanup(struct gitrepo **repo);
#define CLEANUP_GITREPO CLEANUP(gitrepo_cleanup)

/** Absolute, with a slash at the end. The work tree is NULL for a bare repository. */
const char *gitrepo_git_dir(const struct gitrepo *repo);
const char *gitrepo_common_dir(const struct gitrepo *repo);
const char *gitrepo_work_tree(const struct gitrepo *repo);
/** True where only the `git` program can read this repository. */
bool gitrepo_by_program(const struct gitrepo *repo);

/** The commit that HEAD names. 0 or GITREPO_UNBORN. */
int gitrepo_head(struct gitrepo *repo, struct gitoid *ret, struct err *err);

/** One object's bytes, in the caller's heap memory (free()). */
struct gitobject {
	/** 1 commit, 2 tree, 3 blob, 4 tag, as in a pack. */
	int type;
	unsigned char *bytes;
	size_t len;
};
/** 0 or GITREPO_ABSENT. -ENOTSUP where gitrepo_by_program(). */
int gitrepo_read(struct gitrepo *repo, const struct gitoid *id, struct gitobject *ret, struct err *err);

/** "1.5.1", in mem, or why libgit2 cannot be loaded. */
const char *gitrepo_library(struct arena *mem);

#endif
