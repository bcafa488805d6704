#include "recording_priv.h"

#include "steady/core/bedrock.h"
#include "steady/core/inputs.h"
#include "steady/core/outdigest.h"
#include "steady/core/place.h"
#include "steady/core/recordfile.h"
#include "steady/core/recordset.h"
#include "steady/core/unitorder.h"
#include "steady/core/verify.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/workers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Below this many records threads cost more than they save. */
#define PARALLEL_FROM 64

const char *recorded_name(enum recorded state)
{
	static const char *const name[] = {"immutable", "kept", "recorded", "refused", "skipped"};
	return name[state];
}

static void refuse(struct recorder *rec, size_t i, const char *reason)
{
	rec->r->unit[i].state = RECORDED_REFUSED;
	rec->r->unit[i].reason = reason;
}

static bool load_bound(struct recorder *rec, size_t i)
{
	struct record *record = recordset_get(rec->r->records, i)->record;
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	enum record_bond bond = record == NULL ? BOND_NONE : record_bond(record, files);
	if (bond == BOND_COARSE && record_has_start(record, files))
		rec->candidate[i].kept_outputs =
			outdigest_want(rec->rq->observer, rec->rq->files, rec->mem, i);
	else if (bond != BOND_EXACT)
		return false;
	rec->r->unit[i].state = RECORDED_KEPT;
	rec->r->unit[i].record = record;
	return true;
}

/* A unit whose inputs nobody has to ask for stays refused, or is kept. */
static void begin(struct recorder *rec, size_t i)
{
	rec->r->unit[i].state = RECORDED_REFUSED;
	rec->candidate[i].is_new = unit_unfit(&rec->t->unit[i]) == NULL && !load_bound(rec, i);
}

static void gather(struct recorder *rec, size_t i)
{
	struct candidate *c = &rec->candidate[i];
	if (!c->is_new)
		return;
	inputs_of(&rec->context, rec->mem, i, &c->inputs);
	c->seen = arena_array(rec->mem, c->inputs.count, sizeof(*c->seen));
	for (size_t n = 0; n < c->inputs.count; n++)
		c->seen[n] = inputs_want(rec->rq->observer, &c->inputs.item[n]);
}

/* Are all dependencies recorded (or needless), and all older than the unit? *ret_needless: all are needless. */
static bool check_dependencies(struct recorder *rec, size_t i, bool *ret_needless)
{
	const struct unit *u = &rec->t->unit[i];
	*ret_needless = true;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep == UNIT_NONE || !rec->done[dep]) {
			refuse(rec, i,
				arena_printf(rec->r->mem, "its dependency `%.*s` was built again",
					SPAN_ARG(u->fingerprint->dep[d].name)));
			return false;
		}
		enum recorded state = rec->r->unit[dep].state;
		if (state == RECORDED_REFUSED || state == RECORDED_SKIPPED) {
			refuse(rec, i,
				arena_printf(rec->r->mem, "its dependency %s has no record",
					unit_title(rec->r->mem, &rec->t->unit[dep])));
			return false;
		}
		*ret_needless &= state == RECORDED_NEEDLESS;
	}
	return true;
}

static bool check_order(struct recorder *rec, size_t i)
{
	const struct unit *u = &rec->t->unit[i];
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		const struct unit_files *dep = unitfiles_get(rec->rq->files, u->dep[d]);
		/* ctime: when it was built or arrived, by the clock of this machine. */
		if (dep->invoked.present &&
			timespec_cmp(dep->invoked.st.st_ctim, rec->candidate[i].start) <= 0)
			continue;
		refuse(rec, i,
			arena_printf(rec->r->mem, "its dependency %s was built again after it",
				unit_title(rec->r->mem, dep->unit)));
		return false;
	}
	return true;
}

/* A script that was done within a tick of the clock is no older than its output: what compiled it must be. */
static bool check_fast_script(struct recorder *rec, size_t i, const struct unit_files *files)
{
	const struct unit *u = files->unit;
	if (!place_is_fast_script(files))
		return true;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		if (rec->r->unit[u->dep[d]].state != RECORDED_REFUSED &&
			place_stands_for(rec->rq->files, unitfiles_get(rec->rq->files, u->dep[d]),
				rec->candidate[i].start))
			return true;
	}
	return false;
}

