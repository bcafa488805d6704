/*
 * The answers of the last run, kept in the git directory as `steady-history`, so that the next run walks only
 * what is new.
 *
 * The file: "STEADYH1", then little-endian numbers: HEAD's id (20 bytes), how many commits (32 bits) and
 * paths (32 bits); for each commit its id (20 bytes), author and committer time (64 bits each) and number of
 * parents (32 bits); for each path its commit (32 bits, the highest bit set for a directory), its length (32
 * bits) and its bytes, in the order of history.path; the XXH3-64 of all that (64 bits). A file that is
 * anything else, or that another version wrote, is as good as none. Paths without an answer are left out.
 */
#ifndef STEADY_CORE_HISTORYCACHE_PRIV_H
#define STEADY_CORE_HISTORYCACHE_PRIV_H

#include "steady/core/history.h"
#include "steady/util/str.h"

#define HISTORYCACHE_FILE "steady-history"

struct historycache_path {
	struct span path;
	bool directory;
	/* Index of its commit. */
	uint32_t commit;
};

struct historycache {
	struct gitoid head;
	struct history_commit *commit;
	size_t commit_count;
	struct historycache_path *path;
	size_t path_count;
};

/** What a file holds, all of it in `mem` or in `bytes`; false if that is not what it should be. */
bool historycache_parse(struct span bytes, struct arena *mem, struct historycache *ret);
void historycache_format(const struct history *h, struct str *out);

/** The repository's cache; false if there is none that can be used. */
bool historycache_read(const char *git_dir, struct arena *mem, struct historycache *ret);
/** Replaces it atomically. Failure (a read-only repository) is not worth a word. */
void historycache_write(const char *git_dir, const struct history *h);

/** Order of paths in both: as if directories' names ended in a slash. */
int historycache_order(struct span a, bool a_directory, struct span b, bool b_directory);

#endif
