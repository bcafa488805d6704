/* cargo steady save: after a build, record what each unit was built from. */
#include "steady/cli/commands.h"
#include "steady/cli/keeping.h"
#include "steady/cli/report.h"
#include "steady/cli/rewriting.h"
#include "steady/cli/targets.h"
#include "steady/core/stash.h"

#include <string.h>

/* Refusals that are shown without --verbose. */
#define FEW 5

struct save_args {
	struct opt_list package;
	const char *profile, *stash;
	bool dry_run;
	int format;
};

static const struct opt save_opts[] = {
	{"package", 'p', OPT_LIST, offsetof(struct save_args, package), "PKG", NULL,
		"Record units of this package only; may be given more than once"},
	{"profile", 0, OPT_STRING, offsetof(struct save_args, profile), "NAME", NULL,
		"Record units of this profile only (dev, release, ...)"},
	{"dry-run", 'n', OPT_FLAG, offsetof(struct save_args, dry_run), NULL, NULL,
		"Show what would be recorded, and change nothing"},
	{"stash-outputs", 0, OPT_STRING, offsetof(struct save_args, stash), "DIRECTORY", NULL,
		"Copy programs and libraries that caches drop to this directory"},
	{"format", 0, OPT_CHOICE, offsetof(struct save_args, format), "FMT", REPORT_FORMATS, "Output format"},
	OPT_END,
};

static void print_json(const struct call *call, const struct keeper *k, size_t stashed)
{
	const struct save_args *args = call->args;
	const struct recording *r = k->recording;
	struct cJSON *report = report_new("save");
	struct cJSON *summary = report_object(report, "summary");
	report_count(summary, "units", k->target->count);
	report_count(summary, "recorded", r->states[RECORDED_NEW]);
	report_count(summary, "kept", r->states[RECORDED_KEPT]);
	report_count(summary, "immutable", r->states[RECORDED_NEEDLESS]);
	report_count(summary, "refused", r->states[RECORDED_REFUSED]);
	report_count(summary, "skipped", r->states[RECORDED_SKIPPED]);
	report_count(summary, "bytes", r->bytes);
	report_count(summary, "stashed", stashed);
	report_bool(summary, "dry_run", args->dry_run);
	rewriting_report_adoption(report, call, k);
	struct cJSON *units = report_array(report, "units");
	for (size_t i = 0; i < k->target->count; i++) {
		const struct unit_recording *u = &r->unit[i];
		struct cJSON *unit = targets_report_unit(units, &k->target->unit[i]);
		report_string(unit, "verdict", recorded_name(u->state));
		report_bool(unit, "fresh", u->state != RECORDED_REFUSED && u->state != RECORDED_SKIPPED);
		report_string(unit, "reason", u->reason);
	}
	report_print(report, call->ui);
}

static void say_refused(const struct call *call, const struct keeper *k)
{
	const struct recording *r = k->recording;
	size_t shown = 0;
	for (size_t i = 0; i < k->target->count; i++) {
		if (r->unit[i].state != RECORDED_REFUSED)
			continue;
		if (call->ui->verbosity <= 0 && shown == FEW) {
			ui_note(call->ui, "%zu more units have no record; --verbose names them",
				r->states[RECORDED_REFUSED] - shown);
			return;
		}
		shown++;
		ui_status(call->ui, "Unrecorded", "%s: %s", unit_title(call->mem, &k->target->unit[i]),
			r->unit[i].reason);
	}
}

static void say_result(const struct call *call, const struct keeper *k)
{
	const struct save_args *args = call->args;
	const struct recording *r = k->recording;
	say_refused(call, k);
	if (r->states[RECORDED_REFUSED] != 0 && !k->marked)
		ui_note(call->ui,
			"run `cargo steady restore` before `cargo build`: what is built after it can be recorded");
	rewriting_say_adoption(call, k);
	ui_status(call->ui, args->dry_run ? "Would save" : "Saved",
		"%s (%zu new, %llu bytes), %zu units need none, %zu have none",
		keeping_count(call->mem, r->states[RECORDED_NEW] + r->states[RECORDED_KEPT], "record"),
		r->states[RECORDED_NEW], (unsigned long long)r->bytes, r->states[RECORDED_NEEDLESS],
		r->states[RECORDED_REFUSED] + r->states[RECORDED_SKIPPED]);
}

