#include "verify_priv.h"

#include "steady/core/place.h"
#include "steady/util/fsio.h"
#include "steady/util/mount.h"

/* A unit that only immutable ones are below, and that reads nothing that could change. */
static bool is_immutable(const struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	const struct unit_inputs *inputs = &j->evidence[i].inputs;
	if (inputs->why != NULL || inputs->count != 0 || inputs->has_env)
		return false;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		if (j->v->unit[u->dep[d]].verdict != VERDICT_IMMUTABLE)
			return false;
	}
	return true;
}

/* Were the dependencies built before the unit, and never since? */
static bool is_above_its_dependencies(const struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	bool stood_for = !place_is_fast_script(unitfiles_get(j->rq->files, i));
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		const struct unit_files *dep = unitfiles_get(j->rq->files, u->dep[d]);
		if (!dep->invoked.present || timespec_cmp(dep->invoked.st.st_ctim, j->evidence[i].start) > 0)
			return false;
		stood_for |= place_stands_for(j->rq->files, dep, j->evidence[i].start);
	}
	return stood_for;
}

/* Environments that share one name cannot be told apart afterwards; others are known by their stamps. */
static bool is_in_its_environment(const struct judge *j, size_t i, const char **ret_why)
{
	const struct pyenv *env = j->context.python[i].env;
	for (size_t n = 0; env != NULL && n < env->nsite; n++) {
		if (!mount_is_local(env->site[n]))
			return false;
	}
	if (env != NULL && env->pinned)
		*ret_why = "it has no record of the Python environment that it ran in";
	return env == NULL || !env->pinned;
}

/* Proof by the file system; *ret_why is what is in its way. */
static bool is_proven_in_place(struct judge *j, size_t i, const char **ret_why)
{
	const struct evidence *evidence = &j->evidence[i];
	const struct unit_files *files = unitfiles_get(j->rq->files, i);
	const char *root = unitfiles_workspace_root(j->rq->files);
	if (!evidence->in_place || files->reference_state == REFERENCE_NONE ||
		!is_above_its_dependencies(j, i) || !is_in_its_environment(j, i, ret_why))
		return false;
	const char *other = birthplace_of(&j->birthplaces, i);
	if (other != NULL) {
		*ret_why = arena_printf(
			j->v->mem, "the work tree %s builds into this target directory too", other);
		return false;
	}
	for (size_t n = 0; n < evidence->inputs.count; n++) {
		const struct unit_input *input = &evidence->inputs.item[n];
		const struct observation *seen = evidence->seen[n];
		const char *title = inputs_title(input->kind, input->path);
		if (!place_older(observer_ways(j->rq->observer), j->v->mem, title, seen, evidence->start,
			    ret_why) ||
			(input->kind != INPUT_LINK && title == input->path &&
				!mount_is_same(root, input->path)))
			return false;
		if (input->compared && timespec_cmp(seen->mtime, j->v->unit[i].newest) > 0)
			j->v->unit[i].newest = seen->mtime;
		if (seen->package != NULL)
			j->v->unit[i].package = seen->package;
	}
	return true;
}

/* cargo takes a watched path that is not there for newer than everything: nobody can keep that unit. */
static const char *missing_watch(const struct judge *j, size_t i)
{
	const struct unit_inputs *inputs = &j->evidence[i].inputs;
	for (size_t n = 0; n < inputs->count; n++) {
		if (inputs->item[n].kind == INPUT_ABSENT)
			return arena_printf(j->v->mem,
				"cargo runs its script on every build, since %s does not exist",
				inputs->item[n].path);
	}
	return NULL;
}

void judge_without_record(struct judge *j, size_t i)
{
	struct unit_verdict *verdict = &j->v->unit[i];
	const char *why = j->evidence[i].inputs.why;
	if (is_immutable(j, i) && moved_holds_build_dir(j->moved, i, j->v->mem)) {
		judge_decide(
			j, i, VERDICT_CHANGED, "it holds the path that the build directory had", UNIT_NONE);
		return;
	}
	if (is_immutable(j, i)) {
		judge_decide(j, i, VERDICT_IMMUTABLE, NULL, UNIT_NONE);
		return;
	}
	if (why == NULL)
		why = missing_watch(j, i);
	if (why == NULL && is_proven_in_place(j, i, &why)) {
		if (!judge_outputs(j, i))
			return;
		verdict->by_place = true;
		judge_decide(j, i, VERDICT_VERIFIED, NULL, UNIT_NONE);
		return;
	}
	verdict->newest = (struct timespec){0, 0};
	verdict->package = NULL;
	if (why != NULL)
		judge_decide(j, i, VERDICT_UNKNOWN, why, UNIT_NONE);
	else if (verdict->rejected != NULL)
		judge_decide(j, i, VERDICT_UNKNOWN,
			arena_printf(j->v->mem, "its record cannot be used: %s", verdict->rejected),
			UNIT_NONE);
	else if (verdict->record != NULL)
		judge_decide(
			j, i, VERDICT_UNKNOWN, "it was built again since its record was written", UNIT_NONE);
	else
		judge_decide(j, i, VERDICT_UNKNOWN, "it has no record of what it was built from", UNIT_NONE);
}