/* That for the unit's profile. */
static const struct recording_mark *mark_of(const struct recorder *rec, size_t i)
{
	static const struct recording_mark none = {.marked = false};
	const struct recording_request *rq = rec->rq;
	for (size_t n = 0; n < rq->nmark; n++) {
		if (strcmp(rec->t->unit[i].place->profile, rq->mark[n].profile) == 0)
			return &rq->mark[n];
	}
	return &none;
}

static bool check_place(struct recorder *rec, size_t i)
{
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	struct candidate *c = &rec->candidate[i];
	const char *why;
	if (!place_built_here(rec->rq->files, files, &c->start, &why)) {
		refuse(rec, i, why);
		return false;
	}
	const char *other = birthplace_of(&rec->birthplaces, i);
	if (other != NULL) {
		refuse(rec, i,
			arena_printf(rec->r->mem,
				"the work tree %s builds into this target directory too, without `cargo steady restore`",
				other));
		return false;
	}
	c->quiet = c->start;
	const struct recording_mark *mark = mark_of(rec, i);
	/* Was it started when that was there already? */
	bool after_mark = mark->marked && timespec_cmp(c->start, mark->left) > 0;
	const struct pyenv *env = rec->context.python[i].env;
	/* Of environments that share one name the mark says which; a recorded path says it itself. */
	if (env != NULL && env->pinned && !env->told && !(after_mark && mark->in_environment)) {
		refuse(rec, i, "nothing shows in which Python environment it ran");
		return false;
	}
	if (after_mark) {
		/* Doc units of a package share one start, that of the last of them. */
		if (files->reference_state == REFERENCE_NONE)
			c->quiet = mark->left;
		return true;
	}
	if (!rec->certain || files->reference_state == REFERENCE_NONE || !check_fast_script(rec, i, files)) {
		refuse(rec, i,
			mark->marked
				? "it was built before this job's `cargo steady restore`"
				: "nothing shows that it was built from this work tree: run `cargo steady restore` before "
				  "the build");
		return false;
	}
	return true;
}

/*
 * Was the input there before the unit was started? What a script wrote in its last moments and cargo then compiles has the
 * stamp of the clock's tick in which the compiler was started, which needs more than a tick to look at its first source
 * (where stamps are of whole seconds that is not so).
 */
static bool is_older(struct recorder *rec, size_t i, size_t input, const char **ret_why)
{
	const struct candidate *c = &rec->candidate[i];
	const struct unit_input *in = &c->inputs.item[input];
	struct ways *ways = observer_ways(rec->rq->observer);
	const char *title = inputs_title(in->kind, in->path);
	if (place_older(ways, rec->r->mem, title, c->seen[input], c->quiet, ret_why))
		return true;
	struct timespec tick = c->quiet;
	tick.tv_nsec++;
	const char *why;
	return in->kind == INPUT_FILE && c->quiet.tv_nsec != 0 &&
		recording_is_written_below(rec, i, in->path) &&
		place_older(ways, rec->r->mem, title, c->seen[input], tick, &why);
}

static bool check_inputs(struct recorder *rec, size_t i)
{
	const struct candidate *c = &rec->candidate[i];
	for (size_t n = 0; n < c->inputs.count; n++) {
		const struct unit_input *input = &c->inputs.item[n];
		const char *why;
		/* It is younger than the script that wrote it. */
		if (input->kind == INPUT_SIDE)
			continue;
		if (input->kind == INPUT_ABSENT) {
			refuse(rec, i,
				arena_printf(rec->r->mem,
					"cargo runs its script on every build, since %s does not exist",
					input->path));
			return false;
		}
		if (!is_older(rec, i, n, &why)) {
			refuse(rec, i, why);
			return false;
		}
	}
	return true;
}

/* Of an environment the list of what is installed, as much of it as a record takes: the digest is of all. */
static const char *recorded_path(const struct unit_input *input, const struct observation *seen)
{
	return input->kind == INPUT_ENVIRONMENT ? seen->text : input->path;
}

static void fill_inputs(struct recorder *rec, size_t i, struct record *record)
{
	const struct candidate *c = &rec->candidate[i];
	record->input = arena_array(rec->r->mem, c->inputs.count, sizeof(*record->input));
	for (size_t n = 0; n < c->inputs.count; n++) {
		const struct unit_input *from = &c->inputs.item[n];
		if (from->kind == INPUT_SIDE && !recording_takes_side(c, n))
			continue;
		struct input *to = &record->input[record->ninput++];
		to->kind = from->kind;
		to->compared = from->compared;
		struct span path;
		to->root = inputs_root_of(rec->rq->files, recorded_path(from, c->seen[n]), &path);
		/* The inputs' own text goes when the recording has been made. */
		to->path = span_make(arena_strndup(rec->r->mem, path.ptr, path.len), path.len);
		to->size = c->seen[n]->size;
		to->digest = c->seen[n]->digest;
		to->mtime = c->seen[n]->mtime;
	}
}

