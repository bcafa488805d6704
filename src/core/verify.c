#include "steady/core/verify.h"

#include "steady/core/aside.h"
#include "steady/core/globs.h"
#include "steady/core/inputs.h"
#include "steady/core/lost.h"
#include "steady/core/moved.h"
#include "steady/core/place.h"
#include "steady/core/recordfile.h"
#include "steady/core/remake.h"
#include "steady/core/unitorder.h"
#include "steady/util/fsio.h"
#include "steady/util/mount.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is known of one unit before its verdict. */
struct evidence {
	/** For each of the inputs, those of the record if it is bound. */
	const struct observation **seen;
	/** Of a unit without a bound record. */
	struct unit_inputs inputs;
	/** It was built in this place, and started then; `seen` is for each of its inputs. */
	bool in_place;
	struct timespec start;
};

struct judge {
	const struct verify_request *rq;
	const struct target *t;
	struct verification *v;
	struct inputs_context context;
	struct moved *moved;
	/** The file system can prove things here. */
	bool certain;
	struct evidence *evidence;
	bool *judged;
	/* For each unit: what a script has to make again, or NULL. */
	const char **remake;
};

const char *verdict_name(enum proof_verdict verdict)
{
	static const char *const name[] = {"immutable", "verified", "changed", "unknown"};
	return name[verdict];
}

bool verdict_stays(enum proof_verdict verdict)
{
	return verdict == VERDICT_IMMUTABLE || verdict == VERDICT_VERIFIED;
}

static void load_record(struct judge *j, size_t i)
{
	struct unit_verdict *verdict = &j->v->unit[i];
	struct err err = ERR_INIT;
	struct record *record = arena_alloc(j->v->mem, sizeof(*record));
	int code = recordfile_load(j->t, &j->t->unit[i], j->v->mem, record, &err);
	if (code < 0)
		verdict->rejected = arena_strdup(j->v->mem, err.msg);
	if (code != 0)
		return;
	verdict->record = record;
	verdict->bound = record_binds(record, unitfiles_get(j->rq->files, i));
}

/* Without a record: the file system may know the inputs to be older than the unit. */
static void gather_in_place(struct judge *j, size_t i)
{
	struct evidence *evidence = &j->evidence[i];
	const struct unit_inputs *inputs = &evidence->inputs;
	inputs_of(&j->context, j->v->mem, i, &evidence->inputs);
	const char *why;
	if (!j->certain || inputs->why != NULL ||
		!place_built_here(j->rq->files, unitfiles_get(j->rq->files, i), &evidence->start, &why))
		return;
	evidence->in_place = true;
	evidence->seen = arena_array(j->v->mem, inputs->count, sizeof(*evidence->seen));
	for (size_t n = 0; n < inputs->count; n++)
		evidence->seen[n] =
			observer_want(j->rq->observer, inputs->item[n].kind, inputs->item[n].path);
}

/* Asks for what must be looked at to judge the unit. */
static void gather_evidence(struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	struct evidence *evidence = &j->evidence[i];
	const struct record *record = j->v->unit[i].record;
	if (u->hash_state != HASH_PRESENT || u->proof != PROOF_VERIFIED)
		return;
	if (!j->v->unit[i].bound) {
		gather_in_place(j, i);
		return;
	}
	evidence->seen = arena_array(j->v->mem, record->ninput, sizeof(*evidence->seen));
	for (size_t n = 0; n < record->ninput; n++) {
		const struct input *input = &record->input[n];
		evidence->seen[n] = observer_want(
			j->rq->observer, input->kind, inputs_path(j->rq->files, j->v->mem, input));
	}
}

static void decide(struct judge *j, size_t i, enum proof_verdict verdict, const char *reason, size_t cause)
{
	struct unit_verdict *v = &j->v->unit[i];
	v->verdict = verdict;
	v->reason = reason;
	v->cause = cause;
}

static const char *path_for_people(struct judge *j, const struct input *input)
{
	if (input->kind == INPUT_GLOB)
		return "what the patterns in " GLOBS_FILE " and " GLOBS_VARIABLE " match";
	if (input->path.len == 0)
		return input->root == INPUT_BUILD ? "the build directory" : "the workspace";
	return arena_strndup(j->v->mem, input->path.ptr, input->path.len);
}

/* Is the input as it was? If not, *ret_why says what happened to it. */
static bool is_unchanged(
	struct judge *j, const struct input *input, const struct observation *seen, const char **ret_why)
{
	struct arena *mem = j->v->mem;
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
		*ret_why = arena_printf(mem, "%s cannot be read: %s", path, seen->why);
		return false;
	case OBSERVED:
		break;
	}
	bool same = seen->size == input->size && digest_eq(&seen->digest, &input->digest);
	if (!same)
		*ret_why = arena_printf(mem, "%s has changed", path);
	return same;
}

const char *unit_unfit(const struct unit *u)
{
	if (u->hash_state == HASH_ABSENT || u->hash_state == HASH_EMPTY)
		return "its last build was not finished";
	if (u->hash_state == HASH_FOREIGN || u->fingerprint == NULL)
		return "its fingerprint is of a form that is not known";
	if (u->proof != PROOF_VERIFIED)
		return "its fingerprint does not give its hash";
	return NULL;
}

