#include "verify_priv.h"

#include "steady/core/aside.h"
#include "steady/core/globs.h"
#include "steady/core/outdigest.h"
#include "steady/core/pydist.h"
#include "steady/util/fsio.h"

static const char *path_for_people(struct judge *j, const struct input *input)
{
	const char *path = arena_strndup(j->v->mem, input->path.ptr, input->path.len);
	if (input->path.len == 0)
		path = input->root == INPUT_BUILD ? "the build directory" : "the workspace";
	if (input->kind == INPUT_BESIDE)
		return arena_printf(j->v->mem, "what lies beside the script in %s", path);
	return inputs_title(input->kind, path);
}

/* What was installed then, and now. */
static const char *environment_difference(
	struct judge *j, const struct input *input, const struct observation *seen)
{
	return pydist_difference(input->path, span_of(seen->text), j->v->mem);
}

/* Is the input as it was? If not, *ret_why says what happened to it. */
static bool is_unchanged(
	struct judge *j, const struct input *input, const struct observation *seen, const char **ret_why)
{
	struct arena *mem = j->v->mem;
	if (seen->state == OBSERVED && seen->size == input->size && digest_eq(&seen->digest, &input->digest))
		return true;
	const char *path = path_for_people(j, input);
	switch (seen->state) {
	case OBSERVED_MISSING:
		*ret_why = arena_printf(mem, "%s is missing", path);
		return false;
	case OBSERVED_OTHER:
		*ret_why = arena_printf(mem,
			input->kind == INPUT_ABSENT ? "%s was not there" : "%s is not what it was", path);
		return false;
	case OBSERVED_UNREADABLE:
		*ret_why = arena_printf(mem,
			input->kind == INPUT_ENVIRONMENT ? "%s %s" : "%s cannot be read: %s", path,
			seen->why);
		return false;
	case OBSERVED:
		break;
	}
	*ret_why = input->kind == INPUT_ENVIRONMENT ? environment_difference(j, input, seen)
						    : arena_printf(mem, "%s has changed", path);
	return false;
}

/* Is the dependency the build that was started then? Where stamps were lost, its own record says when that was. */
static bool is_bound_to(
	const struct unit_verdict *dep, const struct unit_files *files, const struct record *record, size_t d)
{
	static const struct digest none = {{0}};
	const struct timespec now = files->invoked.st.st_mtim;
	if (dep->rebound)
		return timespec_cmp(record->dep[d], dep->record->invoked) == 0;
	/* Whole seconds may be those of two builds. */
	if (timespec_cmp(record->dep[d], now) == 0 &&
		(now.tv_nsec != 0 || digest_eq(&record->bedrock[d], &none)))
		return true;
	return outdigest_agree(&record->bedrock[d], &dep->bedrock);
}

/* Were the dependencies that are there the ones that the unit was built against? */
static bool judge_bindings(struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	const struct record *record = j->v->unit[i].record;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		const struct unit_files *dep = unitfiles_get(j->rq->files, u->dep[d]);
		if (d < record->ndep && dep->invoked.present &&
			is_bound_to(&j->v->unit[u->dep[d]], dep, record, d))
			continue;
		judge_decide(j, i, VERDICT_CHANGED,
			arena_printf(j->v->mem, "its dependency %s was built again after it",
				unit_title(j->v->mem, dep->unit)),
			u->dep[d]);
		return false;
	}
	return true;
}

/* What cargo compares with must be there, or be set aside by us and fit to come back. */
static bool judge_reference(struct judge *j, size_t i)
{
	const struct unit_files *files = unitfiles_get(j->rq->files, i);
	struct timespec mtime;
	if (files->reference_state == REFERENCE_READ || files->reference_state == REFERENCE_NONE)
		return true;
	if (files->reference_state == REFERENCE_MISSING && aside_look(j->t, files, &mtime) == ASIDE_USABLE)
		return true;
	judge_decide(j, i, VERDICT_UNKNOWN,
		arena_printf(j->v->mem, "its %s %s", files->reference.path,
			files->reference_state == REFERENCE_MISSING ? "is missing" : "cannot be read"),
		UNIT_NONE);
	return false;
}

