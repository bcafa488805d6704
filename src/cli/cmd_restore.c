/* cargo steady restore: before a build, keep the units Fresh that are proven unchanged, and no other. */
#include "steady/cli/commands.h"
#include "steady/cli/judging.h"
#include "steady/cli/keeping.h"
#include "steady/cli/report.h"
#include "steady/cli/rewriting.h"
#include "steady/cli/stamping.h"
#include "steady/cli/targets.h"
#include "steady/core/before.h"

/* Root causes that are shown without --verbose. */
#define FEW 8

struct restore_args {
	bool dry_run, check, strict, mtimes;
	const char *stash;
	int format;
};

static const struct opt restore_opts[] = {
	{"dry-run", 'n', OPT_FLAG, offsetof(struct restore_args, dry_run), NULL, NULL,
		"Show what would be done, and change nothing"},
	{"check", 0, OPT_FLAG, offsetof(struct restore_args, check), NULL, NULL,
		"Change nothing, and exit with 1 if there is something to do"},
	{"strict", 0, OPT_FLAG, offsetof(struct restore_args, strict), NULL, NULL,
		"Exit with 4 if a record cannot be used"},
	{"mtimes", 0, OPT_FLAG, offsetof(struct restore_args, mtimes), NULL, NULL,
		"Also set unmodified files to the times of their last commits, see mtimes"},
	{"stash-outputs", 0, OPT_STRING, offsetof(struct restore_args, stash), "DIRECTORY", NULL,
		"Bring back outputs that the cache dropped, from where save put them"},
	{"format", 0, OPT_CHOICE, offsetof(struct restore_args, format), "FMT", REPORT_FORMATS,
		"Output format"},
	OPT_END,
};

/* Numbers for the summary. */
struct tally {
	size_t before, fresh, immutable, verified, changed, unknown, elsewhere, rejected, roots;
	/** For each unit: how many units it drags along, itself included; 0 for those that are dragged or stay. */
	size_t *cascade;
};

/* The unit that is in the end the reason for this one. */
static size_t root_of(const struct verification *v, size_t i, size_t count)
{
	for (size_t steps = 0; v->unit[i].cause != UNIT_NONE && steps < count; steps++) {
		if (verdict_stays(v->unit[v->unit[i].cause].verdict))
			break;
		i = v->unit[i].cause;
	}
	return i;
}

static void count_units(const struct keeper *k, struct arena *mem, struct tally *ret)
{
	const struct verification *v = k->verification;
	*ret = (struct tally){.cascade = arena_array(mem, k->target->count, sizeof(*ret->cascade))};
	const bool *before = before_find(k->target, k->files, v, mem);
	for (size_t i = 0; i < k->target->count; i++) {
		const struct unit_verdict *unit = &v->unit[i];
		ret->before += before[i];
		ret->immutable += unit->verdict == VERDICT_IMMUTABLE;
		ret->verified += unit->verdict == VERDICT_VERIFIED;
		ret->changed += unit->verdict == VERDICT_CHANGED;
		ret->unknown += unit->verdict == VERDICT_UNKNOWN;
		ret->elsewhere += unit->verdict == VERDICT_ELSEWHERE;
		ret->rejected += unit->rejected != NULL;
		if (!verdict_stays(unit->verdict) && unit->verdict != VERDICT_ELSEWHERE)
			ret->cascade[root_of(v, i, k->target->count)]++;
	}
	ret->fresh = ret->immutable + ret->verified;
	for (size_t i = 0; i < k->target->count; i++)
		ret->roots += ret->cascade[i] != 0;
}

/* `first` looked before the sources were stamped, and adopted what there was; NULL without --mtimes. */
static const struct keeper *adopter(const struct keeper *k, const struct keeper *first)
{
	return first != NULL && first->adoption != NULL ? first : k;
}

