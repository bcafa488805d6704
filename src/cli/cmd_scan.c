/* cargo steady scan: what is in a target directory, and which units hold paths of throw-away environments. */
#include "steady/cli/commands.h"
#include "steady/cli/report.h"
#include "steady/cli/targets.h"
#include "steady/core/journal.h"
#include "steady/core/scan.h"
#include "steady/util/strmap.h"

#include <stdlib.h>
#include <string.h>

struct scan_args {
	int format;
};

/* Longest value that is shown whole. */
#define MAX_SHOWN ((size_t)512)

static const struct opt scan_opts[] = {
	{"format", 0, OPT_CHOICE, offsetof(struct scan_args, format), "FMT", REPORT_FORMATS, "Output format"},
	OPT_END,
};

static const char *where_name(enum sighting_where where)
{
	switch (where) {
	case SIGHTING_UNIT:
		return "unit";
	case SIGHTING_OUTPUT:
		return "output";
	case SIGHTING_CONFIG:
		return "config";
	}
	return "unit";
}

static const char *abi_name(const struct py_config *config)
{
	switch (config->abi) {
	case PY_ABI_ABI3:
		return "abi3";
	case PY_ABI_ABI3T:
		return "abi3t";
	case PY_ABI_FREE_THREADED:
		return "free_threaded";
	case PY_ABI_GIL:
		return "gil_enabled";
	case PY_ABI_UNKNOWN:
		break;
	}
	return config->gil_disabled ? "free_threaded" : "gil_enabled";
}

static const char *hash_text(struct arena *mem, const struct unit *u)
{
	char *text = arena_alloc(mem, HASHFILE_LEN + 1);
	hashfile_format(u->hash, text);
	return text;
}

static const char *local_name(enum local_kind kind)
{
	switch (kind) {
	case LOCAL_PRECALCULATED:
		return "Precalculated";
	case LOCAL_CHECK_DEP_INFO:
		return "CheckDepInfo";
	case LOCAL_RERUN_IF_CHANGED:
		return "RerunIfChanged";
	case LOCAL_RERUN_IF_ENV_CHANGED:
		return "RerunIfEnvChanged";
	}
	return "Precalculated";
}

static void report_local(struct cJSON *locals, const struct local *local)
{
	struct cJSON *item = report_object(locals, NULL);
	report_string(item, "kind", local_name(local->kind));
	switch (local->kind) {
	case LOCAL_PRECALCULATED:
		report_text(item, "value", local->text);
		break;
	case LOCAL_CHECK_DEP_INFO:
		report_text(item, "dep_info", local->text);
		break;
	case LOCAL_RERUN_IF_CHANGED: {
		report_text(item, "output", local->text);
		struct cJSON *paths = report_array(item, "paths");
		for (size_t i = 0; i < local->npath; i++)
			report_text(paths, NULL, local->path[i]);
		break;
	}
	case LOCAL_RERUN_IF_ENV_CHANGED:
		report_text(item, "variable", local->text);
		if (local->has_value)
			report_text(item, "value", local->value);
		else
			report_null(item, "value");
		break;
	}
}

static void report_proof(struct cJSON *unit, struct arena *mem, const struct unit *u)
{
	if (u->hash_state == HASH_PRESENT)
		report_string(unit, "hash", hash_text(mem, u));
	else
		report_null(unit, "hash");
	if (u->proof == PROOF_NONE)
		report_null(unit, "hash_verified");
	else
		report_bool(unit, "hash_verified", u->proof == PROOF_VERIFIED);
}

/* One unit; *at runs through the sightings, which are in the order of the units. */
/* What is shown of a value: all of it, but of a long one (a stranger's, with many paths) the path alone. */
static struct span shown_path(const struct sighting *seen)
{
	if (seen->value.len <= MAX_SHOWN)
		return seen->value;
	struct span rest = span_skip(seen->value, (size_t)(seen->env.ptr - seen->value.ptr));
	return span_make(rest.ptr, rest.len < MAX_SHOWN ? rest.len : MAX_SHOWN);
}

static void report_unit(struct cJSON *units, struct arena *mem, const struct scan *s, size_t i, size_t *at)
{
	const struct unit *u = &s->target->unit[i];
	struct cJSON *unit = targets_report_unit(units, u);
	report_proof(unit, mem, u);
	struct cJSON *locals = report_array(unit, "locals");
	for (size_t n = 0; u->fingerprint != NULL && n < u->fingerprint->nlocal; n++)
		report_local(locals, &u->fingerprint->local[n]);
	struct cJSON *dependencies = report_array(unit, "dependencies");
	for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
		if (u->dep[d] != UNIT_NONE)
			report_count(dependencies, NULL, u->dep[d]);
	}
	struct cJSON *ephemeral = report_array(unit, "ephemeral");
	for (; *at < s->sightings.len && s->sightings.data[*at].unit == i; (*at)++) {
		const struct sighting *seen = &s->sightings.data[*at];
		struct cJSON *item = report_object(ephemeral, NULL);
		report_string(item, "where", where_name(seen->where));
		report_text(item, "variable", seen->variable);
		report_text(item, "path", shown_path(seen));
		report_text(item, "environment", seen->env);
	}
}

