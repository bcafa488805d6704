/* cargo steady rewrite: replace recorded environment paths, so that cargo finds what it built under another
 * one. */
#include "steady/cli/commands.h"
#include "steady/cli/keeping.h"
#include "steady/cli/report.h"
#include "steady/cli/rewriting.h"
#include "steady/cli/targets.h"
#include "steady/core/adopt.h"
#include "steady/core/journal.h"
#include "steady/core/rewrite.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rewrite_args {
	struct opt_list from, var;
	const char *to;
	bool dry_run, force_identity;
	int format;
};

static const struct opt rewrite_opts[] = {
	{"from", 0, OPT_LIST, offsetof(struct rewrite_args, from), "PATTERN", NULL,
		"Environment directory to replace, or a glob of some (default: throw-away environments)"},
	{"to", 0, OPT_STRING, offsetof(struct rewrite_args, to), "DIRECTORY", NULL,
		"Environment directory that takes their place (default: the interpreter's alias)"},
	{"var", 0, OPT_LIST, offsetof(struct rewrite_args, var), "NAME", NULL,
		"Variable whose recorded value is replaced (default: those that name an interpreter)"},
	{"force-identity", 0, OPT_FLAG, offsetof(struct rewrite_args, force_identity), NULL, NULL,
		"Do not compare the interpreters: stale builds are then yours to avoid"},
	{"dry-run", 'n', OPT_FLAG, offsetof(struct rewrite_args, dry_run), NULL, NULL,
		"Show what would be done, and change nothing"},
	{"format", 0, OPT_CHOICE, offsetof(struct rewrite_args, format), "FMT", REPORT_FORMATS,
		"Output format"},
	OPT_END,
};

/* One run of the command. */
struct job {
	const struct rewrite_args *args;
	struct rewriting w;
	enum journal_outcome recovered;
	/* One of them owns the plan. */
	struct rewrite_plan *plan;
	struct adoption *adoption;
};

/* An environment's directory, or a glob of some, as records spell it: absolute, without a final slash; NULL if it cannot be one.
 */
static const char *environment_dir(struct arena *mem, const char *path)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	struct str joined = STR_INIT, normal = STR_INIT;
	path_join(&joined, cwd != NULL ? cwd : "/", path);
	path_normalize(&normal, str_span(&joined));
	const char *copy = strcmp(normal.buf, "/") != 0 ? arena_strdup(mem, normal.buf) : NULL;
	str_release(&joined);
	str_release(&normal);
	return copy;
}

/* Somebody gave the interpreter instead of its environment: says so. */
static bool names_interpreter(const char *path, struct err *err)
{
	struct span dir = path_dir(span_of(path));
	struct span parent = path_base(dir);
	if (!span_starts(path_base(span_of(path)), SPAN_LIT("python")) ||
		!(span_eq_str(parent, "bin") || span_eq_str(parent, "Scripts")))
		return false;
	(void)err_set(err, EINVAL, "%s is an interpreter: the directory of its environment is wanted", path);
	(void)err_hint(err, "give %.*s", SPAN_ARG(path_dir(dir)));
	return true;
}

static int fill_map(const struct call *call, struct pathmap *map, struct err *err)
{
	const struct rewrite_args *args = call->args;
	bool misnamed = args->to != NULL && names_interpreter(args->to, err);
	for (size_t i = 0; i < args->from.count && !misnamed; i++)
		misnamed = names_interpreter(args->from.item[i], err);
	if (misnamed)
		return STEADY_EXIT_USAGE;
	map->to = args->to != NULL ? environment_dir(call->mem, args->to) : NULL;
	bool is_root = args->to != NULL && map->to == NULL;
	const char **from = arena_array(call->mem, args->from.count, sizeof(*from));
	for (size_t i = 0; i < args->from.count; i++) {
		from[i] = environment_dir(call->mem, args->from.item[i]);
		is_root |= from[i] == NULL;
	}
	if (is_root) {
		(void)err_set(err, EINVAL, "/ is not the directory of an environment");
		return STEADY_EXIT_USAGE;
	}
	map->from = from;
	map->nfrom = args->from.count;
	return 0;
}