/* cargo's profiles share two directories. */
static const char *profile_directory(const char *profile)
{
	static const char *const alias[][2] = {{"dev", "debug"}, {"test", "debug"}, {"bench", "release"}};
	for (size_t i = 0; profile != NULL && i < sizeof(alias) / sizeof(alias[0]); i++) {
		if (strcmp(profile, alias[i][0]) == 0)
			return alias[i][1];
	}
	return profile;
}

/* A name that stands for nothing that was built is perhaps a mistake. */
static void warn_of_unknown(const struct call *call, const struct target *t)
{
	const struct save_args *args = call->args;
	const char *profile = profile_directory(args->profile);
	bool any = profile == NULL || t->count == 0;
	for (size_t i = 0; i < t->count && !any; i++)
		any = strcmp(t->unit[i].place->profile, profile) == 0;
	if (!any)
		ui_warn(call->ui, "nothing was built with the profile `%s`", args->profile);
	for (size_t p = 0; p < args->package.count && t->count != 0; p++) {
		any = false;
		for (size_t i = 0; i < t->count && !any; i++)
			any = strcmp(t->unit[i].package, args->package.item[p]) == 0;
		if (!any)
			ui_warn(call->ui, "no package `%s` was built", args->package.item[p]);
	}
}

static int save_locked(const struct call *call, const struct location *where, struct err *err)
{
	const struct save_args *args = call->args;
	const struct keeper_wanted wanted = {
		args->package.item, args->package.count, profile_directory(args->profile)};
	CLEANUP_DIGESTCACHE struct digestcache *digests = keeping_digests(call->mem, where);
	CLEANUP_KEEPER struct keeper *k = NULL;
	int code = keeper_open(
		&(struct keeper_options){.where = where, .read_only = args->dry_run, .digests = digests}, &k,
		err);
	if (code < 0)
		return code;
	keeping_say_recovered(call->ui, k->recovered);
	targets_warn(call->ui, k->target);
	warn_of_unknown(call, k->target);
	struct progress progress = ui_progress_start(call->ui, "Recording");
	code = keeper_record(k, &wanted, &progress, err);
	ui_progress_end(call->ui);
	if (code == 0 && !args->dry_run)
		code = recording_write(k->target, k->recording, err);
	size_t stashed = 0;
	if (code == 0 && !args->dry_run && args->stash != NULL)
		code = stash_keep(args->stash, k->target, k->files, k->recording, &stashed, err);
	if (code == 0)
		code = keeper_adopt(k, NULL, err);
	if (code < 0)
		return code;
	if (!args->dry_run)
		digestcache_write(digests);
	if (args->format == REPORT_JSON)
		print_json(call, k, stashed);
	else
		say_result(call, k);
	if (stashed != 0)
		ui_status(call->ui, "Stashed", "%s in %s", keeping_count(call->mem, stashed, "file"),
			targets_display(call->mem, args->stash));
	return STEADY_EXIT_DONE;
}

static int save_run(const struct call *call, struct err *err)
{
	const struct save_args *args = call->args;
	struct location where;
	int code = keeping_locate(call, &where, err);
	if (code < 0)
		return code;
	if (code == TARGETS_NONE) {
		if (args->format == REPORT_JSON) {
			struct cJSON *report = report_new("save");
			report_count(report_object(report, "summary"), "units", 0);
			(void)report_array(report, "units");
			report_print(report, call->ui);
		} else {
			ui_status(call->ui, "Saved", "nothing: no target directory yet (%s)",
				targets_display(call->mem, where.build_dir));
		}
		return STEADY_EXIT_DONE;
	}
	CLEANUP_BUILDLOCK struct buildlock *lock = NULL;
	if (!args->dry_run)
		code = targets_lock(call, &where, &lock, err);
	return code < 0 ? code : save_locked(call, &where, err);
}

const struct command command_save = {
	.name = "save",
	.summary = "After a build: record what each unit was built from",
	.details =
		"Writes, beside cargo's fingerprint of each unit, a small record of the contents of everything\n"
		"that the unit was built from. It travels with the target directory and lets restore tell\n"
		"later what is unchanged.\n"
		"\n"
		"Recorded is only what is proven: units built after restore ran in this work tree, or in a\n"
		"work tree that never moved. Then recorded throw-away environments become the alias of their\n"
		"interpreter, see rewrite.",
	.opts = save_opts,
	.args_size = sizeof(struct save_args),
	.reads_target = true,
	.run = save_run,
};
