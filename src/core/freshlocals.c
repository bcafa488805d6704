/* The local items that cargo would compute for a unit now. */
#include "freshfacts_priv.h"

#include <string.h>

/* From here on [env] counts for rerun-if-env-changed. */
#define MINOR_RERUN_CONFIG 86

static const struct pkglist *package_files(struct gather *g, const char *root)
{
	struct pkglist *list = strmap_get(g->packages, span_of(root));
	if (list != NULL)
		return list;
	const struct pkglist_options options = {.workspace_root = unitfiles_workspace_root(g->files),
		.git = g->options->git,
		.minor = g->minor};
	struct err err = ERR_INIT;
	list = arena_alloc(g->mem, sizeof(*list));
	if (pkglist_read(&options, root, g->mem, list, &err) < 0) {
		gather_warn(g, "%s", err.msg);
		list->root = NULL;
	}
	(void)strmap_put(g->packages, span_of(root), list);
	return list;
}

static bool is_overridden(const struct local *local)
{
	return local->kind == LOCAL_PRECALCULATED &&
		span_starts(local->text, SPAN_LIT("overridden build state"));
}

/* The package's fingerprint: of a path package its newest file; of others a version or revision, which stays. */
static struct local precalculated_now(struct gather *g, const struct unit_files *f, const struct local *old)
{
	const bool was = old != NULL && old->kind == LOCAL_PRECALCULATED;
	struct local now = {.kind = LOCAL_PRECALCULATED, .text = was ? old->text : span_make("", 0)};
	if ((f->origin != ORIGIN_WORKSPACE && f->origin != ORIGIN_PATH) || f->package_root == NULL)
		return now;
	const struct pkglist *list = package_files(g, f->package_root);
	if (list->root != NULL)
		now.text = span_of(pkglist_newest(list, now.text, g->mem));
	return now;
}

static struct local variable_now(struct gather *g, struct span name)
{
	struct local now = {.kind = LOCAL_RERUN_IF_ENV_CHANGED, .text = name};
	const bool config = g->minor == 0 || g->minor >= MINOR_RERUN_CONFIG;
	now.has_value = cargoenv_get(g->options->env, name, config, &now.value);
	return now;
}

static struct span output_path(const struct unit_files *f, const struct fingerprint *fp)
{
	for (size_t i = 0; i < fp->nlocal; i++) {
		if (fp->local[i].kind == LOCAL_RERUN_IF_CHANGED)
			return fp->local[i].text;
	}
	return span_of(f->reference.path);
}

/* A script's run: what its output says. */
static void script_locals(struct gather *g, const struct unit_files *f, struct fresh_unit *u)
{
	const struct fingerprint *fp = u->fingerprint;
	struct local *local = arena_array(g->mem, f->nrerun_env + 1, sizeof(*local));
	u->local = local;
	if (f->nrerun_path == 0 && f->nrerun_env == 0) {
		local[0] = precalculated_now(g, f, fp->nlocal != 0 ? &fp->local[0] : NULL);
		u->nlocal = 1;
		return;
	}
	if (f->nrerun_path != 0)
		local[u->nlocal++] = (struct local){.kind = LOCAL_RERUN_IF_CHANGED,
			.text = output_path(f, fp),
			.path = f->rerun_path,
			.npath = f->nrerun_path};
	for (size_t i = 0; i < f->nrerun_env; i++)
		local[u->nlocal++] = variable_now(g, f->rerun_env[i]);
}

void gather_locals(struct gather *g, size_t i, struct fresh_unit *u)
{
	const struct unit *unit = &g->t->unit[i];
	const struct fingerprint *fp = u->fingerprint;
	const struct unit_files *f = unitfiles_get(g->files, i);
	u->local = fp->local;
	if (fp->nlocal != 0 && is_overridden(&fp->local[0])) {
		u->nlocal = fp->nlocal;
		return;
	}
	if (unit->kind == UNIT_RUN_BUILD_SCRIPT) {
		script_locals(g, f, u);
		return;
	}
	u->nlocal = fp->nlocal;
	if (fp->nlocal == 1 && fp->local[0].kind == LOCAL_PRECALCULATED) {
		struct local *now = arena_alloc(g->mem, sizeof(*now));
		*now = precalculated_now(g, f, &fp->local[0]);
		u->local = now;
	}
}
