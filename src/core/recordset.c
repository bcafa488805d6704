#include "steady/core/recordset.h"

#include "steady/util/fsnear.h"
#include "steady/util/workers.h"

#include <stdlib.h>

/* Below this many units threads cost more than they save. */
#define PARALLEL_FROM 64

/* What one thread reads with. */
struct part {
	struct arena *mem;
	struct fsnear near;
};

struct recordset {
	const struct target *t;
	struct recordset_entry *entry;
	struct part *part;
	unsigned nparts;
};

static void load_one(void *ctx, unsigned worker, size_t i)
{
	struct recordset *records = ctx;
	struct part *part = &records->part[worker];
	const struct unit *u = &records->t->unit[i];
	struct err err = ERR_INIT;
	struct span bytes = {NULL, 0};
	int code = 0;
	if (!u->has_record)
		return;
	struct record *record = arena_alloc(part->mem, sizeof(*record));
	if (u->beside != NULL)
		bytes = u->beside->record;
	if (bytes.ptr == NULL)
		code = fsnear_read(&part->near, recordfile_path(part->mem, u), RECORD_MAX_BYTES, part->mem,
			&bytes, NULL, &err);
	if (code == 0)
		code = record_parse(part->mem, bytes, record, &err);
	if (code == 0)
		records->entry[i].record = record;
	else if (code < 0)
		records->entry[i].rejected = arena_strdup(part->mem, err.msg);
}

struct recordset *recordset_load(const struct target *t)
{
	struct recordset *records = xcalloc(1, sizeof(*records));
	records->t = t;
	records->entry = xcalloc(t->count, sizeof(*records->entry));
	records->nparts = t->count >= PARALLEL_FROM ? workers_count() : 1;
	records->part = xcalloc(records->nparts, sizeof(*records->part));
	for (unsigned i = 0; i < records->nparts; i++)
		records->part[i] = (struct part){arena_new(), FSNEAR_INIT(t->fd)};
	workers_for(t->count, records->nparts, load_one, records);
	for (unsigned i = 0; i < records->nparts; i++)
		fsnear_release(&records->part[i].near);
	return records;
}

const struct recordset_entry *recordset_get(const struct recordset *records, size_t unit)
{
	return &records->entry[unit];
}

struct recordset *recordset_free(struct recordset *records)
{
	if (records == NULL)
		return NULL;
	for (unsigned i = 0; i < records->nparts; i++)
		(void)arena_free(records->part[i].mem);
	free(records->part);
	free(records->entry);
	free(records);
	return NULL;
}
