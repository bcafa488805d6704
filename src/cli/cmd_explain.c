/* cargo steady explain: what the next cargo build will build, and why. */
#include "steady/cli/commands.h"
#include "steady/cli/keeping.h"
#include "steady/cli/report.h"
#include "steady/cli/targets.h"
#include "steady/core/asidewhy.h"
#include "steady/core/explain.h"
#include "steady/core/pkggit.h"
#include "steady/util/fsio.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Causes, and units of one cause, that are shown without --verbose. */
#define FEW_CAUSES 20
#define FEW_UNITS 6

enum explain_format { EXPLAIN_TEXT, EXPLAIN_JSON, EXPLAIN_MARKDOWN };

struct explain_args {
	struct opt_list package;
	int format;
};

static const struct opt explain_opts[] = {
	{"package", 'p', OPT_LIST, offsetof(struct explain_args, package), "SPEC", NULL,
		"Only this package and what it is built from; may be given several times"},
	{"format", 0, OPT_CHOICE, offsetof(struct explain_args, format), "FMT", "text|json|markdown",
		"Output format"},
	OPT_END,
};

/* Everything that is read, in the order in which it is freed. */
struct reading {
	struct location where;
	struct target *target;
	struct unitfiles *files;
	struct cargoenv *env;
	struct freshfacts *facts;
	struct explain *explain;
};

static void reading_cleanup(struct reading *r)
{
	r->explain = explain_free(r->explain);
	r->facts = freshfacts_free(r->facts);
	r->env = cargoenv_free(r->env);
	r->files = unitfiles_free(r->files);
	r->target = target_free(r->target);
}

static const char *here(struct arena *mem)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	return arena_strdup(mem, cwd != NULL ? cwd : "/");
}

static int read_facts(const struct call *call, struct reading *r, struct err *err)
{
	const char *cwd = here(call->mem);
	const char *home = locate_cargo_home(call->mem);
	const bool split = strcmp(r->where.target_dir, r->where.build_dir) != 0;
	CLEANUP_CLOSE int target_fd = split ? fsio_open_root(r->where.target_dir, NULL) : -1;
	const struct unitfiles_options files = {
		.workspace_root = r->where.workspace_root != NULL ? r->where.workspace_root : cwd,
		.target_dir = target_fd >= 0 ? r->where.target_dir : NULL,
		.cargo_home = home};
	int code = unitfiles_open(r->target, &files, &r->files, err);
	if (code < 0)
		return code;
	code = cargoenv_load(&(struct cargoenv_options){.cwd = cwd, .cargo_home = home}, &r->env, err);
	if (code < 0)
		return code;
	struct progress progress = ui_progress_start(call->ui, "Checking");
	CLEANUP_PKGGIT struct pkggit *git = pkggit_new();
	const struct freshfacts_options options = {
		.env = r->env, .git = pkggit_lister(git), .progress = &progress};
	code = freshfacts_gather(r->target, r->files, &options, &r->facts, err);
	ui_progress_end(call->ui);
	return code;
}

static void warn(const struct call *call, const struct reading *r)
{
	targets_warn(call->ui, r->target);
	if (cargoenv_warning(r->env) != NULL)
		ui_warn(call->ui, "%s", cargoenv_warning(r->env));
	for (size_t i = 0; i < r->facts->nwarning; i++)
		ui_warn(call->ui, "%s", r->facts->warning[i]);
}

static void report_reason(struct cJSON *item, const struct explain *e, size_t i)
{
	CLEANUP_STR struct str text = STR_INIT;
	if (e->verdict[i].reason == FRESH) {
		report_null(item, "reason");
		report_null(item, "reason_kind");
		return;
	}
	explain_reason(e, i, &text);
	report_text(item, "reason", str_span(&text));
	report_string(item, "reason_kind", dirty_reason_name(e->verdict[i].reason));
}

static void report_units(struct cJSON *report, const struct explain *e)
{
	struct cJSON *units = report_array(report, "units");
	for (size_t i = 0; i < e->target->count; i++) {
		const struct verdict *v = &e->verdict[i];
		struct cJSON *unit = targets_report_unit(units, &e->target->unit[i]);
		report_string(unit, "base", e->target->unit[i].base);
		report_bool(unit, "fresh", v->reason == FRESH);
		report_reason(unit, e, i);
		if (v->reason != FRESH)
			report_count(unit, "cause", v->cause);
		else
			report_null(unit, "cause");
		report_bool(unit, "leftover", e->leftover[i]);
		report_bool(unit, "in_scope", e->in_scope[i]);
	}
}

