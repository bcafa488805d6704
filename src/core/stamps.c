#include "steady/core/stamps.h"

#include "steady/core/aside.h"
#include "steady/util/fsio.h"

#include <stdlib.h>

/* A unit's stamps as they will be. */
struct planned {
	/** The newest output; zero until it is known. */
	struct timespec newest_output;
};

struct planner {
	const struct target *t;
	struct unitfiles *files;
	const struct verification *v;
	struct stamps_plan *plan;
	VEC(struct stamp_step) steps;
	struct planned *planned;
};

static struct timespec newer(struct timespec a, struct timespec b)
{
	return timespec_cmp(a, b) >= 0 ? a : b;
}

static void add(struct planner *p, enum stamp_act act, size_t unit, const char *path, const char *to)
{
	*vec_add(&p->steps) = (struct stamp_step){.act = act, .unit = unit, .path = path, .to = to};
	p->plan->acts[act]++;
}

static void add_set(struct planner *p, size_t unit, const char *path, struct timespec mtime)
{
	*vec_add(&p->steps) =
		(struct stamp_step){.act = STAMP_SET, .unit = unit, .path = path, .mtime = mtime};
	p->plan->acts[STAMP_SET]++;
}

static void invalidate(struct planner *p, size_t i)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	const struct unit *u = files->unit;
	if (files->reference_state == REFERENCE_NONE) {
		if (u->hash_state != HASH_ABSENT && u->hash_state != HASH_EMPTY && !p->v->revived[i])
			add(p, STAMP_EMPTY, i, unit_hash_path(p->plan->mem, u), NULL);
	} else if (files->reference_state != REFERENCE_MISSING) {
		add(p, STAMP_SET_ASIDE, i, files->reference.path, aside_path(p->plan->mem, files));
	}
	if (u->kind == UNIT_RUN_BUILD_SCRIPT) {
		const char *out_dir = unit_out_dir(p->plan->mem, u);
		if (stamps_has_fresh_files(p->t, out_dir))
			add(p, STAMP_AGE, i, out_dir, NULL);
	}
}

/* Undoes an earlier invalidation of a verified unit; true if its reference comes back. */
static void put_back(struct planner *p, size_t i)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	struct timespec mtime;
	enum aside_state state = aside_look(p->t, files, &mtime);
	if (state == ASIDE_NONE)
		return;
	char *path = aside_path(p->plan->mem, files);
	if (files->reference_state == REFERENCE_MISSING)
		add(p, STAMP_PUT_BACK, i, path, files->reference.path);
	else
		add(p, STAMP_DROP, i, path, NULL);
}

/* The newest output among the unit's dependencies. */
static struct timespec newest_below(const struct planner *p, const struct unit *u)
{
	struct timespec newest = {0, 0};
	for (size_t d = 0; d < u->fingerprint->ndep; d++)
		newest = newer(newest, p->planned[u->dep[d]].newest_output);
	return newest;
}

static struct timespec not_after(struct timespec t, struct timespec limit)
{
	return timespec_cmp(t, limit) > 0 ? limit : t;
}

static struct timespec reference_mtime(const struct planner *p, const struct unit_files *files)
{
	struct timespec mtime = {0, 0};
	if (files->reference_state == REFERENCE_READ)
		return files->reference.st.st_mtim;
	(void)aside_look(p->t, files, &mtime);
	return mtime;
}

/*
 * What the reference must be: not less than the newest input. One that lies in the future, or in the time since the
 * inputs were looked at, comes down to that, or an edit would not be newer.
 */
static struct timespec wanted_reference(const struct planner *p, size_t i, struct timespec now)
{
	const struct unit_verdict *verdict = &p->v->unit[i];
	if (timespec_cmp(now, p->v->looked) > 0)
		now = verdict->newest.tv_sec != 0 ? verdict->newest : p->v->looked;
	return newer(now, verdict->newest);
}

static void settle_run(struct planner *p, size_t i)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	struct timespec now = reference_mtime(p, files);
	/* The reference is the only output as well. */
	struct timespec wanted = newer(wanted_reference(p, i, now), newest_below(p, files->unit));
	if (timespec_cmp(now, wanted) != 0)
		add_set(p, i, files->reference.path, wanted);
	p->planned[i].newest_output = wanted;
}

/* Documentation lies in the target directory, which may be another one: there it is left as it is. */
static bool is_reachable(const struct planner *p, const struct unit_output *output)
{
	return !output->in_target_dir || unitfiles_same_dirs(p->files);
}

static void settle_outputs(struct planner *p, size_t i)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	struct timespec below = newest_below(p, files->unit);
	struct timespec newest = {0, 0};
	for (size_t n = 0; n < files->noutput; n++)
		newest = newer(newest, not_after(files->outputs[n].file.st.st_mtim, p->v->looked));
	bool raise = timespec_cmp(newest, below) < 0;
	for (size_t n = 0; n < files->noutput; n++) {
		const struct unit_output *output = &files->outputs[n];
		struct timespec now = output->file.st.st_mtim;
		struct timespec wanted = raise ? below : not_after(now, p->v->looked);
		if (output->file.present && timespec_cmp(now, wanted) != 0 && is_reachable(p, output))
			add_set(p, i, output->file.path, wanted);
	}
	p->planned[i].newest_output = raise ? below : newest;
}

