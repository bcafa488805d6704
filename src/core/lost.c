#include "steady/core/lost.h"

#include "steady/core/bedrock.h"
#include "steady/core/outdigest.h"
#include "steady/core/recordfile.h"
#include "steady/util/fsio.h"

#include <stdlib.h>

/* What the stamps say of each unit; true if not one of them is about a recorded one. */
static bool read_stamps(const struct verify_request *rq, struct verification *v, enum record_bond *bond)
{
	bool none = true;
	for (size_t i = 0; i < rq->target->count; i++) {
		const struct record *record = v->unit[i].record;
		bond[i] = record == NULL ? BOND_NONE : record_bond(record, unitfiles_get(rq->files, i));
		v->unit[i].bound = bond[i] == BOND_EXACT;
		none &= bond[i] != BOND_EXACT && bond[i] != BOND_COARSE;
	}
	return none;
}

/* Binds the units that have the recorded outputs, of those whose stamps leave it open. True if there are any. */
static bool bind_by_outputs(
	const struct verify_request *rq, struct verification *v, const enum record_bond *bond, bool all_lost)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct outdigest **outputs = arena_array(mem, rq->target->count, sizeof(struct outdigest *));
	bool any = false;
	for (size_t i = 0; i < rq->target->count; i++) {
		if (bond[i] != BOND_COARSE && !(all_lost && bond[i] == BOND_OTHER))
			continue;
		outputs[i] = outdigest_want(rq->observer, rq->files, mem, i);
		any = true;
	}
	if (!any)
		return false;
	observer_look(rq->observer, rq->progress);
	any = false;
	for (size_t i = 0; i < rq->target->count; i++) {
		struct unit_verdict *verdict = &v->unit[i];
		if (outputs[i] == NULL)
			continue;
		const struct digest now = outdigest_get(outputs[i]);
		verdict->bound = outdigest_agree(&now, &verdict->record->outputs);
		verdict->rebound =
			verdict->bound && !record_has_start(verdict->record, unitfiles_get(rq->files, i));
		any |= verdict->bound;
	}
	return any;
}

/* Does the unit's stamp say nothing about its order? */
static bool is_lost(const struct verify_request *rq, const struct verification *v, size_t i)
{
	return v->lost || unitfiles_get(rq->files, i)->invoked.st.st_mtim.tv_nsec == 0;
}

/* The dependency, if its digest is recorded and its stamp does not say which build it is; or UNIT_NONE. */
static size_t doubtful(const struct verify_request *rq, const struct verification *v, size_t i, size_t d)
{
	static const struct digest none = {{0}};
	const struct record *record = v->unit[i].record;
	size_t dep = rq->target->unit[i].dep[d];
	if (d >= record->ndep || dep == UNIT_NONE || digest_eq(&record->bedrock[d], &none))
		return UNIT_NONE;
	const struct timespec now = unitfiles_get(rq->files, dep)->invoked.st.st_mtim;
	return now.tv_nsec != 0 && timespec_cmp(now, record->dep[d]) == 0 ? UNIT_NONE : dep;
}

/*
 * Something below was built again, and without stamps nobody knows what of the rest was built after that: rustc takes
 * no crate that was built against another build of a third one.
 */
static void find_shaken(const struct verify_request *rq, struct verification *v, const struct bedrock *b)
{
	for (size_t i = 0; i < rq->target->count; i++) {
		const struct fingerprint *fp = rq->target->unit[i].fingerprint;
		for (size_t d = 0; v->unit[i].bound && fp != NULL && d < fp->ndep; d++) {
			size_t dep = doubtful(rq, v, i, d);
			if (dep != UNIT_NONE && is_lost(rq, v, dep) &&
				!outdigest_agree(&v->unit[i].record->bedrock[d], &v->unit[dep].bedrock))
				bedrock_flag(b, dep, v->shaken);
		}
	}
}

/* What bound units stand on, where they have to know it. */
static void find_bedrock(const struct verify_request *rq, struct verification *v)
{
	const struct target *t = rq->target;
	struct bedrock *b = bedrock_new(t, rq->files, rq->observer, v->order);
	CLEANUP_ARENA struct arena *mem = arena_new();
	bool *wanted = arena_array(mem, t->count, sizeof(*wanted));
	bool any = false;
	for (size_t i = 0; i < t->count; i++) {
		const struct fingerprint *fp = t->unit[i].fingerprint;
		for (size_t d = 0; v->unit[i].bound && fp != NULL && d < fp->ndep; d++) {
			size_t dep = doubtful(rq, v, i, d);
			if (dep == UNIT_NONE)
				continue;
			any |= bedrock_want(b, dep);
			wanted[dep] = true;
		}
	}
	if (any)
		observer_look(rq->observer, rq->progress);
	for (size_t i = 0; i < t->count; i++) {
		if (wanted[i])
			v->unit[i].bedrock = bedrock_get(b, i);
	}
	if (any)
		find_shaken(rq, v, b);
	(void)bedrock_free(b);
}

void lost_find(const struct verify_request *rq, struct verification *v)
{
	enum record_bond *bond = xcalloc(rq->target->count, sizeof(*bond));
	bool all_lost = read_stamps(rq, v, bond);
	v->shaken = arena_array(v->mem, rq->target->count, sizeof(*v->shaken));
	v->lost = bind_by_outputs(rq, v, bond, all_lost) && all_lost;
	free(bond);
	find_bedrock(rq, v);
}

/* The record's dependencies at their present times; one that was built again since keeps a time that it cannot have. */
static void rebind_dependencies(const struct unit *u, struct unitfiles *files, const struct verification *v,
	const struct record *before, struct record *record)
{
	for (size_t d = 0; d < record->ndep && d < u->fingerprint->ndep; d++) {
		if (u->dep[d] == UNIT_NONE)
			continue;
		const struct unit_verdict *dep = &v->unit[u->dep[d]];
		bool same = dep->rebound ? timespec_cmp(before->dep[d], dep->record->invoked) == 0
					 : outdigest_agree(&before->bedrock[d], &dep->bedrock);
		if (same)
			record->dep[d] = unitfiles_get(files, u->dep[d])->invoked.st.st_mtim;
	}
}

int lost_rebind(
	const struct target *t, struct unitfiles *files, const struct verification *v, struct err *err)
{
	for (size_t i = 0; i < t->count; i++) {
		if (!v->unit[i].rebound || t->unit[i].fingerprint == NULL)
			continue;
		CLEANUP_ARENA struct arena *mem = arena_new();
		struct record record;
		size_t bytes;
		/* From the disk: its hash may have changed meanwhile. */
		if (recordfile_load(t, &t->unit[i], mem, &record, NULL) != 0)
			continue;
		record.invoked = unitfiles_get(files, i)->invoked.st.st_mtim;
		rebind_dependencies(&t->unit[i], files, v, v->unit[i].record, &record);
		int code = recordfile_save(t, &t->unit[i], &record, &bytes, err);
		if (code < 0)
			return code;
	}
	return 0;
}
