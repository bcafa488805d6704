#include "steady/core/lost.h"

#include "steady/core/outdigest.h"
#include "steady/core/recordfile.h"
#include "steady/util/fsio.h"

#include <stdlib.h>

/* A record of the unit's hash that was written for another start. */
static bool is_stray(const struct unit_verdict *verdict, const struct unit_files *files)
{
	return verdict->record != NULL && !verdict->bound && files->invoked.present &&
		record_has_hash(verdict->record, files->unit);
}

static size_t count_strays(const struct verify_request *rq, const struct unit_verdict *verdict)
{
	size_t strays = 0;
	for (size_t i = 0; i < rq->target->count; i++) {
		if (verdict[i].bound)
			return 0;
		strays += is_stray(&verdict[i], unitfiles_get(rq->files, i));
	}
	return strays;
}

bool lost_find(const struct verify_request *rq, struct unit_verdict *verdict)
{
	if (count_strays(rq, verdict) == 0)
		return false;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct outdigest **outputs = arena_array(mem, rq->target->count, sizeof(struct outdigest *));
	for (size_t i = 0; i < rq->target->count; i++) {
		if (is_stray(&verdict[i], unitfiles_get(rq->files, i)))
			outputs[i] = outdigest_want(rq->observer, rq->files, mem, i);
	}
	observer_look(rq->observer, rq->progress);
	bool any = false;
	for (size_t i = 0; i < rq->target->count; i++) {
		if (outputs[i] == NULL)
			continue;
		const struct digest now = outdigest_get(outputs[i]);
		verdict[i].rebound = verdict[i].bound = outdigest_agree(&now, &verdict[i].record->outputs);
		any |= verdict[i].rebound;
	}
	return any;
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
					 : dep->verdict == VERDICT_IMMUTABLE;
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