static void report_optional(struct cJSON *item, const char *key,
	void (*text)(const struct explain *e, size_t unit, struct str *out), const struct explain *e,
	size_t unit)
{
	CLEANUP_STR struct str out = STR_INIT;
	text(e, unit, &out);
	if (out.len != 0)
		report_text(item, key, str_span(&out));
	else
		report_null(item, key);
}

static void report_causes(struct cJSON *report, const struct explain *e)
{
	struct cJSON *causes = report_array(report, "causes");
	for (size_t c = 0; c < e->ncause; c++) {
		const struct explain_cause *cause = &e->cause[c];
		struct cJSON *item = report_object(causes, NULL);
		report_count(item, "unit", cause->unit);
		report_reason(item, e, cause->unit);
		report_optional(item, "detail", explain_detail, e, cause->unit);
		report_optional(item, "help", explain_help, e, cause->unit);
		struct cJSON *units = report_array(item, "units");
		for (size_t i = 0; i < cause->ndragged; i++)
			report_count(units, NULL, cause->dragged[i]);
	}
}

static int print_json(const struct call *call, const struct reading *r)
{
	const struct explain *e = r->explain;
	struct cJSON *report = report_new("explain");
	struct cJSON *summary = report_object(report, "summary");
	report_count(summary, "units", e != NULL ? e->units : 0);
	report_count(summary, "fresh", e != NULL ? e->fresh : 0);
	report_count(summary, "dirty", e != NULL ? e->units - e->fresh : 0);
	report_count(summary, "causes", e != NULL ? e->ncause : 0);
	report_count(summary, "leftovers", e != NULL ? e->leftovers : 0);
	report_string(report, "directory", r->where.build_dir);
	report_string(report, "rustc", e != NULL && e->facts->has_rustc ? e->facts->rustc.release : NULL);
	if (e != NULL) {
		report_causes(report, e);
		report_units(report, e);
	} else {
		(void)report_array(report, "causes");
		(void)report_array(report, "units");
	}
	report_print(report, call->ui);
	return STEADY_EXIT_DONE;
}

/* "app (lib, bin), cdy (lib) and 3 more": the units dragged along, the cause itself left out. */
static const char *name_dragged(
	const struct call *call, const struct explain *e, const struct explain_cause *cause)
{
	CLEANUP_STR struct str out = STR_INIT;
	size_t named = 0, few = call->ui->verbosity > 0 ? SIZE_MAX : FEW_UNITS;
	for (size_t i = 0; i < cause->ndragged; i++) {
		if (cause->dragged[i] == cause->unit)
			continue;
		if (named == few && cause->ndragged - 1 > few + 1) {
			str_printf(&out, " and %zu more", cause->ndragged - 1 - named);
			break;
		}
		const struct unit *u = &e->target->unit[cause->dragged[i]];
		const char *join = named++ != 0 ? ", " : "";
		if (strcmp(u->package, u->target) == 0 || u->kind == UNIT_RUN_BUILD_SCRIPT ||
			u->kind == UNIT_BUILD_SCRIPT)
			str_printf(&out, "%s%s (%s)", join, u->package, unit_kind_name(u->kind));
		else
			str_printf(
				&out, "%s%s (%s %s)", join, u->package, unit_kind_name(u->kind), u->target);
	}
	return arena_strdup(call->mem, out.buf);
}

static void print_cause(const struct call *call, const struct explain *e, const struct explain_cause *cause)
{
	CLEANUP_STR struct str reason = STR_INIT;
	CLEANUP_STR struct str detail = STR_INIT;
	CLEANUP_STR struct str help = STR_INIT;
	explain_reason(e, cause->unit, &reason);
	explain_detail(e, cause->unit, &detail);
	explain_help(e, cause->unit, &help);
	ui_line(call->ui, "%s", "");
	ui_put(call->ui, UI_BOLD, "%s", unit_title(call->mem, &e->target->unit[cause->unit]));
	ui_put(call->ui, UI_PLAIN, ": ");
	ui_put(call->ui, UI_YELLOW, "%s", reason.buf);
	ui_line(call->ui, "%s", "");
	if (detail.len != 0)
		ui_line(call->ui, "  %s", detail.buf);
	if (cause->ndragged > 1)
		ui_line(call->ui, "  and because of it %zu more: %s", cause->ndragged - 1,
			name_dragged(call, e, cause));
	if (help.len != 0) {
		ui_put(call->ui, UI_CYAN, "  help");
		ui_line(call->ui, ": %s", help.buf);
	}
}

static void print_leftovers(const struct call *call, const struct explain *e)
{
	if (e->leftovers != 0)
		ui_line(call->ui,
			"%zu more units were left by other compilers, flags, features or versions; the newest state does "
			"not need them",
			e->leftovers);
}

