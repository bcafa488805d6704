#include "steady/cli/stamping.h"

#include "steady/cli/report.h"
#include "steady/core/pathspec.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Looking at the work tree while the walk over history goes on. */
struct looking {
	struct stamping *s;
	/* A handle of its own, and the history's paths, of which there are no more than these. */
	struct gitrepo *repo;
	struct history known;
	pthread_t thread;
	bool started;
	int code;
	struct err err;
};

/* One repository being stamped. */
struct stamping {
	const struct call *call;
	const struct stamping_args *args;
	struct gitrepo *repo;
	int root;
	struct gitrepo_where where;
	struct pathspec paths;
	struct mtimes_options options;
	struct history history;
	/* What the work tree holds; in `mem`, since another thread may be looking. */
	struct arena *mem;
	struct gitindex index;
	struct mtimes_fact *facts;
	struct mtimes_plan plan;
	/* Where the repository lies below the one the command was started for: "" or "sub/". */
	const char *prefix;
	struct cJSON *files;
};

static bool is_wanted(void *ctx, struct span path, bool directory)
{
	(void)directory;
	return pathspec_matches(ctx, path);
}

static struct mtimes_options plan_options(const struct stamping_args *args)
{
	struct mtimes_options o = {
		.author = args->author_time,
		.force = args->force,
		.directories = !args->no_directories,
		.unique = args->unique,
		.skip_merges = args->skip_missing,
		.skip_older_than_commit = args->older_than_commit,
		.skip_older_than = args->older_than <= INT64_MAX ? (int64_t)args->older_than : -1,
		.since_cache = args->since_cache,
		.jobs = (unsigned)args->jobs,
	};
	(void)clock_gettime(CLOCK_REALTIME, &o.now);
	return o;
}

/* Reads the index and compares the work tree with it and with the history's paths. */
static int look(struct stamping *s, struct gitrepo *repo, const struct history *h,
	const struct progress *progress, struct err *err)
{
	struct mtimes_options options = s->options;
	options.progress = progress;
	int code = gitindex_read(repo, s->mem, &s->index, err);
	if (code == 0)
		s->facts = mtimes_look(repo, h, &s->index, s->root, &options,
			s->paths.count != 0 ? is_wanted : NULL, &s->paths, s->mem);
	return code;
}

static void *look_in_thread(void *arg)
{
	struct looking *l = arg;
	l->code = look(l->s, l->repo, &l->known, NULL, &l->err);
	return NULL;
}

static void start_looking(void *ctx, const struct history *known)
{
	struct looking *l = ctx;
	bool alone = l->s->options.jobs == 1 || workers_count() == 1;
	if (l->started || alone || gitrepo_by_program(l->s->repo) ||
		gitrepo_open(&l->s->where, &l->repo, NULL) != 0)
		return;
	l->known = *known;
	l->started = pthread_create(&l->thread, NULL, look_in_thread, l) == 0;
}

static void finish_looking(struct looking *l)
{
	if (l->started)
		(void)pthread_join(l->thread, NULL);
	l->repo = gitrepo_free(l->repo);
}

static int read_history(struct stamping *s, struct looking *looking, struct err *err)
{
	const struct stamping_args *args = s->args;
	struct progress progress = ui_progress_start(s->call->ui, "History");
	const struct history_options options = {
		.first_parent = args->first_parent,
		.merges = args->merge,
		.oldest = args->oldest,
		.listings = !args->no_directories,
		.steps = args->unique,
		.wanted = s->paths.count != 0 ? is_wanted : NULL,
		.wanted_ctx = &s->paths,
		.paths_known = start_looking,
		.paths_known_ctx = looking,
		.progress = &progress,
	};
	int code = history_read(s->repo, &options, s->call->mem, &s->history, err);
	finish_looking(looking);
	ui_progress_end(s->call->ui);
	return code;
}

/* Every word must mean something, or it is a typing error. */
static int check_paths(const struct stamping *s, struct err *err)
{
	CLEANUP_FREE bool *used = xcalloc(s->paths.count + 1, sizeof(*used));
	for (size_t i = 0; i < s->history.path_count; i++) {
		size_t n = pathspec_match(&s->paths, s->history.path[i].path, 0);
		for (; n < s->paths.count; n = pathspec_match(&s->paths, s->history.path[i].path, n + 1))
			used[n] = true;
	}
	for (size_t n = 0; n < s->paths.count; n++) {
		if (!used[n])
			return err_set(
				err, ENOENT, "pathspec '%s' matches nothing in HEAD", s->paths.given[n]);
	}
	return 0;
}

static const char *kind_name(uint32_t mode)
{
	switch (mode) {
	case GIT_MODE_TREE:
		return "directory";
	case GIT_MODE_LINK:
		return "symlink";
	case GIT_MODE_SUBMODULE:
		return "submodule";
	default:
		return "file";
	}
}

static void report_time(struct cJSON *item, const char *key, const char *key_ns, struct timespec time)
{
	report_count(item, key, time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec);
	report_count(item, key_ns, (uint64_t)time.tv_nsec);
}

