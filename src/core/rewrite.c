#include "rewrite_priv.h"

#include "steady/core/journal.h"

#include <stdlib.h>

const char *const rewrite_default_vars[] = {
	"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "VIRTUAL_ENV", "CONDA_PREFIX", "PYO3_CONFIG_FILE"};
const size_t rewrite_default_nvar = COUNT_OF(rewrite_default_vars);

struct left_list {
	struct rewrite_left *data;
	size_t len, cap;
};

/* First sighting of each unit, and one past the last: sightings are gathered unit by unit. */
static void gather(struct rewriter *r, size_t *first)
{
	for (size_t i = 0; i < r->t->count; i++) {
		const struct unit *u = &r->t->unit[i];
		struct script_files *files = NULL;
		first[i] = r->sightings.len;
		if (u->kind == UNIT_RUN_BUILD_SCRIPT) {
			files = &r->edit[i].files;
			script_files_read(r->t, u, r->mem, files);
		}
		sightings_of_unit(r->t, i, files, &r->request->map, r->mem, &r->sightings, &r->configs);
	}
	first[r->t->count] = r->sightings.len;
	maturin_configs_read(r->t, r->mem, &r->maturin);
	for (size_t i = 0; i < r->maturin.len; i++) {
		struct config_sighting seen = {.unit = UNIT_NONE, .path = r->maturin.data[i].path};
		if (pyconfig_parse(r->maturin.data[i].text, &seen.config, NULL) == 0)
			*vec_add(&r->configs) = seen;
	}
}

/* Why a unit with sightings cannot be judged at all, or NULL. */
static const char *refusal(struct rewriter *r, size_t unit, size_t first, size_t end)
{
	const struct unit *u = &r->t->unit[unit];
	if (u->proof == PROOF_FAILED)
		return "its hash does not follow from its JSON (damaged, or written by a cargo that is not known)";
	if (u->proof == PROOF_NONE)
		return "its build did not finish, cargo will build it";
	for (size_t i = first; i < end; i++) {
		const struct sighting *seen = &r->sightings.data[i];
		const struct rewrite_env *env = env_identity_find(r, seen->env);
		if (!seen->inert && env == NULL)
			return "the build directory names more environments than any real one";
		if (!seen->inert && !env->accepted)
			return arena_printf(r->mem, "%.*s: %s", SPAN_ARG(env->path), env->why);
	}
	return NULL;
}

static bool has_live_sighting(const struct rewriter *r, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		if (!r->sightings.data[i].inert)
			return true;
	}
	return false;
}

static void make_edits(struct rewriter *r, const size_t *first)
{
	for (size_t i = 0; i < r->t->count; i++) {
		if (!has_live_sighting(r, first[i], first[i + 1]))
			continue;
		struct unit_edit *edit = &r->edit[i];
		edit->left = refusal(r, i, first[i], first[i + 1]);
		if (edit->left == NULL)
			unit_edit_make(r, i, first[i], first[i + 1]);
	}
}

/* Why nothing below the unit may change, or NULL. */
static const char *pinned(const struct rewriter *r, size_t i)
{
	const struct rewrite_request *rq = r->request;
	const struct unit *u = &r->t->unit[i];
	if (u->proof == PROOF_FAILED && u->fingerprint != NULL)
		return "its hash does not follow from its JSON";
	if (u->kind == UNIT_RUN_BUILD_SCRIPT && rq->asks_for_path != NULL && rq->asks_for_path(i, rq->ctx))
		return "asks for the interpreter's path, which is compiled into it";
	return NULL;
}

/*
 * A unit that does not reproduce cannot be re-hashed, so nothing below it may change (R5): it would lose its
 * dependencies. Marks everything below such units, and those that need what is below to be built again.
 */
static void taint(const struct rewriter *r, size_t *tainted_by)
{
	VEC(size_t) stack = VEC_INIT;
	for (size_t i = 0; i < r->t->count; i++) {
		tainted_by[i] = UNIT_NONE;
		if (pinned(r, i) != NULL)
			*vec_add(&stack) = i;
	}
	for (size_t at = 0; at < stack.len; at++)
		tainted_by[stack.data[at]] = stack.data[at];
	while (stack.len != 0) {
		size_t i = stack.data[--stack.len];
		const struct unit *u = &r->t->unit[i];
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
			size_t below = u->dep[d];
			if (below == UNIT_NONE || tainted_by[below] != UNIT_NONE)
				continue;
			tainted_by[below] = tainted_by[i];
			*vec_add(&stack) = below;
		}
	}
	vec_release(&stack);
}

