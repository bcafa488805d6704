#include "verify_priv.h"

#include "steady/core/lost.h"
#include "steady/core/mtimewalk.h"
#include "steady/core/packagestamp.h"
#include "steady/core/place.h"
#include "steady/core/recordfile.h"
#include "steady/core/recordset.h"
#include "steady/core/remake.h"
#include "steady/core/revive.h"
#include "steady/core/unitorder.h"
#include "steady/util/fsio.h"

#include <stdlib.h>
#include <string.h>

const char *verdict_name(enum proof_verdict verdict)
{
	static const char *const name[] = {"immutable", "verified", "changed", "unknown", "elsewhere"};
	return name[verdict];
}

bool verdict_stays(enum proof_verdict verdict)
{
	return verdict == VERDICT_IMMUTABLE || verdict == VERDICT_VERIFIED;
}

static void take_record(struct judge *j, size_t i)
{
	struct unit_verdict *verdict = &j->v->unit[i];
	const struct recordset_entry *entry = recordset_get(j->v->records, i);
	verdict->rejected = entry->rejected;
	verdict->record = entry->record;
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
		evidence->seen[n] = inputs_want(j->rq->observer, &inputs->item[n]);
}

/*
 * A library of a package of the workspace has no hash in its name in the old layout: what lies there may be another
 * build's (caches leave such files out, and are unpacked over what is there).
 */
static bool has_common_outputs(const struct unit_files *files)
{
	const struct unit *u = files->unit;
	if (u->layout != LAYOUT_OLD || u->kind == UNIT_RUN_BUILD_SCRIPT || u->kind == UNIT_DOC)
		return false;
	for (size_t n = 0; n < files->noutput; n++) {
		if (strstr(files->outputs[n].file.path, u->meta) == NULL)
			return true;
	}
	return false;
}

/* When the record was written. */
static bool record_time(const struct target *t, const struct unit *u, struct timespec *ret)
{
	struct stat st;
	CLEANUP_ARENA struct arena *mem = NULL;
	if (u->beside != NULL && u->beside->record.ptr != NULL) {
		*ret = u->beside->record_stat.st_mtim;
		return true;
	}
	mem = arena_new();
	bool there = fsio_stat(t->fd, recordfile_path(mem, u), &st, NULL) == 0;
	if (there)
		*ret = st.st_mtim;
	return there;
}

/*
 * May the outputs be of another build than the fingerprint and the record? So where a part of one cache, or a cache whose
 * unpacking was broken off, lies over another: they are older than the unit's start, or were there before its fingerprint
 * came, or a library is younger than its record. Each of these can be innocent as well (the compiler links metadata it has
 * already, archives have any order, we raise stamps).
 */
static bool may_be_anothers(const struct judge *j, const struct unit_files *files)
{
	const struct stat *invoked = &files->invoked.st;
	struct timespec recorded;
	if (files->unit->kind == UNIT_RUN_BUILD_SCRIPT || files->unit->kind == UNIT_DOC)
		return false;
	bool dated = record_time(j->t, files->unit, &recorded);
	for (size_t n = 0; n < files->noutput; n++) {
		const struct unit_output *output = &files->outputs[n];
		const struct stat *own = &output->file.st;
		if (!output->file.present || output->in_target_dir)
			continue;
		if (timespec_cmp(own->st_mtim, invoked->st_mtim) < 0 ||
			timespec_cmp(own->st_ctim, invoked->st_ctim) < 0)
			return true;
		/* Programs are stripped. */
		if (dated && (output->is_rlib || output->is_rmeta) &&
			timespec_cmp(own->st_mtim, recorded) > 0)
			return true;
	}
	return false;
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
	const struct unit_files *files = unitfiles_get(j->rq->files, i);
	if (has_common_outputs(files) || (!j->v->unit[i].rebound && may_be_anothers(j, files)))
		evidence->outputs = outdigest_want(j->rq->observer, j->rq->files, j->v->mem, i);
	CLEANUP_STR struct str path = STR_INIT;
	evidence->seen = arena_array(j->v->mem, record->ninput, sizeof(*evidence->seen));
	for (size_t n = 0; n < record->ninput; n++) {
		const struct input *input = &record->input[n];
		bool asked = inputs_question(&j->context, i, input, &path);
		evidence->seen[n] = asked ? observer_want(j->rq->observer, input->kind, path.buf) : NULL;
	}
}

#define UNIT_UNFINISHED "its last build was not finished"

