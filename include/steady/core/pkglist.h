/*
 * All files of a package as cargo lists them where it watches a package as a whole: for scripts without rerun-if lines
 * and for documentation.
 *
 *	struct pkglist list;
 *	if (pkglist_read(&options, "/ws/app", mem, &list, &err) < 0)
 *		...
 *	const char *text = pkglist_newest(&list, recorded, mem);
 *
 * Where the package's Cargo.toml is tracked by git, that is what git tracks or does not ignore (hidden files too),
 * otherwise a walk that follows links and passes over names with a dot in front. `include` and `exclude` of the
 * manifest hold; nested packages and target/ of the package do not count.
 *
 * Source: cargo's sources/path.rs (_list_files, list_files_gix, list_files_walk, last_modified_file).
 */
#ifndef STEADY_CORE_PKGLIST_H
#define STEADY_CORE_PKGLIST_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

#include <time.h>

/** Packages of more files, or of more entries on the way to them, are not listed (-E2BIG). */
#define PKGLIST_MAX_FILES ((size_t)500000)

/** Returned by pkglist_git.list where the package's manifest is not tracked. */
#define PKGLIST_UNTRACKED 1

/** How git is asked; core knows more than one way to read a repository. */
struct pkglist_git {
	/**
	 * Appends, through `add`, each file at or below `root` (absolute) that git tracks or does not ignore, as a path
	 * relative to `root`; a nested repository or a link to a directory as that path alone. 0, PKGLIST_UNTRACKED, or
	 * -errno.
	 */
	int (*list)(void *ctx, const char *root, void (*add)(void *to, const char *path), void *to,
		struct err *err);
	void *ctx;
};

struct pkglist_options {
	/** Absolute; for values that manifests inherit. */
	const char *workspace_root;
	/** NULL: no package is tracked. */
	const struct pkglist_git *git;
	/** cargo's minor version (95 for 1.95), 0 for the newest known. */
	unsigned minor;
};

struct pkglist_file {
	/** Absolute. */
	const char *path;
	/** Zero where it cannot be told (a dangling link). */
	struct timespec mtime;
};

struct pkglist {
	const char *root;
	/** In cargo's order where that is known (without git: that of the directories on disk). */
	struct pkglist_file *file;
	size_t count;
	bool by_git;
};

/** Everything lives in mem. -ENOENT without a manifest. */
int pkglist_read(const struct pkglist_options *options, const char *root, struct arena *mem,
	struct pkglist *ret, struct err *err);
/**
 * "<seconds>.<nanoseconds>s (<file>)" of the newest file. Of several equally new the one that `recorded`, such a text,
 * names if it is among them, else the first.
 */
const char *pkglist_newest(const struct pkglist *list, struct span recorded, struct arena *mem);

#endif
