#include "rewrite_priv.h"

#include "steady/core/embedded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool rewrite_wants_var(const struct rewrite_request *request, struct span var)
{
	for (size_t i = 0; i < request->nvar; i++) {
		if (span_eq_str(var, request->var[i]))
			return true;
	}
	return false;
}

const char *rewrite_text(const struct rewriter *r, struct span text)
{
	struct str out = STR_INIT;
	(void)pathmap_replace(&r->request->map, text, &out);
	const char *copy = arena_strndup(r->mem, out.buf, out.len);
	str_release(&out);
	return copy;
}

static bool names_env(const struct rewriter *r, struct span text)
{
	struct span env;
	return pathmap_find(&r->request->map, text, 0, &env);
}

static void add_value(
	struct rewriter *r, size_t unit, struct span variable, struct span before, const char *after)
{
	*vec_add(&r->values) = (struct rewrite_value){unit, variable, before, after};
}

/* New locals in a copy of the fingerprint, made at the first change. */
static void edit_locals(struct rewriter *r, size_t unit)
{
	const struct fingerprint *old = r->t->unit[unit].fingerprint;
	struct local *local = NULL;
	for (size_t i = 0; i < old->nlocal; i++) {
		const struct local *from = &old->local[i];
		bool env = from->kind == LOCAL_RERUN_IF_ENV_CHANGED && from->has_value &&
			rewrite_wants_var(r->request, from->text) && names_env(r, from->value);
		bool paths = false;
		for (size_t p = 0; from->kind == LOCAL_RERUN_IF_CHANGED && p < from->npath; p++)
			paths |= names_env(r, from->path[p]);
		if (!env && !paths)
			continue;
		if (local == NULL) {
			local = arena_array(r->mem, old->nlocal, sizeof(*local));
			memcpy(local, old->local, old->nlocal * sizeof(*local));
		}
		if (env) {
			const char *after = rewrite_text(r, from->value);
			add_value(r, unit, from->text, from->value, after);
			local[i].value = span_of(after);
			continue;
		}
		local[i].path = arena_array(r->mem, from->npath, sizeof(*local[i].path));
		for (size_t p = 0; p < from->npath; p++)
			local[i].path[p] = span_of(rewrite_text(r, from->path[p]));
	}
	if (local == NULL)
		return;
	struct fingerprint *new = arena_alloc(r->mem, sizeof(*new));
	*new = *old;
	new->local = local;
	r->edit[unit].fingerprint = new;
}

struct output_edit {
	struct rewriter *r;
	size_t unit;
};

static bool edit_hex_config(const struct output_edit *e, const struct output_line *line, struct str *ret)
{
	struct str text = STR_INIT, edited = STR_INIT;
	struct py_config config;
	bool changed = pyconfig_from_hex(line->key, line->value, &text) &&
		pyconfig_parse(str_span(&text), &config, NULL) == 0 && config.executable.ptr != NULL &&
		names_env(e->r, config.executable);
	if (changed) {
		const char *after = rewrite_text(e->r, config.executable);
		pyconfig_set_executable(&config, span_of(after), &edited);
		str_add_hex(ret, edited.buf, edited.len);
	}
	str_release(&text);
	str_release(&edited);
	return changed;
}

static bool edit_line(const struct output_line *line, struct str *ret, void *ctx)
{
	struct output_edit *e = ctx;
	if (line->kind == OUTPUT_TEXT || line->kind == OUTPUT_RERUN_IF_ENV_CHANGED)
		return false;
	if (line->kind == OUTPUT_METADATA && span_eq_str(line->key, "PYO3_CONFIG"))
		return edit_hex_config(e, line, ret);
	if (!names_env(e->r, line->value))
		return false;
	const char *after = rewrite_text(e->r, line->value);
	struct span key = line->kind == OUTPUT_RERUN_IF_CHANGED ? SPAN_LIT("rerun-if-changed") : line->key;
	add_value(e->r, e->unit, key, line->value, after);
	str_add(ret, after);
	return true;
}

static void edit_output(struct rewriter *r, size_t unit)
{
	struct unit_edit *edit = &r->edit[unit];
	struct output_edit e = {.r = r, .unit = unit};
	struct str out = STR_INIT;
	if (edit->files.output_path != NULL &&
		build_output_rewrite(&edit->files.output, edit_line, &e, &out) != 0) {
		edit->new_output = arena_strndup(r->mem, out.buf, out.len);
		edit->new_output_len = out.len;
	}
	str_release(&out);
}