const char *unit_unfit(const struct unit *u)
{
	if (u->hash_state == HASH_ABSENT || u->hash_state == HASH_EMPTY)
		return UNIT_UNFINISHED;
	if (u->hash_state == HASH_FOREIGN || u->fingerprint == NULL)
		return "its fingerprint is of a form that is not known";
	if (u->proof != PROOF_VERIFIED)
		return "its fingerprint does not give its hash";
	return NULL;
}

void judge_decide(struct judge *j, size_t i, enum proof_verdict verdict, const char *reason, size_t cause)
{
	struct unit_verdict *v = &j->v->unit[i];
	v->verdict = verdict;
	v->reason = reason;
	v->cause = cause;
}

static bool judge_dependencies(struct judge *j, size_t i)
{
	const struct unit *u = &j->t->unit[i];
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		const struct span name = u->fingerprint->dep[d].name;
		if (dep == UNIT_NONE || !j->judged[dep]) {
			judge_decide(j, i, VERDICT_UNKNOWN,
				arena_printf(
					j->v->mem, "its dependency `%.*s` was built again", SPAN_ARG(name)),
				UNIT_NONE);
			return false;
		}
		if (!verdict_stays(j->v->unit[dep].verdict)) {
			judge_decide(j, i, VERDICT_CHANGED,
				arena_printf(j->v->mem, "its dependency %s must be rebuilt",
					unit_title(j->v->mem, &j->t->unit[dep])),
				dep);
			return false;
		}
	}
	return true;
}

bool judge_outputs(struct judge *j, size_t i)
{
	const struct unit_files *files = unitfiles_get(j->rq->files, i);
	/* A script's output is its reference; one that is set aside can be put back. */
	if (files->unit->kind == UNIT_RUN_BUILD_SCRIPT)
		return true;
	for (size_t n = 0; n < files->noutput; n++) {
		if (files->outputs[n].file.present)
			continue;
		judge_decide(j, i, VERDICT_CHANGED,
			arena_printf(j->v->mem, "its output %s is missing", files->outputs[n].file.path),
			UNIT_NONE);
		return false;
	}
	if (files->noutput == 0)
		judge_decide(j, i, VERDICT_UNKNOWN, "its outputs are missing", UNIT_NONE);
	return files->noutput != 0;
}

/* Inputs that are missing where only a script can have made them. */
static void find_remakes(struct judge *j, size_t i)
{
	const struct record *record = j->v->unit[i].record;
	const struct remake_request remake = {j->t, &j->context, observer_git(j->rq->observer), j->remake};
	remake_look_out_dir(&remake, i, j->v->mem);
	if (!j->v->unit[i].bound) {
		remake_look(&remake, i, &j->evidence[i].inputs);
		return;
	}
	for (size_t n = 0; j->evidence[i].seen != NULL && n < record->ninput; n++) {
		const struct input *input = &record->input[n];
		if (input->root != INPUT_BUILD && input->kind == INPUT_FILE &&
			j->evidence[i].seen[n]->state == OBSERVED_MISSING)
			remake_mark(&remake, i, inputs_path(j->rq->files, j->v->mem, input));
	}
}

static void watch(struct unit_watched *watched, bool there, struct timespec mtime)
{
	watched->missing |= !there;
	if (there && timespec_cmp(mtime, watched->newest) > 0)
		watched->newest = mtime;
}

/* What was not looked at for a proof is asked for its time. */
static void watch_unproven(struct judge *j, size_t i, struct unit_watched *watched)
{
	const struct unit_inputs *inputs = &j->evidence[i].inputs;
	for (size_t n = 0; n < inputs->count; n++) {
		struct timespec mtime;
		if (inputs->item[n].compared)
			watch(watched, mtime_recursive(inputs->item[n].path, &mtime, NULL) == 0, mtime);
	}
}

/* Whatever the verdict will be: what does cargo see? */
static void find_watched(struct judge *j, size_t i)
{
	const struct evidence *evidence = &j->evidence[i];
	const struct unit_verdict *verdict = &j->v->unit[i];
	struct unit_watched *watched = &j->v->watched[i];
	if (evidence->seen == NULL) {
		watch_unproven(j, i, watched);
		return;
	}
	size_t count = verdict->bound ? verdict->record->ninput : evidence->inputs.count;
	for (size_t n = 0; n < count; n++) {
		const struct observation *seen = evidence->seen[n];
		/* A Python environment that the record names and nobody can find: cargo does not look at it either. */
		if (seen == NULL)
			continue;
		if (verdict->bound ? verdict->record->input[n].compared : evidence->inputs.item[n].compared)
			watch(watched, seen->state != OBSERVED_MISSING, seen->mtime);
		if (seen->package != NULL)
			watched->other_text |= packagestamp_differs(&j->t->unit[i], seen->package);
	}
}

