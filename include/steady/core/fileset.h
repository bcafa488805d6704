/*
 * A set of files whose contents are one input together: a package as cargo lists it, or what the user's patterns match.
 *
 *	struct fileset set = {0};
 *	fileset_of_package(&set, mem, contents, git, "/ws", "/ws/app");
 *	contents_settle(contents, progress);
 *	fileset_finish(mem, &set);		the digest, or why it cannot be told
 *	fileset_release(&set);
 *
 * The digest covers the files' names and contents, for patterns also the patterns and the texts of links.
 */
#ifndef STEADY_CORE_FILESET_H
#define STEADY_CORE_FILESET_H

#include "steady/core/contents.h"
#include "steady/core/pkggit.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/mem.h"

#include <time.h>

/** Files of one set, after which it is given up. */
#define FILESET_MAX_FILES ((size_t)1000000)

struct fileset_file {
	/** Relative to the package or the workspace. */
	const char *name;
	/** NULL for a link that is not followed. */
	const struct content *content;
	/** Of such a link. */
	const char *text;
};

struct fileset {
	struct fileset_file *file;
	size_t count, room;
	/** What the digest begins with. */
	const char *head;
	/** The newest file as cargo writes it, relative to the package; NULL if there is none. */
	const char *newest;
	/** Newest mtime of the files. */
	struct timespec mtime;
	/** Newest mtime or ctime, that of directories that lost a name included. */
	struct timespec youngest;
	uint64_t size;
	struct digest digest;
	/** Why it cannot be relied upon, or NULL. */
	const char *why;
};

/** All files that cargo lists for the package in `root`. */
void fileset_of_package(struct fileset *set, struct arena *mem, struct contents *contents, struct pkggit *git,
	const char *workspace_root, const char *root);
/**
 * All files of the workspace that the patterns (core/globs.h) match, whatever git says of them. Repositories' own
 * directories and build directories are not entered, links not followed.
 */
void fileset_of_globs(struct fileset *set, struct arena *mem, struct contents *contents,
	const char *workspace_root, const char *globs);
void fileset_finish(struct arena *mem, struct fileset *set);
void fileset_release(struct fileset *set);

#endif