static bool judge_dependencies(struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		const struct span name = u->fingerprint->dep[d].name;
		if (dep == UNIT_NONE || !j->judged[dep]) {
			decide(j, i, VERDICT_UNKNOWN,
				arena_printf(
					j->v->mem, "its dependency `%.*s` was built again", SPAN_ARG(name)),
				UNIT_NONE);
			return false;
		}
		if (!verdict_stays(j->v->unit[dep].verdict)) {
			decide(j, i, VERDICT_CHANGED,
				arena_printf(j->v->mem, "its dependency %s must be rebuilt",
					unit_title(j->v->mem, &j->t->unit[dep])),
				dep);
			return false;
		}
	}
	return true;
}

/* Is the dependency the build that was started then? With lost stamps its own record says when it was, or nothing. */
static bool is_bound_to(const struct judge *j, size_t dep, struct timespec recorded, struct timespec now)
{
	const struct unit_verdict *verdict = &j->v->unit[dep];
	if (!j->v->lost)
		return timespec_cmp(recorded, now) == 0;
	if (verdict->rebound)
		return timespec_cmp(recorded, verdict->record->invoked) == 0;
	return verdict->verdict == VERDICT_IMMUTABLE;
}

/* Were the dependencies that are there the ones that the unit was built against? */
static bool judge_bindings(struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	const struct record *record = j->v->unit[i].record;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		const struct unit_files *dep = unitfiles_get(j->rq->files, u->dep[d]);
		if (d < record->ndep && dep->invoked.present &&
			is_bound_to(j, u->dep[d], record->dep[d], dep->invoked.st.st_mtim))
			continue;
		decide(j, i, VERDICT_CHANGED,
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
	decide(j, i, VERDICT_UNKNOWN,
		arena_printf(j->v->mem, "its %s %s", files->reference.path,
			files->reference_state == REFERENCE_MISSING ? "is missing" : "cannot be read"),
		UNIT_NONE);
	return false;
}

static bool judge_outputs(struct judge *j, size_t i)
{
	const struct unit_files *files = unitfiles_get(j->rq->files, i);
	/* A script's output is its reference; one that is set aside can be put back. */
	if (files->unit->kind == UNIT_RUN_BUILD_SCRIPT)
		return true;
	for (size_t n = 0; n < files->noutput; n++) {
		if (files->outputs[n].file.present)
			continue;
		decide(j, i, VERDICT_CHANGED,
			arena_printf(j->v->mem, "its output %s is missing", files->outputs[n].file.path),
			UNIT_NONE);
		return false;
	}
	if (files->noutput == 0)
		decide(j, i, VERDICT_UNKNOWN, "its outputs are missing", UNIT_NONE);
	return files->noutput != 0;
}

/* In another work tree: does the unit hold the path of the old one? */
static bool judge_place(struct judge *j, size_t i)
{
	const struct record *record = j->v->unit[i].record;
	if (!moved_is_elsewhere(j->moved, record))
		return true;
	const char *where = moved_find(j->moved, i, record, j->v->mem);
	if (where != NULL)
		decide(j, i, VERDICT_CHANGED,
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
			decide(j, i, VERDICT_CHANGED, why, UNIT_NONE);
			return false;
		}
		if (seen->package != NULL)
			verdict->package = seen->package;
		if (!input->compared)
			continue;
		if (timespec_cmp(seen->mtime, j->v->looked) > 0) {
			decide(j, i, VERDICT_UNKNOWN,
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
		decide(j, i, VERDICT_UNKNOWN, j->context.globs_why, UNIT_NONE);
		return false;
	}
	bool covered = globs == NULL;
	for (size_t n = 0; !covered && n < record->ninput; n++)
		covered = record->input[n].kind == INPUT_GLOB && span_eq_str(record->input[n].path, globs);
	if (!covered)
		decide(j, i, VERDICT_CHANGED,
			"its record does not cover the patterns in " GLOBS_FILE " and " GLOBS_VARIABLE,
			UNIT_NONE);
	return covered;
}

static void judge_by_record(struct judge *j, size_t i)
{
	if (judge_globs(j, i) && judge_bindings(j, i) && judge_reference(j, i) && judge_outputs(j, i) &&
		judge_inputs(j, i) && judge_place(j, i))
		decide(j, i, VERDICT_VERIFIED, NULL, UNIT_NONE);
}

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

/* Proof by the file system; *ret_why is what is in its way. */
static bool is_proven_in_place(struct judge *j, size_t i, const char **ret_why)
{
	const struct evidence *evidence = &j->evidence[i];
	const struct unit_files *files = unitfiles_get(j->rq->files, i);
	const char *root = unitfiles_workspace_root(j->rq->files);
	if (!evidence->in_place || files->reference_state == REFERENCE_NONE ||
		!is_above_its_dependencies(j, i))
		return false;
	for (size_t n = 0; n < evidence->inputs.count; n++) {
		const struct unit_input *input = &evidence->inputs.item[n];
		const struct observation *seen = evidence->seen[n];
		if (!place_older(observer_ways(j->rq->observer), j->v->mem, input->path, seen,
			    evidence->start, ret_why) ||
			(input->kind != INPUT_LINK && !mount_is_same(root, input->path)))
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

static void judge_without_record(struct judge *j, size_t i)
{
	struct unit_verdict *verdict = &j->v->unit[i];
	const char *why = j->evidence[i].inputs.why;
	if (is_immutable(j, i)) {
		decide(j, i, VERDICT_IMMUTABLE, NULL, UNIT_NONE);
		return;
	}
	if (why == NULL)
		why = missing_watch(j, i);
	if (why == NULL && is_proven_in_place(j, i, &why)) {
		if (!judge_outputs(j, i))
			return;
		verdict->by_place = true;
		decide(j, i, VERDICT_VERIFIED, NULL, UNIT_NONE);
		return;
	}
	verdict->newest = (struct timespec){0, 0};
	verdict->package = NULL;
	if (why != NULL)
		decide(j, i, VERDICT_UNKNOWN, why, UNIT_NONE);
	else if (verdict->rejected != NULL)
		decide(j, i, VERDICT_UNKNOWN,
			arena_printf(j->v->mem, "its record cannot be used: %s", verdict->rejected),
			UNIT_NONE);
	else if (verdict->record != NULL)
		decide(j, i, VERDICT_UNKNOWN, "it was built again since its record was written", UNIT_NONE);
	else
		decide(j, i, VERDICT_UNKNOWN, "it has no record of what it was built from", UNIT_NONE);
}

/* Inputs that are missing where only a script can have made them. */
static void find_remakes(struct judge *j, size_t i)
{
	const struct record *record = j->v->unit[i].record;
	const struct remake_request remake = {j->t, &j->context, observer_git(j->rq->observer), j->remake};
	if (!j->v->unit[i].bound) {
		remake_look(&remake, i, &j->evidence[i].inputs);
		return;
	}
	for (size_t n = 0; j->evidence[i].seen != NULL && n < record->ninput; n++) {
		const struct input *input = &record->input[n];
		if (j->evidence[i].seen[n]->state == OBSERVED_MISSING && input->root == INPUT_WORKSPACE &&
			input->kind == INPUT_FILE)
			remake_mark(&remake, i, inputs_path(j->rq->files, j->v->mem, input));
	}
}

static void judge_one(struct judge *j, size_t i)
{
	const char *why = unit_unfit(&j->t->unit[i]);
	if (why != NULL)
		decide(j, i, VERDICT_UNKNOWN, why, UNIT_NONE);
	else if (j->remake[i] != NULL)
		decide(j, i, VERDICT_CHANGED,
			arena_printf(j->v->mem, "%s, which it makes, is missing", j->remake[i]), UNIT_NONE);
	else if (!judge_dependencies(j, i))
		return;
	else if (j->v->unit[i].bound)
		judge_by_record(j, i);
	else
		judge_without_record(j, i);
}

int verify(const struct verify_request *request, struct verification **ret, struct err *err)
{
	(void)err;
	struct verification *v = xcalloc(1, sizeof(*v));
	v->mem = arena_new();
	struct judge j = {.rq = request, .t = request->target, .v = v};
	CLEANUP_ARENA struct arena *mem = arena_new();
	v->unit = arena_array(v->mem, j.t->count, sizeof(*v->unit));
	v->order = unit_order(j.t, v->mem);
	inputs_prepare(&j.context, request->files, j.t, observer_ways(request->observer), v->mem);
	const char *uncertain;
	j.certain = place_is_certain(j.t, unitfiles_workspace_root(request->files),
		unitfiles_build_dir(request->files), &uncertain);
	j.moved = moved_new(request->files, j.t);
	j.evidence = arena_array(mem, j.t->count, sizeof(*j.evidence));
	j.judged = arena_array(mem, j.t->count, sizeof(*j.judged));
	for (size_t i = 0; i < j.t->count; i++)
		load_record(&j, i);
	v->lost = lost_find(request, v->unit);
	for (size_t i = 0; i < j.t->count; i++)
		gather_evidence(&j, i);
	observer_look(request->observer, request->progress);
	v->looked = observer_looked(request->observer);
	j.remake = arena_array(v->mem, j.t->count, sizeof(*j.remake));
	for (size_t i = 0; i < j.t->count; i++)
		find_remakes(&j, i);
	for (size_t n = 0; n < j.t->count; n++) {
		judge_one(&j, v->order[n]);
		j.judged[v->order[n]] = true;
	}
	(void)moved_free(j.moved);
	*ret = v;
	return 0;
}

struct verification *verification_free(struct verification *v)
{
	if (v == NULL)
		return NULL;
	(void)arena_free(v->mem);
	free(v);
	return NULL;
}

void verification_cleanup(struct verification **v)
{
	*v = verification_free(*v);
}
