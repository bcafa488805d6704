/* cargo steady mtimes: the files of a work tree get the times of their commits. */
#include "steady/cli/command.h"
#include "steady/cli/commands.h"
#include "steady/cli/judging.h"
#include "steady/cli/report.h"
#include "steady/cli/stamping.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

struct mtimes_args {
	struct stamping_args stamp;
	const char *cwd;
	bool commit_time, test, check, only_mtimes;
	int format;
};

#define ROW(member) offsetof(struct mtimes_args, member)

static const struct opt mtimes_opts[] = {
	{"commit-time", 'c', OPT_FLAG, ROW(commit_time), NULL, NULL, "Use the committer's time: the default"},
	{"author-time", 'a', OPT_FLAG, ROW(stamp.author_time), NULL, NULL, "Use the author's time"},
	{"first-parent", 0, OPT_FLAG, ROW(stamp.first_parent), NULL, NULL,
		"Follow first parents only: what a merge brought in has the time of the merge"},
	{"merge", 'm', OPT_FLAG, ROW(stamp.merge), NULL, NULL,
		"A merge changed whatever differs from any of its parents, not only from all of them"},
	{"oldest-time", 'o', OPT_FLAG, ROW(stamp.oldest), NULL, NULL,
		"Use the oldest commit of each file instead of the last"},
	{"skip-missing", 's', OPT_FLAG, ROW(stamp.skip_missing), NULL, NULL,
		"Leave alone what only a merge commit itself changed"},
	{"skip-older-than", 0, OPT_NUMBER, ROW(stamp.older_than), "SECONDS", NULL,
		"Leave alone what is older than that now"},
	{"skip-older-than-commit", 'N', OPT_FLAG, ROW(stamp.older_than_commit), NULL, NULL,
		"Leave alone what is older than its commit"},
	{"since-cache", 0, OPT_FLAG, ROW(stamp.since_cache), NULL, NULL,
		"Only what commits made since the last run have changed"},
	{"force", 'f', OPT_FLAG, ROW(stamp.force), NULL, NULL,
		"Files that differ from HEAD too. Dangerous: an edit with an old time may be overlooked, or lost"},
	{"unique-times", 0, OPT_FLAG, ROW(stamp.unique), NULL, NULL,
		"Tell the commits of one second apart by fractions of it"},
	{"no-directories", 'D', OPT_FLAG, ROW(stamp.no_directories), NULL, NULL, "Leave directories alone"},
	{"submodules", 0, OPT_FLAG, ROW(stamp.submodules), NULL, NULL,
		"Enter submodules that are checked out"},
	{"only-mtimes", 0, OPT_FLAG, ROW(only_mtimes), NULL, NULL,
		"Set times, and do not look at the target directory"},
	{"dry-run", 'n', OPT_FLAG, ROW(stamp.dry_run), NULL, NULL, "Change nothing"},
	{"test", 't', OPT_FLAG, ROW(test), NULL, NULL, "The same as --dry-run"},
	{"check", 0, OPT_FLAG, ROW(check), NULL, NULL,
		"Change nothing, and exit with 1 if there is something to set"},
	{"cwd", 'C', OPT_STRING, ROW(cwd), "DIRECTORY", NULL, "Run as if started there"},
	{"git-dir", 0, OPT_STRING, ROW(stamp.git_dir), "DIRECTORY", NULL,
		"The repository, instead of the one around"},
	{"work-tree", 0, OPT_STRING, ROW(stamp.work_tree), "DIRECTORY", NULL,
		"The work tree; with --git-dir the current directory unless said"},
	{"jobs", 'j', OPT_NUMBER, ROW(stamp.jobs), "N", NULL, "Threads that read files"},
	{"format", 0, OPT_CHOICE, ROW(format), "FMT", REPORT_FORMATS, "Output format"},
	OPT_END,
};

static int change_directory(const struct mtimes_args *args, struct err *err)
{
	if (args->cwd != NULL && chdir(args->cwd) < 0)
		return err_sys(err, errno, "cannot enter %s", args->cwd);
	return 0;
}

static int check_args(const struct mtimes_args *args, struct err *err)
{
	const struct stamping_args *stamp = &args->stamp;
	if (stamp->author_time && args->commit_time)
		return err_set(err, EINVAL, "cannot use both --author-time and --commit-time");
	if (stamp->since_cache && (stamp->oldest || stamp->merge || stamp->first_parent))
		return err_set(
			err, EINVAL, "--since-cache knows neither --oldest-time, --merge nor --first-parent");
	return 0;
}

static int finish(const struct mtimes_args *args, const struct stamping_tally *tally)
{
	if (args->check && tally->files[MTIMES_SET] + tally->directories[MTIMES_SET] != 0)
		return STEADY_EXIT_FOUND;
	if (tally->files[MTIMES_FAILED] + tally->directories[MTIMES_FAILED] != 0)
		return STEADY_EXIT_ENVIRONMENT;
	return STEADY_EXIT_DONE;
}

/* Units are judged while the sources still have their old times, and settled when they have the new ones. */
static int judge_and_stamp(const struct call *call, const struct stamping_args *stamp, bool judge,
	struct cJSON *files, struct stamping_tally *tally, struct judging_tally *judged, struct err *err)
{
	CLEANUP_JUDGING struct judging *judging = NULL;
	int code = judge ? judging_begin(call, stamp->dry_run, &judging, err) : 0;
	if (code == 0)
		code = judging_before(judging, err);
	if (code == 0)
		code = stamping_run(call, stamp, call->operand, call->operands, files, tally, err);
	if (code == 0)
		code = judging_after(judging, judged, err);
	return code;
}

static int mtimes_run(const struct call *call, struct err *err)
{
	const struct mtimes_args *args = call->args;
	struct stamping_args stamp = args->stamp;
	struct stamping_tally tally;
	struct judging_tally judged = {.judged = false};
	stamp.dry_run |= args->test || args->check;
	if (check_args(args, err) < 0)
		return STEADY_EXIT_USAGE;
	int code = change_directory(args, err);
	if (code < 0)
		return code;
	struct cJSON *report = report_new("mtimes");
	code = judge_and_stamp(call, &stamp, !args->only_mtimes,
		args->format == REPORT_JSON ? report_array(report, "files") : NULL, &tally, &judged, err);
	if (code != 0) {
		report_free(report);
		return code;
	}
	stamping_say(call->ui, &stamp, &tally);
	judging_say(call->ui, &judged);
	if (args->format == REPORT_JSON) {
		struct cJSON *summary = report_object(report, "summary");
		report_bool(summary, "dry_run", stamp.dry_run);
		stamping_report(summary, &tally);
		judging_report(summary, &judged);
		report_print(report, call->ui);
	} else {
		report_free(report);
	}
	return finish(args, &tally);
}

static const struct mtimes_args mtimes_defaults = {.stamp = STAMPING_DEFAULTS};

const struct command command_mtimes = {
	.name = "mtimes",
	.summary = "Set files to the times of their last commits",
	.details =
		"Sets every tracked file that is as HEAD has it to the time of the commit that last changed "
		"it, links themselves, and directories to the time of the commit that last added or removed "
		"something in them. PATHSPEC limits it to files, directories and what matches wildcards.",
	.operand = "[PATHSPEC]...",
	.max_operands = UINT_MAX,
	.opts = mtimes_opts,
	.args_size = sizeof(struct mtimes_args),
	.defaults = &mtimes_defaults,
	.reads_target = true,
	.run = mtimes_run,
};