const char *unit_edit_config(const struct rewriter *r, const struct config_file *file)
{
	struct py_config config;
	if (pyconfig_parse(file->text, &config, NULL) < 0 || config.executable.ptr == NULL ||
		!names_env(r, config.executable))
		return NULL;
	struct str out = STR_INIT;
	pyconfig_set_executable(&config, span_of(rewrite_text(r, config.executable)), &out);
	const char *copy = arena_strndup(r->mem, out.buf, out.len);
	str_release(&out);
	return copy;
}

static bool is_config_file(const char *path, void *ctx)
{
	const struct unit_edit *edit = ctx;
	for (size_t i = 0; i < edit->files.config.len; i++) {
		if (strcmp(edit->files.config.data[i].path, path) == 0)
			return true;
	}
	return false;
}

/* Does anything the script made, other than interpreter configs, hold one of the environments' paths? */
static const char *search_out_dir(struct rewriter *r, size_t unit, const struct span *env, size_t count)
{
	struct err err = ERR_INIT;
	const char *hit = NULL;
	int code = embedded_in_tree(r->t->fd, unit_out_dir(r->mem, &r->t->unit[unit]), env, count,
		is_config_file, &r->edit[unit], r->mem, &hit, &err);
	if (code < 0)
		return arena_printf(r->mem, "its OUT_DIR cannot be searched: %s", err.msg);
	if (code == 1)
		return arena_printf(r->mem, "%s holds the environment's path", hit);
	return NULL;
}

/*
 * May a watched path be watched under its new name? The interpreter and pyvenv.cfg may: they are compared. What
 * else lies in an environment (headers, packages) can differ in the next one and be older than the script's
 * output, as what is unpacked from archives is: cargo would take it for unchanged.
 */
static bool is_watchable(const struct sighting *seen)
{
	size_t end = (size_t)(seen->env.ptr - seen->value.ptr) + seen->env.len;
	return seen->interpreter && end < seen->value.len;
}

/* Why the sightings of a unit forbid to replace them, or NULL. */
static const char *objection(struct rewriter *r, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct sighting *seen = &r->sightings.data[i];
		if (span_eq_str(seen->variable, "rerun-if-changed")) {
			if (is_watchable(seen))
				continue;
			return arena_printf(
				r->mem, "it watches files of the environment (%.*s)", SPAN_ARG(seen->value));
		}
		if (seen->inert || seen->interpreter || seen->where == SIGHTING_UNIT)
			continue;
		return arena_printf(r->mem, "its output names a directory of the environment (%.*s=%.*s)",
			SPAN_ARG(seen->variable), SPAN_ARG(seen->value));
	}
	return NULL;
}

struct needles {
	struct span *data;
	size_t len, cap;
};

static bool is_among(const struct needles *envs, struct span env)
{
	for (size_t i = 0; i < envs->len; i++) {
		if (span_eq(envs->data[i], env))
			return true;
	}
	return false;
}

/* Why the files that a script left forbid to replace what the sightings name, or NULL. */
static const char *objection_of_files(struct rewriter *r, size_t unit, size_t first, size_t end)
{
	if (r->edit[unit].files.output_path == NULL)
		return "its output is not there or cannot be read, so nobody knows what else it names";
	struct needles envs = VEC_INIT;
	for (size_t i = first; i < end && envs.len <= REWRITE_MAX_ENVS; i++) {
		if (!is_among(&envs, r->sightings.data[i].env))
			*vec_add(&envs) = r->sightings.data[i].env;
	}
	const char *why = envs.len > REWRITE_MAX_ENVS ? "it names too many environments"
						      : search_out_dir(r, unit, envs.data, envs.len);
	vec_release(&envs);
	return why;
}

void unit_edit_make(struct rewriter *r, size_t unit, size_t first, size_t end)
{
	struct unit_edit *edit = &r->edit[unit];
	const struct unit *u = &r->t->unit[unit];
	edit->any = true;
	edit->left = objection(r, first, end);
	if (edit->left == NULL && u->kind == UNIT_RUN_BUILD_SCRIPT)
		edit->left = objection_of_files(r, unit, first, end);
	edit->rerun = edit->left != NULL;
	if (edit->left != NULL || u->kind != UNIT_RUN_BUILD_SCRIPT)
		return;
	size_t values = r->values.len;
	edit_locals(r, unit);
	edit_output(r, unit);
	bool config = false;
	for (size_t i = 0; i < edit->files.config.len; i++)
		config |= unit_edit_config(r, &edit->files.config.data[i]) != NULL;
	edit->any = edit->fingerprint != NULL || edit->new_output != NULL || config;
	if (!edit->any)
		r->values.len = values;
}