/* Asks the interpreter of --to, which the user named. None there is no error: then nothing can be compared.
 */
static const struct interpreter *ask_interpreter(const struct call *call, const char *env_dir)
{
	struct err err = ERR_INIT;
	const char *executable;
	struct interpreter *now = arena_alloc(call->mem, sizeof(*now));
	int code = interpreter_of_env(env_dir, call->mem, &executable, &err);
	if (code == 0)
		code = interpreter_ask(executable, call->mem, now, &err);
	if (code == 0)
		return now;
	ui_warn_err(call->ui, &err);
	return NULL;
}

static void print_json(const struct job *job)
{
	static const char *const outcome[] = {"none", "finished", "dropped", "undone"};
	const struct rewriting *w = &job->w;
	struct cJSON *report = report_new("rewrite");
	struct cJSON *summary = report_object(report, "summary");
	report_count(summary, "units", w->t->count);
	report_count(summary, "edited", w->plan->edited);
	report_count(summary, "rehashed", w->plan->rehashed);
	report_count(summary, "left", w->plan->nleft);
	report_count(summary, "rerun", w->plan->nrerun);
	report_count(summary, "embedded", w->plan->nembedded);
	report_count(summary, "files", w->plan->nfile);
	report_bool(summary, "dry_run", job->args->dry_run);
	report_string(summary, "recovered", outcome[job->recovered]);
	report_string(summary, "to", w->to);
	rewriting_report(report, w);
	report_print(report, w->call->ui);
}

static void say_result(const struct job *job)
{
	const struct rewriting *w = &job->w;
	const struct rewrite_plan *plan = w->plan;
	const char *verb = job->args->dry_run ? "Would" : "Rewrote";
	const char *word = job->args->dry_run ? "rewrite " : "";
	bool refused = false;
	for (size_t i = 0; i < plan->nenv; i++)
		refused |= !plan->env[i].accepted;
	if (plan->nfile == 0 && plan->nenv == 0)
		ui_status(w->call->ui, "Nothing", "to rewrite: no unit of %zu names such an environment",
			w->t->count);
	else
		ui_status(w->call->ui, verb,
			"%s%zu units, %zu hashes of %zu (%zu files, %zu units left alone)", word,
			plan->edited, plan->rehashed, w->t->count, plan->nfile, plan->nleft);
	if (refused)
		ui_note(w->call->ui,
			"what is not replaced is built again under the new path; --force-identity replaces it "
			"all the same");
}

static int plan_named(struct job *job, const struct pathmap *map, struct err *err)
{
	const struct rewrite_args *args = job->args;
	const struct rewrite_request request = {
		.map = *map,
		.var = args->var.count != 0 ? args->var.item : rewrite_default_vars,
		.nvar = args->var.count != 0 ? args->var.count : rewrite_default_nvar,
		.now = args->force_identity ? NULL : ask_interpreter(job->w.call, map->to),
		.force_identity = args->force_identity,
	};
	int code = rewrite_make_plan(job->w.t, &request, &job->plan, err);
	job->w.plan = job->plan;
	return code;
}