static void fill_record(struct recorder *rec, size_t i)
{
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	const struct unit *u = files->unit;
	struct record *record = arena_alloc(rec->r->mem, sizeof(*record));
	char hash[HASHFILE_LEN + 1];
	hashfile_format(u->hash, hash);
	memcpy(record->hash, hash, sizeof(record->hash));
	record->invoked = files->invoked.st.st_mtim;
	record->root = span_of(unitfiles_workspace_root(rec->rq->files));
	record->real_root = rec->real_root;
	record->ndep = u->fingerprint->ndep;
	record->dep = arena_array(rec->r->mem, record->ndep, sizeof(*record->dep));
	record->bedrock = arena_array(rec->r->mem, record->ndep, sizeof(*record->bedrock));
	for (size_t d = 0; d < record->ndep; d++)
		record->dep[d] = unitfiles_get(rec->rq->files, u->dep[d])->invoked.st.st_mtim;
	fill_inputs(rec, i, record);
	rec->r->unit[i].record = record;
	rec->r->unit[i].state = RECORDED_NEW;
	rec->r->unit[i].reason = NULL;
}

static void check_kept(struct recorder *rec, size_t i)
{
	const struct outdigest *outputs = rec->candidate[i].kept_outputs;
	if (outputs == NULL)
		return;
	const struct digest now = outdigest_get(outputs);
	if (!outdigest_agree(&now, &rec->r->unit[i].record->outputs))
		refuse(rec, i, "it was built again since its record was written");
}

static void decide(struct recorder *rec, size_t i)
{
	const struct unit *u = &rec->t->unit[i];
	const struct unit_inputs *inputs = &rec->candidate[i].inputs;
	const char *why = unit_unfit(u);
	bool needless;
	if (rec->r->unit[i].state == RECORDED_KEPT) {
		check_kept(rec, i);
		return;
	}
	if (rec->foreign[i]) {
		rec->r->unit[i].state = RECORDED_SKIPPED;
		return;
	}
	if (why != NULL) {
		refuse(rec, i, why);
		return;
	}
	if (!check_dependencies(rec, i, &needless))
		return;
	if (inputs->why != NULL) {
		refuse(rec, i, inputs->why);
	} else if (needless && inputs->count == 0 && !inputs->has_env) {
		rec->r->unit[i].state = RECORDED_NEEDLESS;
	} else if (rec->rq->wanted != NULL && !rec->rq->wanted(u, rec->rq->ctx)) {
		rec->r->unit[i].state = RECORDED_SKIPPED;
	} else if (check_place(rec, i) && check_order(rec, i) && check_inputs(rec, i)) {
		fill_record(rec, i);
	}
}

static bool is_needless(const struct recorder *rec, size_t dep)
{
	return rec->r->unit[dep].state == RECORDED_NEEDLESS;
}

/* The outputs of what will be recorded, and what it stands on. */
static void digest_outputs(struct recorder *rec)
{
	struct outdigest **pending = arena_array(rec->mem, rec->t->count, sizeof(struct outdigest *));
	struct bedrock *bedrock = bedrock_new(rec->t, rec->rq->files, rec->rq->observer, rec->order);
	for (size_t i = 0; i < rec->t->count; i++) {
		if (rec->r->unit[i].state != RECORDED_NEW)
			continue;
		pending[i] = outdigest_want(rec->rq->observer, rec->rq->files, rec->mem, i);
		for (size_t d = 0; d < rec->r->unit[i].record->ndep; d++) {
			if (is_needless(rec, rec->t->unit[i].dep[d]))
				(void)bedrock_want(bedrock, rec->t->unit[i].dep[d]);
		}
	}
	observer_look(rec->rq->observer, rec->rq->progress);
	for (size_t i = 0; i < rec->t->count; i++) {
		struct record *record = rec->r->unit[i].record;
		if (pending[i] == NULL)
			continue;
		record->outputs = outdigest_get(pending[i]);
		for (size_t d = 0; d < record->ndep; d++) {
			if (is_needless(rec, rec->t->unit[i].dep[d]))
				record->bedrock[d] = bedrock_get(bedrock, rec->t->unit[i].dep[d]);
		}
	}
	(void)bedrock_free(bedrock);
}