/* In another work tree: does the unit hold the path of the old one? */
static bool judge_place(struct judge *j, size_t i)
{
	const struct record *record = j->v->unit[i].record;
	if (!moved_is_elsewhere(j->moved, record)) {
		if (!moved_holds_build_dir(j->moved, i, j->v->mem))
			return true;
		judge_decide(
			j, i, VERDICT_CHANGED, "it holds the path that the build directory had", UNIT_NONE);
		return false;
	}
	const char *where = moved_find(j->moved, i, record, j->v->mem);
	if (where != NULL)
		judge_decide(j, i, VERDICT_CHANGED,
			arena_printf(j->v->mem, "it holds the path of another work tree, %.*s, in %s",
				SPAN_ARG(record->root), where),
			UNIT_NONE);
	return where == NULL;
}

/* Are all inputs what they were? Finds the newest that cargo compares. */
static bool judge_inputs(struct judge *j, size_t i)
{
	struct unit_verdict *verdict = &j->v->unit[i];
	const struct record *record = verdict->record;
	for (size_t n = 0; n < record->ninput; n++) {
		const struct input *input = &record->input[n];
		const struct observation *seen = j->evidence[i].seen[n];
		const char *why;
		if (!is_unchanged(j, input, seen, &why)) {
			judge_decide(j, i, VERDICT_CHANGED, why, UNIT_NONE);
			return false;
		}
		if (seen->package != NULL)
			verdict->package = seen->package;
		if (!input->compared)
			continue;
		if (timespec_cmp(seen->mtime, j->v->looked) > 0) {
			judge_decide(j, i, VERDICT_UNKNOWN,
				arena_printf(j->v->mem, "the time of %s lies in the future",
					path_for_people(j, input)),
				UNIT_NONE);
			return false;
		}
		if (timespec_cmp(seen->mtime, verdict->newest) > 0)
			verdict->newest = seen->mtime;
	}
	return true;
}

/* Does the record cover the user's patterns as they are now? */
static bool judge_globs(struct judge *j, size_t i)
{
	const struct record *record = j->v->unit[i].record;
	const char *globs = j->context.globs;
	if (!inputs_takes_globs(&j->context, i))
		return true;
	if (j->context.globs_why != NULL) {
		judge_decide(j, i, VERDICT_UNKNOWN, j->context.globs_why, UNIT_NONE);
		return false;
	}
	bool covered = globs == NULL;
	for (size_t n = 0; !covered && n < record->ninput; n++)
		covered = record->input[n].kind == INPUT_GLOB && span_eq_str(record->input[n].path, globs);
	if (!covered)
		judge_decide(j, i, VERDICT_CHANGED,
			"its record does not cover the patterns in " GLOBS_FILE " and " GLOBS_VARIABLE,
			UNIT_NONE);
	return covered;
}

/* Does the record say what the script's environment held, and can that be compared with what it holds now? */
static bool judge_environment(struct judge *j, size_t i)
{
	const struct pyscript *script = &j->context.python[i];
	const struct record *record = j->v->unit[i].record;
	const char *why = NULL;
	for (size_t n = 0; n < record->ninput; n++) {
		if (j->evidence[i].seen[n] == NULL)
			why = "its record names a Python environment, and it sees none";
	}
	if (script->env != NULL && script->env->why != NULL)
		why = arena_printf(j->v->mem, "the Python environment cannot be told: %s", script->env->why);
	else if (script->env != NULL && !pyscript_is_covered(script, record))
		why = "its record does not say what the Python environment held";
	if (why != NULL)
		judge_decide(j, i, VERDICT_CHANGED, why, UNIT_NONE);
	return why == NULL;
}

/* Where another build may have written them: are they the unit's own? */
static bool judge_common_outputs(struct judge *j, size_t i)
{
	const struct outdigest *outputs = j->evidence[i].outputs;
	if (outputs == NULL)
		return true;
	const struct digest now = outdigest_get(outputs);
	if (outdigest_agree(&now, &j->v->unit[i].record->outputs))
		return true;
	judge_decide(j, i, VERDICT_CHANGED, "its outputs are not those that it was recorded with", UNIT_NONE);
	return false;
}

void judge_by_record(struct judge *j, size_t i)
{
	if (judge_globs(j, i) && judge_environment(j, i) && judge_bindings(j, i) && judge_reference(j, i) &&
		judge_outputs(j, i) && judge_common_outputs(j, i) && judge_inputs(j, i) && judge_place(j, i))
		judge_decide(j, i, VERDICT_VERIFIED, NULL, UNIT_NONE);
}