static void leave_tainted(struct rewriter *r)
{
	size_t *tainted_by = arena_array(r->mem, r->t->count, sizeof(*tainted_by));
	taint(r, tainted_by);
	for (size_t i = 0; i < r->t->count; i++) {
		struct unit_edit *edit = &r->edit[i];
		if (!edit->any || edit->left != NULL || tainted_by[i] == UNIT_NONE)
			continue;
		const char *title = unit_title(r->mem, &r->t->unit[tainted_by[i]]);
		const char *why = pinned(r, tainted_by[i]);
		edit->left = r->t->unit[tainted_by[i]].proof == PROOF_FAILED
			? arena_printf(r->mem, "%s depends on it, and %s", title, why)
			: arena_printf(r->mem, "%s %s", title, why);
	}
}

/* Equal hashes must stay equal: if one of several units with the same hash is left alone, all are. */
static void leave_twins(struct rewriter *r)
{
	const struct rehash_index *index = rehash_index_new(r->t, r->mem);
	for (size_t i = 0; i < r->t->count; i++) {
		if (r->edit[i].left == NULL || r->t->unit[i].proof != PROOF_VERIFIED)
			continue;
		size_t count;
		const size_t *twin = rehash_twins(index, r->t->unit[i].hash, &count);
		for (size_t n = 0; n < count; n++) {
			struct unit_edit *edit = &r->edit[twin[n]];
			if (edit->left != NULL || !edit->any)
				continue;
			edit->left = r->edit[i].left;
			edit->rerun = r->edit[i].rerun;
		}
	}
}

void rewrite_add_file(struct rewrite_file_list *files, const char *path, struct span before,
	struct span after, const struct timespec *mtime, mode_t mode)
{
	*vec_add(files) = (struct rewrite_file){
		.path = path, .before = before, .after = after, .mtime = *mtime, .mode = mode};
}

static void add_config(
	const struct rewriter *r, const struct config_file *config, struct rewrite_file_list *files)
{
	const char *text = unit_edit_config(r, config);
	if (text != NULL)
		rewrite_add_file(files, config->path, config->text, span_of(text), &config->stat.st_mtim,
			config->stat.st_mode);
}

/* The script's own files of one edited unit. */
static void add_script_files(struct rewriter *r, size_t unit, struct rewrite_file_list *files)
{
	const struct unit_edit *edit = &r->edit[unit];
	for (size_t i = 0; i < edit->files.config.len; i++)
		add_config(r, &edit->files.config.data[i], files);
	if (edit->new_output != NULL)
		rewrite_add_file(files, edit->files.output_path, edit->files.output.text,
			span_make(edit->new_output, edit->new_output_len), &edit->files.output_stat.st_mtim,
			edit->files.output_stat.st_mode);
}

/* Those of maturin, whatever unit reads them. */
static void add_maturin_files(struct rewriter *r, struct rewrite_file_list *files)
{
	for (size_t i = 0; i < r->maturin.len; i++) {
		const struct config_file *config = &r->maturin.data[i];
		struct py_config parsed;
		struct span env;
		if (pyconfig_parse(config->text, &parsed, NULL) < 0 ||
			!pathmap_find(&r->request->map, parsed.executable, 0, &env))
			continue;
		const struct rewrite_env *known = env_identity_find(r, env);
		if (known != NULL && known->accepted)
			add_config(r, config, files);
	}
}

static struct span in_arena(struct arena *mem, struct str *text)
{
	struct span copy = span_make(arena_strndup(mem, text->buf, text->len), text->len);
	str_release(text);
	return copy;
}

/* The JSON and the hash file of one re-hashed unit. */
static void add_fingerprint_files(struct rewriter *r, const struct unit *u, const struct rehash_unit *new,
	struct rewrite_file_list *files)
{
	struct str before = STR_INIT, after = STR_INIT;
	fingerprint_format(u->fingerprint, &before);
	fingerprint_format(&new->fingerprint, &after);
	rewrite_add_file(files, unit_json_path(r->mem, u), in_arena(r->mem, &before),
		in_arena(r->mem, &after), &u->json_mtime, u->json_mode);
	char *old_hash = arena_alloc(r->mem, HASHFILE_LEN + 1),
	     *new_hash = arena_alloc(r->mem, HASHFILE_LEN + 1);
	hashfile_format(u->hash, old_hash);
	hashfile_format(new->hash, new_hash);
	rewrite_add_file(files, unit_hash_path(r->mem, u), span_of(old_hash), span_of(new_hash),
		&u->hash_mtime, u->hash_mode);
}

