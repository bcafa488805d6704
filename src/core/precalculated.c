#include "steady/core/precalculated.h"

#include "steady/core/packagestamp.h"
#include "steady/core/recordfile.h"
#include "steady/core/rehash.h"
#include "steady/util/fsio.h"

#include <stdlib.h>
#include <string.h>

struct planner {
	const struct target *t;
	struct rewrite_plan *plan;
	struct arena *mem;
	const struct fingerprint **edited;
	VEC(struct rewrite_file) files;
};

/* Units with one hash are edited alike, or the hashes above them would have two meanings. */
static void edit_with_twins(
	struct planner *p, const struct rehash_index *index, size_t i, const struct fingerprint *fp)
{
	size_t count;
	const size_t *twin = rehash_twins(index, p->t->unit[i].hash, &count);
	for (size_t n = 0; n < count; n++)
		p->edited[twin[n]] = fp;
	p->plan->edited += count;
}

static void add_file(struct planner *p, const char *path, struct span before, struct str *after,
	struct timespec mtime, mode_t mode)
{
	*vec_add(&p->files) = (struct rewrite_file){
		.path = path,
		.before = before,
		.after = span_make(arena_strndup(p->mem, after->buf, after->len), after->len),
		.mtime = mtime,
		.mode = mode,
	};
	str_release(after);
}

static void add_record(struct planner *p, const struct unit *u, const char *hash)
{
	const char *path = recordfile_path(p->mem, u);
	struct span bytes;
	struct stat st;
	struct record record;
	if (fsio_read(p->t->fd, path, RECORD_MAX_BYTES, p->mem, &bytes, &st, NULL) != 0 ||
		record_parse(p->mem, bytes, &record, NULL) < 0 || !record_has_hash(&record, u))
		return;
	memcpy(record.hash, hash, sizeof(record.hash));
	struct str after = STR_INIT;
	record_format(&record, &after);
	add_file(p, path, bytes, &after, st.st_mtim, st.st_mode);
}

static void add_unit(struct planner *p, const struct unit *u, const struct rehash_unit *new)
{
	struct str before = STR_INIT, json = STR_INIT, text = STR_INIT;
	char old_hash[HASHFILE_LEN + 1], new_hash[HASHFILE_LEN + 1];
	hashfile_format(u->hash, old_hash);
	hashfile_format(new->hash, new_hash);
	add_record(p, u, new_hash);
	fingerprint_format(u->fingerprint, &before);
	fingerprint_format(&new->fingerprint, &json);
	add_file(p, unit_json_path(p->mem, u),
		span_make(arena_strndup(p->mem, before.buf, before.len), before.len), &json, u->json_mtime,
		u->json_mode);
	str_release(&before);
	str_add(&text, new_hash);
	add_file(p, unit_hash_path(p->mem, u), span_of(arena_strdup(p->mem, old_hash)), &text, u->hash_mtime,
		u->hash_mode);
}

struct rewrite_plan *precalculated_plan(const struct target *t, const struct verification *v)
{
	struct rewrite_plan *plan = xcalloc(1, sizeof(*plan));
	plan->mem = arena_new();
	struct planner p = {.t = t, .plan = plan, .mem = plan->mem};
	p.edited = arena_array(plan->mem, t->count, sizeof(*p.edited));
	const struct rehash_index *index = rehash_index_new(t, plan->mem);
	for (size_t i = 0; i < t->count; i++) {
		if (v->unit[i].verdict != VERDICT_VERIFIED || v->unit[i].package == NULL ||
			p.edited[i] != NULL)
			continue;
		const struct fingerprint *fp = packagestamp_edit(plan->mem, &t->unit[i], v->unit[i].package);
		if (fp != NULL)
			edit_with_twins(&p, index, i, fp);
	}
	if (plan->edited != 0) {
		struct rehash rehash;
		rehash_compute(t, p.edited, plan->mem, &rehash);
		for (size_t i = 0; i < rehash.count; i++) {
			size_t unit = rehash.order[i];
			/* Documentation that must be made again has its hash file emptied, as others may have. */
			if ((t->unit[unit].kind == UNIT_DOC || v->revived[unit]) &&
				!verdict_stays(v->unit[unit].verdict))
				continue;
			add_unit(&p, &t->unit[unit], &rehash.unit[unit]);
		}
		plan->rehashed = rehash.count;
	}
	plan->file = vec_copy(plan->mem, &p.files);
	plan->nfile = p.files.len;
	vec_release(&p.files);
	return plan;
}