static void print_json(const struct call *call, const struct keeper *k, const struct keeper *first,
	const struct tally *tally)
{
	const struct restore_args *args = call->args;
	struct cJSON *report = report_new("restore");
	struct cJSON *summary = report_object(report, "summary");
	size_t files;
	uint64_t bytes;
	observer_counts(k->observer, &files, &bytes);
	report_count(summary, "units", k->target->count);
	report_count(summary, "fresh_before", tally->before);
	report_count(summary, "fresh", tally->fresh);
	report_count(summary, "immutable", tally->immutable);
	report_count(summary, "verified", tally->verified);
	report_count(summary, "changed", tally->changed);
	report_count(summary, "unknown", tally->unknown);
	report_count(summary, "elsewhere", tally->elsewhere);
	report_count(summary, "rejected_records", tally->rejected);
	report_count(summary, "steps", k->plan->count + k->rehash->nfile);
	report_count(summary, "rehashed", k->rehash->rehashed);
	report_count(summary, "files_hashed", files);
	report_count(summary, "bytes_hashed", bytes);
	report_count(summary, "unstashed", k->unstashed);
	report_bool(summary, "stamps_lost", k->verification->lost);
	report_bool(summary, "dry_run", args->dry_run || args->check);
	rewriting_report_adoption(report, call, adopter(k, first));
	struct cJSON *units = report_array(report, "units");
	for (size_t i = 0; i < k->target->count; i++) {
		const struct unit_verdict *v = &k->verification->unit[i];
		struct cJSON *unit = targets_report_unit(units, &k->target->unit[i]);
		report_string(unit, "verdict", verdict_name(v->verdict));
		report_bool(unit, "fresh", verdict_stays(v->verdict));
		report_string(unit, "reason", v->reason);
		report_string(unit, "record_error", v->rejected);
		if (v->cause != UNIT_NONE && v->reason != NULL)
			report_count(unit, "cause", v->cause);
		else
			report_null(unit, "cause");
	}
	report_print(report, call->ui);
}

static void say_roots(const struct call *call, const struct keeper *k, const struct tally *tally)
{
	size_t shown = 0;
	for (size_t i = 0; i < k->target->count; i++) {
		if (tally->cascade[i] == 0)
			continue;
		if (call->ui->verbosity <= 0 && shown == FEW) {
			ui_note(call->ui,
				"%zu more units are rebuilt on their own account; --verbose names them",
				tally->roots - shown);
			return;
		}
		shown++;
		const char *title = unit_title(call->mem, &k->target->unit[i]);
		const char *reason = k->verification->unit[i].reason;
		if (tally->cascade[i] == 1)
			ui_status(call->ui, "Dirty", "%s: %s", title, reason);
		else
			ui_status(call->ui, "Dirty", "%s: %s; %s with it", title, reason,
				keeping_count(call->mem, tally->cascade[i] - 1, "unit"));
	}
}

static void say_rejected(const struct call *call, const struct keeper *k, const struct tally *tally)
{
	size_t shown = 0;
	for (size_t i = 0; i < k->target->count; i++) {
		const char *why = k->verification->unit[i].rejected;
		if (why == NULL)
			continue;
		if (call->ui->verbosity <= 0 && shown == FEW) {
			ui_note(call->ui, "%zu more records cannot be used; --verbose names them",
				tally->rejected - shown);
			return;
		}
		shown++;
		ui_warn(call->ui, "the record of %s cannot be used: %s",
			unit_title(call->mem, &k->target->unit[i]), why);
	}
}

static void say_result(const struct call *call, const struct keeper *k, const struct keeper *first,
	const struct tally *tally)
{
	const struct restore_args *args = call->args;
	rewriting_say_adoption(call, adopter(k, first));
	say_roots(call, k, tally);
	ui_status(call->ui, args->dry_run || args->check ? "Would keep" : "Restored",
		"%zu of %s (%zu verified, %zu that cannot change, %zu changed, %zu without proof); %zu were fresh before",
		tally->fresh, keeping_count(call->mem, k->target->count, "unit"), tally->verified,
		tally->immutable, tally->changed, tally->unknown, tally->before);
	if (k->verification->lost)
		ui_note(call->ui, "the cache lost its time stamps; what is fresh was told by contents");
	if (tally->elsewhere != 0)
		ui_note(call->ui, "%s of other workspaces in this target directory were left alone",
			keeping_count(call->mem, tally->elsewhere, "unit"));
	say_rejected(call, k, tally);
}