static void settle_compiled(struct planner *p, size_t i)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	struct timespec now = reference_mtime(p, files);
	struct timespec wanted = wanted_reference(p, i, now);
	if (files->reference_state != REFERENCE_NONE && timespec_cmp(now, wanted) != 0)
		add_set(p, i, files->reference.path, wanted);
	settle_outputs(p, i);
}

/*
 * Immutable units keep their stamps, save those that lie in the future: what lies above must not be older, and an edit or
 * a build of now would be.
 */
static void settle_immutable(struct planner *p, size_t i)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	for (size_t n = 0; n < files->noutput; n++) {
		const struct unit_output *output = &files->outputs[n];
		const struct timespec now = output->file.st.st_mtim;
		struct timespec wanted = is_reachable(p, output) ? not_after(now, p->v->looked) : now;
		if (!output->file.present)
			continue;
		if (timespec_cmp(now, wanted) != 0)
			add_set(p, i, output->file.path, wanted);
		p->planned[i].newest_output = newer(p->planned[i].newest_output, wanted);
	}
}

/* The newest input of all verified units. */
static struct timespec one_stamp(const struct planner *p)
{
	struct timespec newest = {0, 0};
	for (size_t i = 0; i < p->t->count; i++) {
		if (p->v->unit[i].verdict == VERDICT_VERIFIED)
			newest = newer(newest, p->v->unit[i].newest);
	}
	return newest.tv_sec != 0 ? newest : p->v->looked;
}

/* Order comes from the records: everything that stays is of one time. */
static void settle_alike(struct planner *p, size_t i, struct timespec stamp)
{
	const struct unit_files *files = unitfiles_get(p->files, i);
	if (!verdict_stays(p->v->unit[i].verdict))
		return;
	if (files->reference_state != REFERENCE_NONE && timespec_cmp(reference_mtime(p, files), stamp) != 0)
		add_set(p, i, files->reference.path, stamp);
	for (size_t n = 0; n < files->noutput && files->unit->kind != UNIT_RUN_BUILD_SCRIPT; n++) {
		const struct unit_output *output = &files->outputs[n];
		if (output->file.present && is_reachable(p, output) &&
			timespec_cmp(output->file.st.st_mtim, stamp) != 0)
			add_set(p, i, output->file.path, stamp);
	}
	if (files->unit->kind == UNIT_RUN_BUILD_SCRIPT) {
		const char *out_dir = unit_out_dir(p->plan->mem, files->unit);
		add(p, STAMP_SET_TREE, i, out_dir, NULL);
		p->steps.data[p->steps.len - 1].mtime = stamp;
	}
}

static void settle(struct planner *p, size_t i)
{
	switch (p->v->unit[i].verdict) {
	case VERDICT_IMMUTABLE:
		settle_immutable(p, i);
		break;
	case VERDICT_VERIFIED:
		if (p->t->unit[i].kind == UNIT_RUN_BUILD_SCRIPT)
			settle_run(p, i);
		else
			settle_compiled(p, i);
		break;
	case VERDICT_CHANGED:
	case VERDICT_UNKNOWN:
	case VERDICT_ELSEWHERE:
		break;
	}
}

struct stamps_plan *stamps_make_plan(
	const struct target *t, struct unitfiles *files, const struct verification *v)
{
	struct stamps_plan *plan = xcalloc(1, sizeof(*plan));
	plan->mem = arena_new();
	struct planner p = {.t = t, .files = files, .v = v, .plan = plan};
	p.planned = arena_array(plan->mem, t->count, sizeof(*p.planned));
	for (size_t i = 0; i < t->count; i++) {
		if (!verdict_stays(v->unit[i].verdict) && v->unit[i].verdict != VERDICT_ELSEWHERE)
			invalidate(&p, i);
	}
	for (size_t i = 0; i < t->count; i++) {
		if (v->revived[i] && v->unit[i].verdict == VERDICT_VERIFIED)
			add(&p, STAMP_REVIVE, i, unit_hash_path(plan->mem, &t->unit[i]), NULL);
	}
	plan->invalidating = p.steps.len;
	for (size_t i = 0; i < t->count; i++) {
		if (v->unit[i].verdict == VERDICT_VERIFIED)
			put_back(&p, i);
	}
	const struct timespec stamp = one_stamp(&p);
	for (size_t n = 0; n < t->count; n++) {
		if (v->lost)
			settle_alike(&p, v->order[n], stamp);
		else
			settle(&p, v->order[n]);
	}
	plan->step = vec_copy(plan->mem, &p.steps);
	plan->count = p.steps.len;
	vec_release(&p.steps);
	return plan;
}

struct stamps_plan *stamps_plan_free(struct stamps_plan *plan)
{
	if (plan == NULL)
		return NULL;
	(void)arena_free(plan->mem);
	free(plan);
	return NULL;
}

void stamps_plan_cleanup(struct stamps_plan **plan)
{
	*plan = stamps_plan_free(*plan);
}