static void report_interpreter(struct cJSON *list, const struct scan_interpreter *it)
{
	const struct py_config *config = &it->seen->config;
	const struct {
		const char *key;
		struct span value;
	} rows[] = {
		{"executable", config->executable},
		{"implementation", config->implementation},
		{"version", config->version},
		{"lib_dir", config->lib_dir},
		{"lib_name", config->lib_name},
		{"build_flags", config->build_flags},
	};
	struct cJSON *item = report_object(list, NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].value.ptr != NULL)
			report_text(item, rows[i].key, rows[i].value);
		else
			report_null(item, rows[i].key);
	}
	report_string(item, "abi", abi_name(config));
	report_count(item, "pointer_width", config->pointer_width);
	report_bool(item, "ephemeral", it->ephemeral);
	report_string(item, "recorded_in", it->seen->path);
	report_count(item, "configs", it->configs);
}

static size_t ephemeral_units(const struct scan *s)
{
	size_t count = 0;
	for (size_t i = 0; i < s->sightings.len; i++)
		count += i == 0 || s->sightings.data[i].unit != s->sightings.data[i - 1].unit;
	return count;
}

static void report_summary(struct cJSON *report, const struct scan *s)
{
	struct cJSON *summary = report_object(report, "summary");
	report_count(summary, "units", s->target->count);
	report_count(summary, "packages", s->packages);
	report_count(summary, "hashes_verified", s->verified);
	report_count(summary, "hashes_failed", s->failed);
	report_count(summary, "without_hash", s->without_hash);
	report_count(summary, "ephemeral_units", ephemeral_units(s));
	report_count(summary, "ephemeral_paths", s->sightings.len);
	report_count(summary, "interpreters", s->ninterpreter);
	report_count(summary, "warnings", s->target->nwarning);
}

static void report_directory(
	struct cJSON *report, struct arena *mem, const struct scan *s, const struct location *where)
{
	const struct target *t = s->target;
	struct cJSON *directory = report_object(report_array(report, "directories"), NULL);
	report_string(directory, "path", where->build_dir);
	report_string(directory, "target_directory", where->target_dir);
	report_string(directory, "layout", targets_layout(t));
	report_string(directory, "epoch", targets_epochs(mem, t));
	struct cJSON *profiles = report_array(directory, "profiles");
	for (size_t i = 0; i < t->nplace; i++) {
		struct cJSON *place = report_object(profiles, NULL);
		report_string(place, "profile", t->place[i].profile);
		report_string(place, "triple", t->place[i].triple);
		report_string(place, "path", t->place[i].path);
	}
}

static int print_json(const struct call *call, const struct scan *s, const struct location *where)
{
	struct cJSON *report = report_new("scan");
	report_summary(report, s);
	report_directory(report, call->mem, s, where);
	struct cJSON *units = report_array(report, "units");
	size_t at = 0;
	for (size_t i = 0; i < s->target->count; i++)
		report_unit(units, call->mem, s, i, &at);
	struct cJSON *interpreters = report_array(report, "interpreters");
	for (size_t i = 0; i < s->ninterpreter; i++)
		report_interpreter(interpreters, &s->interpreter[i]);
	struct cJSON *warnings = report_array(report, "warnings");
	for (size_t i = 0; i < s->target->nwarning; i++)
		report_string(warnings, NULL, s->target->warning[i]);
	report_print(report, call->ui);
	return STEADY_EXIT_DONE;
}

static void print_totals(const struct call *call, const struct scan *s, const struct location *where)
{
	struct ui *ui = call->ui;
	const struct target *t = s->target;
	CLEANUP_STR struct str places = STR_INIT;
	for (size_t i = 0; i < t->nplace; i++)
		str_printf(&places, "%s%s", i != 0 ? ", " : "", t->place[i].path);
	ui_put(ui, UI_BOLD, "%s", targets_display(call->mem, where->build_dir));
	ui_line(ui, " (%s layout: %s)", targets_layout(t), places.len != 0 ? places.buf : "nothing built");
	ui_line(ui, "  units       %zu of %zu packages", t->count, s->packages);
	ui_line(ui, "  epoch       %s", targets_epochs(call->mem, t));
	ui_put(ui, UI_PLAIN, "  hashes      ");
	ui_put(ui, s->failed == 0 ? UI_GREEN : UI_YELLOW, "%zu of %zu verified", s->verified,
		s->verified + s->failed);
	ui_line(ui, "%s", s->without_hash != 0 ? ", others have none: cargo will build them" : "");
	if (s->without_hash != 0 && ui->verbosity > 0)
		ui_line(ui, "              %zu units without a hash", s->without_hash);
}

