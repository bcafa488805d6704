/* cargo steady rewrite: replace recorded environment paths, so that cargo finds what it built under another
 * one. */
#include "steady/cli/commands.h"
#include "steady/cli/report.h"
#include "steady/cli/targets.h"
#include "steady/core/journal.h"
#include "steady/core/rewrite.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines of a kind that are shown without --verbose. */
#define FEW 8

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
		"Environment directory that takes their place"},
	{"var", 0, OPT_LIST, offsetof(struct rewrite_args, var), "NAME", NULL,
		"Variable whose recorded value is replaced (default: the interpreter's five)"},
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
	const struct call *call;
	const struct rewrite_args *args;
	const struct target *t;
	const struct rewrite_plan *plan;
	enum journal_outcome recovered;
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
	if (args->to == NULL) {
		(void)err_set(err, EINVAL,
			"--to is missing: the environment directory that takes the place of the old ones");
		(void)err_hint(err, "--to .venv, for example: the directory that has bin/python in it");
		return STEADY_EXIT_USAGE;
	}
	bool misnamed = names_interpreter(args->to, err);
	for (size_t i = 0; i < args->from.count && !misnamed; i++)
		misnamed = names_interpreter(args->from.item[i], err);
	if (misnamed)
		return STEADY_EXIT_USAGE;
	map->to = environment_dir(call->mem, args->to);
	const char **from = arena_array(call->mem, args->from.count, sizeof(*from));
	for (size_t i = 0; i < args->from.count; i++) {
		from[i] = environment_dir(call->mem, args->from.item[i]);
		if (from[i] == NULL)
			map->to = NULL;
	}
	if (map->to == NULL) {
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

static void say_recovered(struct ui *ui, enum journal_outcome outcome)
{
	switch (outcome) {
	case JOURNAL_NONE:
		break;
	case JOURNAL_FINISHED:
		ui_status(ui, "Finished", "a change that had been interrupted");
		break;
	case JOURNAL_DROPPED:
		ui_warn(ui,
			"a change that had been interrupted was given up, since the target directory changed after it; "
			"cargo rebuilds what does not fit");
		break;
	case JOURNAL_UNDONE:
		ui_detail(ui, "Removed", "what a change left that never began");
		break;
	}
}

static void report_env(struct cJSON *list, const struct rewrite_env *env)
{
	struct cJSON *item = report_object(list, NULL);
	report_text(item, "path", env->path);
	report_bool(item, "accepted", env->accepted);
	report_string(item, "reason", env->accepted ? NULL : env->why);
	report_string(item, "recorded_in", env->recorded_in);
	report_count(item, "units", env->units);
}

static void report_lists(struct cJSON *report, const struct job *job)
{
	const struct rewrite_plan *plan = job->plan;
	struct cJSON *list = report_array(report, "environments");
	for (size_t i = 0; i < plan->nenv; i++)
		report_env(list, &plan->env[i]);
	list = report_array(report, "values");
	for (size_t i = 0; i < plan->nvalue; i++) {
		struct cJSON *item = targets_report_unit(list, &job->t->unit[plan->value[i].unit]);
		report_text(item, "variable", plan->value[i].variable);
		report_text(item, "before", plan->value[i].before);
		report_string(item, "after", plan->value[i].after);
	}
	list = report_array(report, "left");
	for (size_t i = 0; i < plan->nleft; i++) {
		struct cJSON *item = targets_report_unit(list, &job->t->unit[plan->left[i].unit]);
		report_string(item, "reason", plan->left[i].why);
	}
	list = report_array(report, "embedded");
	for (size_t i = 0; i < plan->nembedded; i++) {
		struct cJSON *item = targets_report_unit(list, &job->t->unit[plan->embedded[i].unit]);
		report_string(item, "path", plan->embedded[i].path);
		report_bool(item, "matters", plan->embedded[i].matters);
	}
	list = report_array(report, "notes");
	for (size_t i = 0; i < plan->nnote; i++) {
		struct cJSON *item = targets_report_unit(list, &job->t->unit[plan->note[i].unit]);
		report_string(item, "text", plan->note[i].text);
	}
	list = report_array(report, "files");
	for (size_t i = 0; i < plan->nfile; i++)
		report_string(list, NULL, plan->file[i].path);
}

static void print_json(const struct job *job, const char *to)
{
	static const char *const outcome[] = {"none", "finished", "dropped", "undone"};
	struct cJSON *report = report_new("rewrite");
	struct cJSON *summary = report_object(report, "summary");
	report_count(summary, "units", job->t->count);
	report_count(summary, "edited", job->plan->edited);
	report_count(summary, "rehashed", job->plan->rehashed);
	report_count(summary, "left", job->plan->nleft);
	report_count(summary, "embedded", job->plan->nembedded);
	report_count(summary, "files", job->plan->nfile);
	report_bool(summary, "dry_run", job->args->dry_run);
	report_string(summary, "recovered", outcome[job->recovered]);
	report_string(summary, "to", to);
	report_lists(report, job);
	report_print(report, job->call->ui);
}

static size_t shown(const struct job *job, size_t count)
{
	return job->call->ui->verbosity > 0 || count <= FEW ? count : FEW;
}

static void say_rest(const struct job *job, size_t count, const char *what)
{
	if (shown(job, count) < count)
		ui_note(job->call->ui, "%zu more %s; --verbose names them", count - shown(job, count), what);
}

static const char *title(const struct job *job, size_t unit)
{
	return unit_title(job->call->mem, &job->t->unit[unit]);
}

static void say_embedded(const struct job *job)
{
	const struct rewrite_plan *plan = job->plan;
	size_t harmless = 0;
	for (size_t i = 0; i < plan->nembedded; i++) {
		const struct rewrite_embedded *e = &plan->embedded[i];
		harmless += !e->matters;
		if (e->matters)
			ui_warn(job->call->ui,
				"%s has the old path compiled in (%s); rebuild it if the program uses it",
				title(job, e->unit), e->path);
		else
			ui_detail(job->call->ui, "Keeps",
				"%s: the old path is compiled in, nothing reads it while it is fresh",
				e->path);
	}
	if (harmless != 0 && job->call->ui->verbosity == 0)
		ui_note(job->call->ui,
			"%zu files of pyo3-build-config and of build scripts have the old path compiled in, which nothing reads "
			"while they stay fresh",
			harmless);
}

static void say_plan(const struct job *job, const char *to)
{
	struct ui *ui = job->call->ui;
	const struct rewrite_plan *plan = job->plan;
	for (size_t i = 0; i < plan->nenv; i++) {
		if (plan->env[i].accepted)
			ui_status(ui, "Replacing", "%.*s (%zu units) -> %s", SPAN_ARG(plan->env[i].path),
				plan->env[i].units, targets_display(job->call->mem, to));
		else
			ui_warn(ui, "%.*s is not replaced: %s", SPAN_ARG(plan->env[i].path),
				plan->env[i].why);
	}
	for (size_t i = 0; i < plan->nvalue; i++)
		ui_detail(ui, "Value", "%s: %.*s = %s", title(job, plan->value[i].unit),
			SPAN_ARG(plan->value[i].variable), plan->value[i].after);
	for (size_t i = 0; i < shown(job, plan->nleft); i++)
		ui_warn(ui, "%s is left alone: %s", title(job, plan->left[i].unit), plan->left[i].why);
	say_rest(job, plan->nleft, "units are left alone");
	for (size_t i = 0; i < plan->nnote; i++)
		ui_note(ui, "%s: %s", title(job, plan->note[i].unit), plan->note[i].text);
	say_embedded(job);
}

static void say_result(const struct job *job)
{
	const struct rewrite_plan *plan = job->plan;
	const char *verb = job->args->dry_run ? "Would" : "Rewrote";
	const char *word = job->args->dry_run ? "rewrite " : "";
	bool refused = false;
	for (size_t i = 0; i < plan->nenv; i++)
		refused |= !plan->env[i].accepted;
	if (plan->nfile == 0 && plan->nenv == 0)
		ui_status(job->call->ui, "Nothing", "to rewrite: no unit of %zu names such an environment",
			job->t->count);
	else
		ui_status(job->call->ui, verb,
			"%s%zu units, %zu hashes of %zu (%zu files, %zu units left alone)", word,
			plan->edited, plan->rehashed, job->t->count, plan->nfile, plan->nleft);
	if (refused)
		ui_note(job->call->ui,
			"what is not replaced is built again under the new path; --force-identity replaces it "
			"all the same");
}

/* Under cargo's locks from here on. */
static int rewrite_locked(
	const struct call *call, const struct location *where, const struct pathmap *map, struct err *err)
{
	const struct rewrite_args *args = call->args;
	struct job job = {.call = call, .args = args, .recovered = JOURNAL_NONE};
	CLEANUP_CLOSE int fd = fsio_open_root(where->build_dir, err);
	int code = fd < 0 ? fd : args->dry_run ? 0 : journal_recover(fd, &job.recovered, err);
	if (code < 0)
		return code;
	say_recovered(call->ui, job.recovered);

	CLEANUP_TARGET struct target *t = NULL;
	code = target_load(where->build_dir, &t, err);
	if (code < 0)
		return code;
	targets_warn(call->ui, t);
	const struct rewrite_request request = {
		.map = *map,
		.var = args->var.count != 0 ? args->var.item : rewrite_default_vars,
		.nvar = args->var.count != 0 ? args->var.count : rewrite_default_nvar,
		.now = args->force_identity ? NULL : ask_interpreter(call, map->to),
		.force_identity = args->force_identity,
	};
	CLEANUP_REWRITE_PLAN struct rewrite_plan *plan = NULL;
	code = rewrite_make_plan(t, &request, &plan, err);
	if (code < 0)
		return code;
	job.t = t;
	job.plan = plan;
	if (args->format == REPORT_TEXT)
		say_plan(&job, map->to);
	code = args->dry_run ? 0 : rewrite_apply(t, plan, err);
	if (code < 0)
		return code;
	if (args->format == REPORT_JSON)
		print_json(&job, map->to);
	else
		say_result(&job);
	return STEADY_EXIT_DONE;
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
		   "All or nothing: an interrupted run is finished, or given up, by the next one.",
	.opts = rewrite_opts,
	.args_size = sizeof(struct rewrite_args),
	.reads_target = true,
	.run = rewrite_run,
};
