/*
 * Stamping work trees with the times of their commits: what `mtimes` and `restore --mtimes` share.
 */
#ifndef STEADY_CLI_STAMPING_H
#define STEADY_CLI_STAMPING_H

#include "steady/cli/command.h"
#include "steady/core/mtimes.h"

struct cJSON;

/** What the command line says. */
struct stamping_args {
	/** Where to look for the repository; NULL for the current directory. */
	const char *start;
	const char *git_dir, *work_tree;
	bool author_time, first_parent, merge, oldest, skip_missing, older_than_commit;
	bool force, unique, no_directories, dry_run, since_cache, submodules;
	/** UINT64_MAX for no limit. */
	uint64_t older_than;
	uint64_t jobs;
};

/** Nothing but the defaults. */
#define STAMPING_DEFAULTS                                                                                    \
	{                                                                                                    \
		.older_than = UINT64_MAX                                                                     \
	}

/** What all repositories had, by verdict; directories apart. */
struct stamping_tally {
	size_t files[MTIMES_VERDICTS];
	size_t directories[MTIMES_VERDICTS];
	size_t repositories;
	size_t visited;
	bool shallow;
};

/**
 * Looks at the repository around the current directory, limited to the pathspecs, plans and, unless this is a
 * rehearsal, sets. `files` gets an object for each path; NULL for none. A repository or history that cannot be read is a warning.
 * STEADY_EXIT_USAGE (err filled) for pathspecs that make no sense.
 */
int stamping_run(const struct call *call, const struct stamping_args *args, const char *const *pathspec,
	size_t count, struct cJSON *files, struct stamping_tally *ret, struct err *err);
/** One line with what was set, and notes about what was not. */
void stamping_say(struct ui *ui, const struct stamping_args *args, const struct stamping_tally *tally);
/** The counts, into a report's summary. */
void stamping_report(struct cJSON *summary, const struct stamping_tally *tally);

#endif