static void judge_one(struct judge *j, size_t i)
{
	if (j->foreign[i]) {
		judge_decide(j, i, VERDICT_ELSEWHERE, "it is of another workspace", UNIT_NONE);
		return;
	}
	const char *why = unit_unfit(&j->t->unit[i]);
	if (j->v->revived[i] && !j->v->unit[i].bound)
		why = UNIT_UNFINISHED;
	if (j->v->shaken[i])
		why = "a dependency was built again, and without time stamps nothing shows which came first";
	if (why != NULL)
		judge_decide(j, i, VERDICT_UNKNOWN, why, UNIT_NONE);
	else if (j->remake[i] != NULL)
		judge_decide(j, i, VERDICT_CHANGED,
			arena_printf(j->v->mem, "%s, which it makes, is missing", j->remake[i]), UNIT_NONE);
	else if (!judge_dependencies(j, i))
		return;
	else if (j->v->unit[i].bound)
		judge_by_record(j, i);
	else
		judge_without_record(j, i);
}

static void find_birthplaces(struct judge *j)
{
	bool *asked = arena_array(j->v->mem, j->t->count, sizeof(*asked));
	for (size_t i = 0; i < j->t->count; i++)
		asked[i] = j->evidence[i].in_place && j->evidence[i].inputs.count != 0;
	j->birthplaces = birthplace_find(j->t, j->rq->files, asked, j->v->mem);
}

static void judge_all(struct judge *j)
{
	for (size_t i = 0; i < j->t->count; i++)
		j->judged[i] = false;
	for (size_t n = 0; n < j->t->count; n++) {
		judge_one(j, j->v->order[n]);
		j->judged[j->v->order[n]] = true;
	}
}

/* What is built again and needs a library that its script left, and that is gone. */
static bool find_unlinkable(struct judge *j)
{
	const struct remake_request remake = {j->t, &j->context, observer_git(j->rq->observer), j->remake};
	bool any = false;
	for (size_t i = 0; i < j->t->count; i++) {
		if (!verdict_stays(j->v->unit[i].verdict) && !j->foreign[i])
			any |= remake_look_linked(&remake, i, j->v->mem);
	}
	return any;
}

int verify(const struct verify_request *request, struct verification **ret, struct err *err)
{
	(void)err;
	struct verification *v = xcalloc(1, sizeof(*v));
	v->mem = arena_new();
	struct judge j = {.rq = request, .t = request->target, .v = v};
	CLEANUP_ARENA struct arena *mem = arena_new();
	v->unit = arena_array(v->mem, j.t->count, sizeof(*v->unit));
	v->records = recordset_load(j.t);
	v->revived = revive_find(request->target, v->records, v->mem);
	v->order = unit_order(j.t, v->mem);
	inputs_prepare(&j.context, request->files, j.t, observer_ways(request->observer), v->mem);
	j.foreign = foreign_find(j.t, request->files, v->order, v->mem);
	const char *uncertain;
	j.certain = place_is_certain(j.t, unitfiles_workspace_root(request->files),
		unitfiles_build_dir(request->files), &uncertain);
	j.moved = moved_new(request->files, j.t);
	j.evidence = arena_array(mem, j.t->count, sizeof(*j.evidence));
	j.judged = arena_array(mem, j.t->count, sizeof(*j.judged));
	for (size_t i = 0; i < j.t->count; i++)
		take_record(&j, i);
	lost_find(request, v);
	for (size_t i = 0; i < j.t->count; i++)
		gather_evidence(&j, i);
	find_birthplaces(&j);
	observer_look(request->observer, request->progress);
	v->looked = observer_looked(request->observer);
	j.remake = arena_array(v->mem, j.t->count, sizeof(*j.remake));
	for (size_t i = 0; i < j.t->count; i++)
		find_remakes(&j, i);
	v->watched = arena_array(v->mem, j.t->count, sizeof(*v->watched));
	for (size_t i = 0; i < j.t->count; i++)
		find_watched(&j, i);
	judge_all(&j);
	if (find_unlinkable(&j))
		judge_all(&j);
	(void)moved_free(j.moved);
	*ret = v;
	return 0;
}

struct verification *verification_free(struct verification *v)
{
	if (v == NULL)
		return NULL;
	(void)recordset_free(v->records);
	(void)arena_free(v->mem);
	free(v);
	return NULL;
}

void verification_cleanup(struct verification **v)
{
	*v = verification_free(*v);
}
