/*
 * A set of files whose contents are one input together: what the user's patterns match.
 *
 *	struct fileset set = {.why = NULL};
 *	fileset_of_globs(&set, mem, contents, "/ws", globs);
 *	contents_settle(contents, progress);
 *	fileset_finish(mem, &set);		the digest, or why it cannot be told
 *	fileset_release(&set);
 *
 * The digest covers the patterns, the files' names and contents, and the texts of links.
 */
#ifndef STEADY_CORE_FILESET_H
#define STEADY_CORE_FILESET_H

#include "steady/core/contents.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/mem.h"

#include <time.h>

/** Files of one set, after which it is given up. */
#define FILESET_MAX_FILES ((size_t)1000000)

struct fileset_file {
	/** Relative to the workspace. */
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
	/** Newest mtime or ctime, that of the directories they lie in included. */
	struct timespec youngest;
	uint64_t size;
	struct digest digest;
	/** Why it cannot be relied upon, or NULL. */
	const char *why;
};

/**
 * All files of the workspace that the patterns (core/globs.h) match, whatever git says of them. Repositories' own
 * directories and build directories are not entered, links not followed.
 */
void fileset_of_globs(struct fileset *set, struct arena *mem, struct contents *contents,
	const char *workspace_root, const char *globs);
void fileset_finish(struct arena *mem, struct fileset *set);
void fileset_release(struct fileset *set);

#endif