static int restore_locked(const struct call *call, const struct location *where, struct digestcache *digests,
	const struct keeper *first, struct err *err)
{
	const struct restore_args *args = call->args;
	const bool read_only = args->dry_run || args->check;
	CLEANUP_KEEPER struct keeper *k = NULL;
	int code = keeper_open(
		&(struct keeper_options){
			.where = where, .read_only = read_only, .stash = args->stash, .digests = digests},
		&k, err);
	if (code < 0)
		return code;
	keeping_say_recovered(call->ui, k->recovered);
	if (k->unstashed != 0)
		ui_status(call->ui, "Unstashed", "%s", keeping_count(call->mem, k->unstashed, "output"));
	targets_warn(call->ui, k->target);
	code = keeper_adopt(k, NULL, err);
	if (code < 0)
		return code;
	struct progress progress = ui_progress_start(call->ui, "Verifying");
	code = keeper_verify(k, &progress, err);
	ui_progress_end(call->ui);
	if (code == 0 && !read_only)
		code = keeper_restore(k, err);
	if (code < 0)
		return code;
	struct tally tally;
	count_units(k, call->mem, &tally);
	if (args->format == REPORT_JSON)
		print_json(call, k, first, &tally);
	else
		say_result(call, k, first, &tally);
	if (args->strict && tally.rejected != 0)
		return STEADY_EXIT_REJECTED;
	bool found = k->plan->count + k->rehash->nfile != 0 || adoption_changes(k->adoption);
	return args->check && found ? STEADY_EXIT_FOUND : STEADY_EXIT_DONE;
}

/* Nothing was built yet: the mark tells `save` later what this job built. */
static int restore_cold(const struct call *call, const struct location *where, struct err *err)
{
	const struct restore_args *args = call->args;
	if (!args->dry_run && !args->check) {
		int code = keeper_prepare(where, err);
		if (code < 0)
			return code;
	}
	if (args->format == REPORT_JSON) {
		struct cJSON *report = report_new("restore");
		report_count(report_object(report, "summary"), "units", 0);
		(void)report_array(report, "units");
		report_print(report, call->ui);
	} else {
		ui_status(call->ui, "Restored", "nothing: no target directory yet (%s)",
			targets_display(call->mem, where->build_dir));
	}
	return STEADY_EXIT_DONE;
}

/* The sources get the times of their commits; where they are not to be had, restoring goes on without. */
static void stamp_sources(const struct call *call, const struct location *where)
{
	const struct restore_args *args = call->args;
	struct stamping_args stamp = STAMPING_DEFAULTS;
	struct stamping_tally tally;
	struct err err = ERR_INIT;
	stamp.start = where->workspace_root;
	stamp.dry_run = args->dry_run || args->check;
	if (stamping_run(call, &stamp, NULL, 0, NULL, &tally, &err) != 0)
		ui_warn(call->ui, "no times were set: %s", err.msg);
	else
		stamping_say(call->ui, &stamp, &tally);
}

/* What is not proven is invalidated before the sources get lower times, see judging.h. */
static int restore_there(const struct call *call, const struct location *where, struct err *err)
{
	const struct restore_args *args = call->args;
	const bool read_only = args->dry_run || args->check;
	CLEANUP_BUILDLOCK struct buildlock *lock = NULL;
	CLEANUP_DIGESTCACHE struct digestcache *digests = keeping_digests(call->mem, where);
	CLEANUP_KEEPER struct keeper *first = NULL;
	int code = read_only ? 0 : targets_lock(call, where, &lock, err);
	if (code == 0 && args->mtimes && !read_only)
		code = judging_prepare(call, where, digests, &first, err);
	if (code < 0)
		return code;
	if (args->mtimes)
		stamp_sources(call, where);
	code = restore_locked(call, where, digests, first, err);
	if (!read_only)
		digestcache_write(digests);
	return code;
}

static int restore_run(const struct call *call, struct err *err)
{
	const struct restore_args *args = call->args;
	struct location where;
	int code = keeping_locate(call, &where, err);
	if (code < 0)
		return code;
	if (code != TARGETS_NONE)
		return restore_there(call, &where, err);
	if (args->mtimes)
		stamp_sources(call, &where);
	return restore_cold(call, &where, err);
}

const struct command command_restore = {
	.name = "restore",
	.summary = "Before a build: keep unchanged units fresh, rebuild the others",
	.details =
		"Compares what each unit was built from (see save) with the work tree, byte by byte. Units\n"
		"that are proven unchanged are made fresh by raising time stamps in the target directory;\n"
		"sources are never touched. Everything else is invalidated, so that cargo builds it again.\n"
		"\n"
		"A missing target directory is no error: it is made, and marked for save.",
	.opts = restore_opts,
	.args_size = sizeof(struct restore_args),
	.reads_target = true,
	.run = restore_run,
};