static struct span real_root(const struct unitfiles *files, struct arena *mem)
{
	const char *root = unitfiles_workspace_root(files);
	CLEANUP_FREE char *real = realpath(root, NULL);
	if (real == NULL || strcmp(real, root) == 0)
		return SPAN_LIT("");
	return span_of(arena_strdup(mem, real));
}

static void find_birthplaces(struct recorder *rec)
{
	bool *asked = arena_array(rec->mem, rec->t->count, sizeof(*asked));
	for (size_t i = 0; i < rec->t->count; i++) {
		const struct recording_mark *mark = mark_of(rec, i);
		struct timespec start;
		const char *why;
		asked[i] = rec->candidate[i].inputs.count != 0 &&
			place_built_here(rec->rq->files, unitfiles_get(rec->rq->files, i), &start, &why) &&
			(!mark->marked || timespec_cmp(start, mark->left) > 0);
	}
	rec->birthplaces = birthplace_find(rec->t, rec->rq->files, asked, rec->mem);
}

int recording_make(const struct recording_request *request, struct recording **ret, struct err *err)
{
	(void)err;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct recording *r = xcalloc(1, sizeof(*r));
	r->mem = arena_new();
	struct recorder rec = {.rq = request, .t = request->target, .r = r, .mem = mem};
	r->unit = arena_array(r->mem, rec.t->count, sizeof(*r->unit));
	inputs_prepare(&rec.context, request->files, rec.t, observer_ways(request->observer), mem);
	rec.real_root = real_root(request->files, r->mem);
	rec.candidate = arena_array(mem, rec.t->count, sizeof(*rec.candidate));
	rec.done = arena_array(mem, rec.t->count, sizeof(*rec.done));
	rec.order = unit_order(rec.t, mem);
	rec.foreign = foreign_find(rec.t, request->files, rec.order, mem);
	r->records = recordset_load(rec.t);
	rec.certain = place_is_certain(rec.t, unitfiles_workspace_root(request->files),
		unitfiles_build_dir(request->files), &rec.uncertain);
	for (size_t i = 0; i < rec.t->count; i++)
		begin(&rec, i);
	recording_seek_sides(&rec);
	for (size_t i = 0; i < rec.t->count; i++)
		gather(&rec, i);
	observer_look(request->observer, request->progress);
	find_birthplaces(&rec);
	recording_gather_sides(&rec);
	observer_look(request->observer, request->progress);
	for (size_t n = 0; n < rec.t->count; n++) {
		decide(&rec, rec.order[n]);
		rec.done[rec.order[n]] = true;
	}
	digest_outputs(&rec);
	for (size_t i = 0; i < rec.t->count; i++)
		r->states[r->unit[i].state]++;
	*ret = r;
	return 0;
}

struct writer {
	const struct target *t;
	struct recording *r;
	atomic_bool failed;
	/** Of each thread: how its last record went. */
	struct {
		int code;
		struct err err;
	} part[WORKERS_MAX];
};

static void write_one(void *ctx, unsigned worker, size_t i)
{
	struct writer *w = ctx;
	struct unit_recording *u = &w->r->unit[i];
	if (u->state != RECORDED_NEW || atomic_load_explicit(&w->failed, memory_order_relaxed))
		return;
	w->part[worker].code =
		recordfile_save(w->t, &w->t->unit[i], u->record, &u->bytes, &w->part[worker].err);
	if (w->part[worker].code < 0)
		atomic_store_explicit(&w->failed, true, memory_order_relaxed);
}

int recording_write(const struct target *t, struct recording *r, struct err *err)
{
	struct writer w = {.t = t, .r = r};
	workers_for(t->count, r->states[RECORDED_NEW] >= PARALLEL_FROM ? workers_count() : 1, write_one, &w);
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		if (w.part[i].code < 0) {
			*err = w.part[i].err;
			return w.part[i].code;
		}
	}
	for (size_t i = 0; i < t->count; i++)
		r->bytes += r->unit[i].state == RECORDED_NEW ? r->unit[i].bytes : 0;
	return 0;
}

struct recording *recording_free(struct recording *r)
{
	if (r == NULL)
		return NULL;
	(void)recordset_free(r->records);
	(void)sides_free(r->sides);
	(void)arena_free(r->mem);
	free(r);
	return NULL;
}

void recording_cleanup(struct recording **r)
{
	*r = recording_free(*r);
}