static void report_item(const struct stamping *s, const struct mtimes_item *it)
{
	struct cJSON *item = report_object(s->files, NULL);
	report_text(item, "path",
		span_of(arena_printf(s->call->mem, "%s%.*s", s->prefix, SPAN_ARG(it->path->path))));
	report_string(item, "kind", kind_name(it->path->mode));
	report_string(item, "verdict", mtimes_verdict_name(it->verdict));
	if (it->commit == NULL) {
		report_null(item, "commit");
		return;
	}
	CLEANUP_STR struct str id = STR_INIT;
	str_add_hex(&id, it->commit->id.byte, it->commit->id.len);
	report_string(item, "commit", id.buf);
	report_time(item, "time", "time_ns", it->time);
	if (it->verdict != MTIMES_MISSING)
		report_time(item, "found", "found_ns", it->fact->st.st_mtim);
}

static void say_item(const struct stamping *s, const struct mtimes_item *it)
{
	static const char *const verbs[MTIMES_VERDICTS] = {[MTIMES_SET] = "Set",
		[MTIMES_CHANGED] = "Changed",
		[MTIMES_UNSURE] = "Unsure",
		[MTIMES_NO_HISTORY] = "Unknown",
		[MTIMES_SKIPPED] = "Skipped",
		[MTIMES_MISSING] = "Missing"};
	struct span path = it->path->path.len != 0 ? it->path->path : SPAN_LIT(".");
	char text[32] = "";
	struct tm tm;
	if (it->verdict == MTIMES_FAILED)
		ui_warn(s->call->ui, "cannot set the time of %s%.*s", s->prefix, SPAN_ARG(path));
	else if (it->verdict == MTIMES_SET && gmtime_r(&it->time.tv_sec, &tm) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) != 0)
		ui_detail(s->call->ui, s->args->dry_run ? "Would set" : "Set", "%s%.*s to %s UTC", s->prefix,
			SPAN_ARG(path), text);
	else if (verbs[it->verdict] != NULL)
		ui_detail(s->call->ui, verbs[it->verdict], "%s%.*s", s->prefix, SPAN_ARG(path));
}

static void add_up(const struct stamping *s, struct stamping_tally *tally)
{
	for (size_t i = 0; i < s->plan.count; i++) {
		const struct mtimes_item *it = &s->plan.item[i];
		bool directory = it->path->mode == GIT_MODE_TREE;
		if (it->verdict == MTIMES_NOT_ASKED)
			continue;
		(directory ? tally->directories : tally->files)[it->verdict]++;
		say_item(s, it);
		if (s->files != NULL)
			report_item(s, it);
	}
	tally->repositories++;
	tally->visited += s->history.visited;
	tally->shallow |= s->history.shallow;
}

/* Looks, where that was not done beside the walk, plans and, unless this is a rehearsal, sets. */
static int stamp(struct stamping *s, const struct looking *looking, struct err *err)
{
	int code = looking->code;
	if (looking->started && code < 0)
		(void)err_set(err, looking->err.code, "%s", looking->err.msg);
	if (!looking->started) {
		struct progress progress = ui_progress_start(s->call->ui, "Checking");
		code = look(s, s->repo, &s->history, &progress, err);
		ui_progress_end(s->call->ui);
	}
	if (code < 0)
		return code;
	mtimes_make_plan(&s->history, s->facts, &s->options, s->call->mem, &s->plan);
	if (s->args->dry_run)
		return 0;
	mtimes_apply(s->root, &s->plan, s->options.jobs);
	struct err refresh = ERR_INIT;
	if (mtimes_refresh(s->repo, &s->index, s->root, &s->plan, &refresh) < 0)
		ui_warn(s->call->ui, "the index was not refreshed, git status will do it: %s", refresh.msg);
	history_remember(s->repo, &s->history);
	return 0;
}

static int stamp_repository(struct stamping *s, struct stamping_tally *tally, struct err *err);

static int enter_submodules(const struct stamping *outer, struct stamping_tally *tally, struct err *err)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < outer->plan.count; i++) {
		const struct mtimes_item *it = &outer->plan.item[i];
		if (it->path->mode != GIT_MODE_SUBMODULE || it->verdict == MTIMES_NOT_ASKED ||
			it->verdict == MTIMES_MISSING)
			continue;
		struct stamping s = {.call = outer->call, .args = outer->args, .files = outer->files};
		const char *path =
			arena_printf(s.call->mem, "%s%s", gitrepo_work_tree(outer->repo), it->path->path.ptr);
		s.prefix = arena_printf(s.call->mem, "%s%s/", outer->prefix, it->path->path.ptr);
		/* One that is not checked out is an empty directory. */
		s.where.git_dir = path;
		if (gitrepo_open(&s.where, &s.repo, NULL) != 0)
			continue;
		code = stamp_repository(&s, tally, err);
		s.repo = gitrepo_free(s.repo);
	}
	return code;
}