/* Without --to: the alias of the interpreter that the environment names. */
static int plan_alias(
	struct job *job, const struct location *where, const struct pathmap *map, struct err *err)
{
	static const struct rewrite_plan nothing;
	const struct rewrite_args *args = job->args;
	/* Outside of a workspace only packages of the workspace itself would be told from others. */
	const char *root = where->workspace_root != NULL ? where->workspace_root : where->build_dir;
	CLEANUP_UNITFILES struct unitfiles *files = NULL;
	int code = unitfiles_open(job->w.t, &(struct unitfiles_options){.workspace_root = root}, &files, err);
	if (code < 0)
		return code;
	const struct adopt_request request = {
		.target = job->w.t,
		.files = files,
		.from = map->from,
		.nfrom = map->nfrom,
		.var = args->var.item,
		.nvar = args->var.count,
		.force_identity = args->force_identity,
	};
	code = adopt_look(&request, &job->adoption, err);
	if (code < 0)
		return code;
	job->w.plan = job->adoption->plan;
	job->w.to = job->adoption->alias.dir;
	if (job->w.plan != NULL)
		return 0;
	if (map->nfrom == 0 && !adopt_is_needed(job->w.t)) {
		job->w.plan = &nothing;
		return 0;
	}
	(void)err_set(err, ENOENT, "nothing to put in place of the old environments: %s", job->adoption->why);
	return err_hint(err, "name an interpreter with PYO3_PYTHON, or an environment with --to");
}

static int carry_out(struct job *job, struct err *err)
{
	const bool text = job->args->format == REPORT_TEXT;
	if (text)
		rewriting_say(&job->w);
	int code = job->args->dry_run ? 0 : rewrite_apply(job->w.t, job->w.plan, err);
	if (code < 0)
		return code;
	if (text)
		say_result(job);
	else
		print_json(job);
	return STEADY_EXIT_DONE;
}

/* Under cargo's locks from here on. */
static int rewrite_locked(
	const struct call *call, const struct location *where, const struct pathmap *map, struct err *err)
{
	struct job job = {.args = call->args, .w = {.call = call, .to = map->to}, .recovered = JOURNAL_NONE};
	CLEANUP_CLOSE int fd = fsio_open_root(where->build_dir, err);
	int code = fd < 0 ? fd : job.args->dry_run ? 0 : journal_recover(fd, &job.recovered, err);
	if (code < 0)
		return code;
	keeping_say_recovered(call->ui, job.recovered);

	CLEANUP_TARGET struct target *t = NULL;
	code = target_load(where->build_dir, &t, err);
	if (code < 0)
		return code;
	targets_warn(call->ui, t);
	job.w.t = t;
	code = map->to != NULL ? plan_named(&job, map, err) : plan_alias(&job, where, map, err);
	if (code == 0)
		code = carry_out(&job, err);
	(void)adoption_free(job.adoption);
	(void)rewrite_plan_free(job.plan);
	return code;
}

static int rewrite_run(const struct call *call, struct err *err)
{
	struct pathmap map = {.to = NULL};
	int code = fill_map(call, &map, err);
	if (code != 0)
		return code;
	struct location where;
	code = targets_locate_existing(call, &where, err);
	if (code < 0)
		return code;
	if (code == TARGETS_NONE) {
		ui_note(call->ui, "nothing has been built yet: %s is not there", where.build_dir);
		return STEADY_EXIT_DONE;
	}
	const struct rewrite_args *args = call->args;
	CLEANUP_BUILDLOCK struct buildlock *lock = NULL;
	if (!args->dry_run)
		code = targets_lock(call, &where, &lock, err);
	return code < 0 ? code : rewrite_locked(call, &where, &map, err);
}

const struct command command_rewrite = {
	.name = "rewrite",
	.summary = "Replace recorded paths of Python environments",
	.details = "Units that recorded a path below one of the old environments are changed as if they\n"
		   "had been built with the new one: variables, watched paths, outputs of build scripts,\n"
		   "interpreter configurations, and every hash above them. The interpreters must agree.\n"
		   "\n"
		   "Without --to the new one is the alias of the interpreter that the environment names\n"
		   "(PYO3_PYTHON, VIRTUAL_ENV, python3 on PATH); scripts other than pyo3's own that saw the\n"
		   "old environment then run once more, unless a record speaks for today's.\n"
		   "\n"
		   "All or nothing: an interrupted run is finished, or given up, by the next one.",
	.opts = rewrite_opts,
	.args_size = sizeof(struct rewrite_args),
	.reads_target = true,
	.run = rewrite_run,
};