#define HAND_OVER(plan, list, field, count)                                                                  \
	do {                                                                                                 \
		(plan)->field = vec_copy((plan)->mem, list);                                                 \
		(plan)->count = (list)->len;                                                                 \
		vec_release(list);                                                                           \
	} while (0)

static void add_left(struct rewriter *r, struct left_list *left)
{
	for (size_t i = 0; i < r->t->count; i++) {
		if (r->edit[i].left != NULL)
			*vec_add(left) = (struct rewrite_left){i, r->edit[i].left};
	}
}

/* Values of units that are left alone after all are not replaced. */
static void drop_left_values(struct rewriter *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->values.len; i++) {
		if (r->edit[r->values.data[i].unit].left == NULL)
			r->values.data[kept++] = r->values.data[i];
	}
	r->values.len = kept;
}

static void fill_plan(struct rewriter *r, struct rewrite_plan *plan)
{
	const struct target *t = r->t;
	const struct fingerprint **edited = arena_array(r->mem, t->count, sizeof(*edited));
	struct rewrite_file_list files = VEC_INIT;
	for (size_t i = 0; i < t->count; i++) {
		if (!r->edit[i].any || r->edit[i].left != NULL)
			continue;
		plan->edited++;
		edited[i] = r->edit[i].fingerprint;
		add_script_files(r, i, &files);
	}
	add_maturin_files(r, &files);
	struct rehash rehash;
	rehash_compute(t, edited, r->mem, &rehash);
	rewrite_add_records(r, &rehash, &files);
	for (size_t i = 0; i < rehash.count; i++)
		add_fingerprint_files(r, &t->unit[rehash.order[i]], &rehash.unit[rehash.order[i]], &files);
	plan->rehashed = rehash.count;

	struct embedded_list embedded = VEC_INIT;
	struct left_list left = VEC_INIT;
	if (!r->request->brief)
		rewrite_find_embedded(r, &rehash, &embedded);
	rewrite_note_rerun_paths(r);
	rewrite_find_reruns(r, plan);
	add_left(r, &left);
	drop_left_values(r);
	HAND_OVER(plan, &files, file, nfile);
	HAND_OVER(plan, &embedded, embedded, nembedded);
	HAND_OVER(plan, &left, left, nleft);
	HAND_OVER(plan, &r->envs, env, nenv);
	HAND_OVER(plan, &r->values, value, nvalue);
	HAND_OVER(plan, &r->notes, note, nnote);
}

int rewrite_make_plan(const struct target *t, const struct rewrite_request *request,
	struct rewrite_plan **ret, struct err *err)
{
	(void)err;
	struct rewrite_plan *plan = xcalloc(1, sizeof(*plan));
	plan->mem = arena_new();
	struct rewriter r = {.t = t, .request = request, .mem = plan->mem, .env_number = strmap_new()};
	r.edit = arena_array(r.mem, t->count, sizeof(*r.edit));
	size_t *first = arena_array(r.mem, t->count + 1, sizeof(*first));
	gather(&r, first);
	env_identity_decide(&r);
	make_edits(&r, first);
	leave_tainted(&r);
	rewrite_leave_scripts(&r, first);
	leave_twins(&r);
	fill_plan(&r, plan);

	for (size_t i = 0; i < t->count; i++)
		vec_release(&r.edit[i].files.config);
	vec_release(&r.sightings);
	vec_release(&r.configs);
	vec_release(&r.maturin);
	(void)strmap_free(r.env_number);
	*ret = plan;
	return 0;
}

int rewrite_apply(const struct target *t, const struct rewrite_plan *plan, struct err *err)
{
	CLEANUP_JOURNAL struct journal *j = NULL;
	int code = rewrite_set_aside(t, plan, err);
	if (code < 0 || plan->nfile == 0)
		return code;
	code = journal_begin(t->fd, &j, err);
	for (size_t i = 0; code == 0 && i < plan->nfile; i++) {
		const struct rewrite_file *f = &plan->file[i];
		struct file_meta meta = {.mode = f->mode, .has_mtime = true, .mtime = f->mtime};
		code = journal_stage(j, f->path, f->before, f->after, &meta, err);
	}
	return code < 0 ? code : journal_commit(j, err);
}

struct rewrite_plan *rewrite_plan_free(struct rewrite_plan *plan)
{
	if (plan == NULL)
		return NULL;
	(void)arena_free(plan->mem);
	free(plan);
	return NULL;
}

void rewrite_plan_cleanup(struct rewrite_plan **plan)
{
	*plan = rewrite_plan_free(*plan);
}