static int stamp_repository(struct stamping *s, struct stamping_tally *tally, struct err *err)
{
	if (gitrepo_work_tree(s->repo) == NULL)
		return err_set(err, ENOTDIR, "%s has no work tree", gitrepo_git_dir(s->repo));
	CLEANUP_CLOSE int root = fsio_open_root(gitrepo_work_tree(s->repo), err);
	if (root < 0)
		return root;
	CLEANUP_ARENA struct arena *mem = arena_new();
	s->mem = mem;
	s->root = root;
	s->options = plan_options(s->args);
	struct looking looking = {.s = s, .err = ERR_INIT};
	struct err no_history = ERR_INIT;
	int code = read_history(s, &looking, &no_history);
	if (code != 0) {
		/* History is a convenience: a build goes on without it. */
		if (code == HISTORY_UNBORN)
			ui_note(s->call->ui, "no commits yet");
		else
			ui_warn(s->call->ui, "no times were set, the history cannot be read: %s",
				no_history.msg);
		return 0;
	}
	code = check_paths(s, err);
	if (code == 0)
		code = stamp(s, &looking, err);
	if (code < 0)
		return code;
	add_up(s, tally);
	return s->args->submodules ? enter_submodules(s, tally, err) : 0;
}

/* The current directory relative to the work tree, "" if it lies elsewhere. */
static const char *prefix_of_cwd(const struct gitrepo *repo, struct arena *mem)
{
	const char *work_tree = gitrepo_work_tree(repo);
	CLEANUP_FREE char *cwd = realpath(".", NULL);
	CLEANUP_FREE char *root = work_tree != NULL ? realpath(work_tree, NULL) : NULL;
	if (cwd == NULL || root == NULL || !path_has_prefix(span_of(cwd), span_of(root)))
		return "";
	struct span below = path_below(span_of(cwd), span_of(root));
	return arena_strndup(mem, below.ptr, below.len);
}

void stamping_report(struct cJSON *summary, const struct stamping_tally *tally)
{
	report_count(summary, "repositories", tally->repositories);
	report_count(summary, "commits_visited", tally->visited);
	report_bool(summary, "shallow", tally->shallow);
	struct cJSON *files = report_object(summary, "files");
	struct cJSON *directories = report_object(summary, "directories");
	for (int v = 0; v < MTIMES_VERDICTS; v++) {
		if (v == MTIMES_NOT_ASKED)
			continue;
		report_count(files, mtimes_verdict_name((enum mtimes_verdict)v), tally->files[v]);
		report_count(directories, mtimes_verdict_name((enum mtimes_verdict)v), tally->directories[v]);
	}
}

void stamping_say(struct ui *ui, const struct stamping_args *args, const struct stamping_tally *tally)
{
	static const struct {
		enum mtimes_verdict verdict;
		const char *what;
	} left[] = {
		{MTIMES_CHANGED, "different from HEAD"},
		{MTIMES_UNSURE, "behind a filter, which was not run"},
		{MTIMES_NO_HISTORY, "without a known commit, since the clone is shallow"},
		{MTIMES_SKIPPED, "skipped as asked"},
	};
	/* Why nothing was looked at has been said. */
	if (tally->repositories == 0)
		return;
	ui_status(ui, args->dry_run ? "Would set" : "Set",
		"the times of %zu files and %zu directories (%zu had them already)", tally->files[MTIMES_SET],
		tally->directories[MTIMES_SET],
		tally->files[MTIMES_RIGHT] + tally->directories[MTIMES_RIGHT]);
	for (size_t i = 0; i < COUNT_OF(left); i++) {
		size_t count = tally->files[left[i].verdict] + tally->directories[left[i].verdict];
		if (count != 0)
			ui_note(ui, "%zu path%s left alone: %s", count, count == 1 ? "" : "s", left[i].what);
	}
}

int stamping_run(const struct call *call, const struct stamping_args *args, const char *const *pathspec,
	size_t count, struct cJSON *files, struct stamping_tally *ret, struct err *err)
{
	CLEANUP_GITREPO struct gitrepo *repo = NULL;
	struct stamping s = {.call = call, .args = args, .prefix = "", .files = files};
	const struct gitrepo_where where = {
		.start = args->start,
		.git_dir = args->git_dir,
		.work_tree = args->work_tree != NULL || args->git_dir == NULL ? args->work_tree : ".",
	};
	struct err unreadable = ERR_INIT;
	*ret = (struct stamping_tally){.repositories = 0};
	int code = gitrepo_open(&where, &repo, &unreadable);
	if (code == GITREPO_NONE)
		return err_set(err, ENOENT, "no git repository here");
	if (code < 0) {
		/* Another user's, or one of a kind that nothing here reads. History is a convenience. */
		(void)err_wrap(&unreadable, "no times were set");
		ui_warn_err(call->ui, &unreadable);
		return 0;
	}
	s.repo = repo;
	s.where = where;
	if (pathspec_make(prefix_of_cwd(repo, call->mem), pathspec, count, call->mem, &s.paths, err) < 0)
		return STEADY_EXIT_USAGE;
	return stamp_repository(&s, ret, err);
}
