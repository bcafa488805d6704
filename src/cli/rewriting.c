#include "steady/cli/rewriting.h"

#include "steady/cli/keeping.h"
#include "steady/cli/report.h"
#include "steady/cli/targets.h"

#include <stdlib.h>

/* Lines of a kind that are shown without --verbose. */
#define FEW 8

static size_t shown(const struct rewriting *w, size_t count)
{
	return w->call->ui->verbosity > 0 || count <= FEW ? count : FEW;
}

static void say_rest(const struct rewriting *w, size_t count, const char *what)
{
	if (shown(w, count) < count)
		ui_note(w->call->ui, "%zu more %s; --verbose names them", count - shown(w, count), what);
}

static const char *title(const struct rewriting *w, size_t unit)
{
	return unit_title(w->call->mem, &w->t->unit[unit]);
}

static void say_embedded(const struct rewriting *w)
{
	const struct rewrite_plan *plan = w->plan;
	size_t harmless = 0;
	for (size_t i = 0; i < plan->nembedded; i++) {
		const struct rewrite_embedded *e = &plan->embedded[i];
		harmless += !e->matters;
		if (e->matters)
			ui_warn(w->call->ui,
				"%s has the old path compiled in (%s); rebuild it if the program uses it",
				title(w, e->unit), e->path);
		else
			ui_detail(w->call->ui, "Keeps",
				"%s: the old path is compiled in, nothing reads it while it is fresh",
				e->path);
	}
	if (harmless != 0 && w->call->ui->verbosity == 0)
		ui_note(w->call->ui,
			"%zu files of pyo3-build-config and of build scripts have the old path compiled in, which nothing reads "
			"while they stay fresh",
			harmless);
}

void rewriting_say(const struct rewriting *w)
{
	struct ui *ui = w->call->ui;
	const struct rewrite_plan *plan = w->plan;
	for (size_t i = 0; i < plan->nenv; i++) {
		if (plan->env[i].accepted)
			ui_status(ui, "Replacing", "%.*s (%zu units) -> %s", SPAN_ARG(plan->env[i].path),
				plan->env[i].units, targets_display(w->call->mem, w->to));
		else
			ui_warn(ui, "%.*s is not replaced: %s", SPAN_ARG(plan->env[i].path),
				plan->env[i].why);
	}
	for (size_t i = 0; i < plan->nvalue; i++)
		ui_detail(ui, "Value", "%s: %.*s = %s", title(w, plan->value[i].unit),
			SPAN_ARG(plan->value[i].variable), plan->value[i].after);
	for (size_t i = 0; i < shown(w, plan->nleft); i++)
		ui_warn(ui, "%s is left alone: %s", title(w, plan->left[i].unit), plan->left[i].why);
	say_rest(w, plan->nleft, "units are left alone");
	for (size_t i = 0; i < plan->nnote; i++)
		ui_note(ui, "%s: %s", title(w, plan->note[i].unit), plan->note[i].text);
	say_embedded(w);
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

void rewriting_report(struct cJSON *object, const struct rewriting *w)
{
	const struct rewrite_plan *plan = w->plan;
	struct cJSON *list = report_array(object, "environments");
	for (size_t i = 0; i < plan->nenv; i++)
		report_env(list, &plan->env[i]);
	list = report_array(object, "values");
	for (size_t i = 0; i < plan->nvalue; i++) {
		struct cJSON *item = targets_report_unit(list, &w->t->unit[plan->value[i].unit]);
		report_text(item, "variable", plan->value[i].variable);
		report_text(item, "before", plan->value[i].before);
		report_string(item, "after", plan->value[i].after);
	}
	list = report_array(object, "left");
	for (size_t i = 0; i < plan->nleft; i++) {
		struct cJSON *item = targets_report_unit(list, &w->t->unit[plan->left[i].unit]);
		report_string(item, "reason", plan->left[i].why);
	}
	list = report_array(object, "rerun");
	for (size_t i = 0; i < plan->nrerun; i++)
		(void)targets_report_unit(list, &w->t->unit[plan->rerun[i]]);
	list = report_array(object, "embedded");
	for (size_t i = 0; i < plan->nembedded; i++) {
		struct cJSON *item = targets_report_unit(list, &w->t->unit[plan->embedded[i].unit]);
		report_string(item, "path", plan->embedded[i].path);
		report_bool(item, "matters", plan->embedded[i].matters);
	}
	list = report_array(object, "notes");
	for (size_t i = 0; i < plan->nnote; i++) {
		struct cJSON *item = targets_report_unit(list, &w->t->unit[plan->note[i].unit]);
		report_string(item, "text", plan->note[i].text);
	}
	list = report_array(object, "files");
	for (size_t i = 0; i < plan->nfile; i++)
		report_string(list, NULL, plan->file[i].path);
}

/* A plan speaks of the units as they were. */
static struct rewriting adoption_of(const struct call *call, const struct keeper *k)
{
	return (struct rewriting){.call = call,
		.t = k->unadopted != NULL ? k->unadopted : k->target,
		.plan = k->adoption->plan,
		.to = k->adoption->alias.dir};
}

void rewriting_say_adoption(const struct call *call, const struct keeper *k)
{
	struct ui *ui = call->ui;
	if (k->adoption == NULL)
		return;
	if (k->adoption->plan == NULL) {
		ui_note(ui, "throw-away environments stay recorded: %s", k->adoption->why);
		return;
	}
	const struct rewriting w = adoption_of(call, k);
	for (size_t i = 0; i < w.plan->nenv; i++) {
		const struct rewrite_env *env = &w.plan->env[i];
		if (!env->accepted)
			ui_detail(ui, "Keeping", "%.*s: %s", SPAN_ARG(env->path), env->why);
	}
	for (size_t i = 0; i < w.plan->nleft; i++)
		ui_detail(ui, "Leaving", "%s: %s", unit_title(call->mem, &w.t->unit[w.plan->left[i].unit]),
			w.plan->left[i].why);
	if (w.plan->edited != 0)
		ui_status(ui, k->read_only ? "Would adopt" : "Adopted",
			"%s of throw-away environments (now %s)",
			keeping_count(call->mem, w.plan->edited, "unit"), targets_display(call->mem, w.to));
	if (w.plan->nrerun != 0)
		ui_note(ui,
			"%s once more: they may have used what was installed in an environment that is gone",
			w.plan->nrerun == 1
				? "a build script runs"
				: arena_printf(call->mem, "%zu build scripts run", w.plan->nrerun));
}

void rewriting_report_adoption(struct cJSON *report, const struct call *call, const struct keeper *k)
{
	if (k->adoption == NULL) {
		report_null(report, "adoption");
		return;
	}
	struct cJSON *object = report_object(report, "adoption");
	report_string(object, "to", k->adoption->plan != NULL ? k->adoption->alias.dir : NULL);
	report_string(object, "reason", k->adoption->why);
	if (k->adoption->plan != NULL) {
		const struct rewriting w = adoption_of(call, k);
		rewriting_report(object, &w);
	}
}