static void print_interpreters(const struct call *call, const struct scan *s)
{
	for (size_t i = 0; i < s->ninterpreter; i++) {
		const struct py_config *c = &s->interpreter[i].seen->config;
		ui_put(call->ui, UI_PLAIN, "  interpreter %.*s %.*s, %s", SPAN_ARG(c->implementation),
			SPAN_ARG(c->version), abi_name(c));
		if (c->lib_dir.ptr != NULL)
			ui_put(call->ui, UI_PLAIN, ", libraries in %.*s", SPAN_ARG(c->lib_dir));
		if (c->executable.ptr != NULL)
			ui_put(call->ui, s->interpreter[i].ephemeral ? UI_YELLOW : UI_PLAIN, ", %.*s",
				SPAN_ARG(c->executable));
		ui_line(call->ui, "%s", s->interpreter[i].ephemeral ? " (ephemeral)" : "");
	}
}

/* Units by environment: which, and where it stands. */
static void print_ephemeral(const struct call *call, const struct scan *s)
{
	struct ui *ui = call->ui;
	if (s->sightings.len == 0) {
		ui_line(ui, "  ephemeral   none");
		return;
	}
	ui_put(ui, UI_PLAIN, "  ephemeral   ");
	ui_put(ui, UI_YELLOW, "%zu paths in %zu units", s->sightings.len, ephemeral_units(s));
	ui_line(ui, "%s", "");
	for (size_t i = 0; i < s->sightings.len; i++) {
		const struct sighting *seen = &s->sightings.data[i];
		if (i == 0 || seen->unit != seen[-1].unit)
			ui_line(ui, "    %s", unit_title(call->mem, &s->target->unit[seen->unit]));
		struct span path = shown_path(seen);
		ui_line(ui, "      %-6s  %.*s=%.*s", where_name(seen->where), SPAN_ARG(seen->variable),
			SPAN_ARG(path));
	}
}

static void print_failed(const struct call *call, const struct scan *s)
{
	for (size_t i = 0; i < s->target->count; i++) {
		if (s->target->unit[i].proof == PROOF_FAILED)
			ui_warn(call->ui, "%s: its hash does not follow from its JSON; it is never rewritten",
				unit_title(call->mem, &s->target->unit[i]));
	}
}

static int scan_run(const struct call *call, struct err *err)
{
	const struct scan_args *args = call->args;
	struct location where;
	int code = targets_locate_existing(call, &where, err);
	if (code < 0)
		return code;
	if (code == TARGETS_NONE) {
		ui_note(call->ui, "nothing has been built yet: %s is not there", where.build_dir);
		if (args->format == REPORT_JSON) {
			struct target none = {.path = where.build_dir};
			struct scan empty = {.target = &none};
			return print_json(call, &empty, &where);
		}
		return STEADY_EXIT_DONE;
	}
	CLEANUP_TARGET struct target *t = NULL;
	code = target_load(where.build_dir, &t, err);
	if (code < 0)
		return code;
	CLEANUP_SCAN struct scan *s = scan_new(t, args->format == REPORT_JSON || call->ui->verbosity > 0);
	targets_warn(call->ui, t);
	if (journal_is_pending(t->fd))
		ui_warn(call->ui,
			"an interrupted change waits in %s: the next `cargo steady rewrite` finishes it",
			where.build_dir);
	if (args->format == REPORT_JSON)
		return print_json(call, s, &where);
	print_failed(call, s);
	print_totals(call, s, &where);
	print_interpreters(call, s);
	print_ephemeral(call, s);
	return STEADY_EXIT_DONE;
}

const struct command command_scan = {
	.name = "scan",
	.summary = "Show what is in a target directory",
	.details = "Lists units, how many of their hashes can be reproduced, the Python interpreters that\n"
		   "were recorded, and where paths of throw-away environments stand. Reads only, runs\n"
		   "nothing, and needs no cargo.",
	.opts = scan_opts,
	.args_size = sizeof(struct scan_args),
	.reads_target = true,
	.run = scan_run,
};