static int print_text(const struct call *call, const struct reading *r)
{
	const struct explain *e = r->explain;
	const size_t shown = call->ui->verbosity > 0 || e->ncause <= FEW_CAUSES ? e->ncause : FEW_CAUSES;
	ui_put(call->ui, UI_BOLD, "%s", targets_display(call->mem, r->where.build_dir));
	ui_put(call->ui, UI_PLAIN, ": ");
	if (e->fresh == e->units)
		ui_put(call->ui, UI_GREEN, "all %zu units are fresh", e->units);
	else
		ui_put(call->ui, UI_YELLOW, "%zu of %zu units will be built, for %zu %s", e->units - e->fresh,
			e->units, e->ncause, e->ncause == 1 ? "reason" : "reasons");
	ui_line(call->ui, "%s", "");
	for (size_t c = 0; c < shown; c++)
		print_cause(call, e, &e->cause[c]);
	if (e->ncause != 0)
		ui_line(call->ui, "%s", "");
	if (shown < e->ncause)
		ui_line(call->ui, "%zu more reasons; --verbose shows them", e->ncause - shown);
	print_leftovers(call, e);
	return STEADY_EXIT_DONE;
}

/* A cell of a Markdown table: nothing in it may end the cell. */
static void add_cell(struct str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			str_add(out, "\\|");
		else if (*text == '<')
			str_add(out, "&lt;");
		else
			str_add_char(out, (unsigned char)*text < 0x20 ? ' ' : *text);
	}
}

static int print_markdown(const struct call *call, const struct reading *r)
{
	const struct explain *e = r->explain;
	ui_line(call->ui, "### What the next cargo build will build");
	ui_line(call->ui, "%s", "");
	ui_line(call->ui, "%zu of %zu units are fresh, %zu will be built.", e->fresh, e->units,
		e->units - e->fresh);
	if (e->ncause != 0) {
		ui_line(call->ui, "%s", "");
		ui_line(call->ui, "| Unit | Reason | Units | What to do |");
		ui_line(call->ui, "|---|---|---:|---|");
	}
	for (size_t c = 0; c < e->ncause; c++) {
		CLEANUP_STR struct str text = STR_INIT;
		CLEANUP_STR struct str row = STR_INIT;
		add_cell(&row, unit_title(call->mem, &e->target->unit[e->cause[c].unit]));
		str_add(&row, " | ");
		explain_reason(e, e->cause[c].unit, &text);
		add_cell(&row, text.buf);
		str_printf(&row, " | %zu | ", e->cause[c].ndragged);
		str_clear(&text);
		explain_help(e, e->cause[c].unit, &text);
		add_cell(&row, text.buf);
		ui_line(call->ui, "| %s |", row.buf);
	}
	ui_line(call->ui, "%s", "");
	print_leftovers(call, e);
	return STEADY_EXIT_DONE;
}

static int print_none(const struct call *call, const struct reading *r, int format)
{
	ui_note(call->ui, "nothing has been built yet: %s is not there, so everything will be built",
		r->where.build_dir);
	return format == EXPLAIN_JSON ? print_json(call, r) : STEADY_EXIT_DONE;
}

static int explain_run(const struct call *call, struct err *err)
{
	const struct explain_args *args = call->args;
	CLEANUP(reading_cleanup) struct reading r = {.target = NULL};
	int code = targets_locate_existing(call, &r.where, err);
	if (code == TARGETS_NONE)
		return print_none(call, &r, args->format);
	if (code == 0)
		code = target_load(r.where.build_dir, &r.target, err);
	if (code == 0)
		code = read_facts(call, &r, err);
	if (code < 0)
		return code;
	warn(call, &r);
	const struct explain_scope scope = {.package = args->package.item, .npackage = args->package.count};
	code = explain_new(r.target, r.files, r.facts, &scope, &r.explain, err);
	CLEANUP_DIGESTCACHE struct digestcache *digests = keeping_digests(call->mem, &r.where);
	if (code == 0 && r.where.workspace_root != NULL)
		code = asidewhy_find(r.explain, r.files, &r.where, digests, err);
	if (code < 0)
		return code;
	if (args->format == EXPLAIN_JSON)
		return print_json(call, &r);
	return args->format == EXPLAIN_MARKDOWN ? print_markdown(call, &r) : print_text(call, &r);
}

const struct command command_explain = {
	.name = "explain",
	.summary = "Show what the next cargo build will build, and why",
	.details =
		"Judges every unit of the target directory by cargo's own rules, and shows the causes, those\n"
		"that drag along most units first, with what can be done about them. Changes nothing, and\n"
		"runs neither cargo nor rustc.",
	.opts = explain_opts,
	.args_size = sizeof(struct explain_args),
	.reads_target = true,
	.run = explain_run,
};
