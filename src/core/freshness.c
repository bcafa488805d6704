#include "steady/core/freshness.h"

#include "steady/util/fsio.h"

#include <stdlib.h>
#include <string.h>

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct judge {
	const struct fresh_facts *facts;
	struct verdict *verdict;
	/** The file system says nothing against the unit (its hash may still). */
	bool *settled;
	enum mark *mark;
	struct arena *mem;
};

static bool same_path(const struct fresh_unit *u, struct span a, struct span b)
{
	return span_eq(a, b) || fingerprint_hash_path(&u->epoch, a) == fingerprint_hash_path(&u->epoch, b);
}

static bool same_value(const struct local *a, const struct local *b)
{
	return a->has_value == b->has_value && (!a->has_value || span_eq(a->value, b->value));
}

static bool same_paths(const struct fresh_unit *u, const struct local *a, const struct local *b)
{
	if (a->npath != b->npath)
		return false;
	for (size_t i = 0; i < a->npath; i++) {
		if (!same_path(u, a->path[i], b->path[i]))
			return false;
	}
	return true;
}

static enum dirty_reason compare_local(
	const struct fresh_unit *u, const struct local *now, const struct local *old)
{
	if (now->kind != old->kind)
		return DIRTY_LOCAL_TYPE;
	switch (now->kind) {
	case LOCAL_PRECALCULATED:
		return span_eq(now->text, old->text) ? FRESH : DIRTY_PRECALCULATED;
	case LOCAL_CHECK_DEP_INFO:
		break;
	case LOCAL_RERUN_IF_CHANGED:
		return same_paths(u, now, old) ? FRESH : DIRTY_RERUN_PATHS;
	case LOCAL_RERUN_IF_ENV_CHANGED:
		if (!span_eq(now->text, old->text))
			return DIRTY_RERUN_VARIABLES;
		return same_value(now, old) ? FRESH : DIRTY_RERUN_ENV;
	}
	return FRESH;
}

/* The name in a Precalculated string "<time>s (<path>)"; the whole string if it has another form. */
static const char *precalculated_file(struct arena *mem, struct span text)
{
	size_t open = span_find_span(text, SPAN_LIT("s ("));
	if (open + 4 > text.len || !span_ends(text, SPAN_LIT(")")))
		return arena_strndup(mem, text.ptr, text.len);
	return arena_strndup(mem, text.ptr + open + 3, text.len - open - 4);
}

static bool compare_locals(struct judge *j, const struct fresh_unit *u, struct verdict *v)
{
	const struct fingerprint *old = u->fingerprint;
	if (u->nlocal != old->nlocal) {
		v->reason = DIRTY_LOCAL_LENGTHS;
		return true;
	}
	for (size_t i = 0; i < u->nlocal; i++) {
		v->reason = compare_local(u, &u->local[i], &old->local[i]);
		if (v->reason == FRESH)
			continue;
		struct span text = u->local[i].text;
		if (v->reason == DIRTY_PRECALCULATED)
			v->subject = precalculated_file(j->mem, text);
		else if (u->local[i].kind == LOCAL_RERUN_IF_ENV_CHANGED)
			v->subject = arena_strndup(j->mem, text.ptr, text.len);
		return true;
	}
	return false;
}

/* What the dependency's hash would be now; unchanged where nothing is known of it. */
static uint64_t dep_hash(const struct judge *j, const struct fresh_unit *u, size_t d)
{
	size_t at = u->dep[d];
	if (at == SIZE_MAX || j->facts->unit[at].fingerprint == NULL)
		return u->fingerprint->dep[d].hash;
	return j->verdict[at].hash;
}

/* Fingerprint::compare, as far as the hashed parts go. */
static bool compare_hashed(struct judge *j, const struct fresh_unit *u, struct verdict *v)
{
	if (u->other_toolchain)
		v->reason = DIRTY_TOOLCHAIN;
	else if (u->other_rustflags)
		v->reason = DIRTY_RUSTFLAGS;
	if (v->reason != FRESH || compare_locals(j, u, v))
		return true;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		if (dep_hash(j, u, d) == u->fingerprint->dep[d].hash)
			continue;
		v->reason = DIRTY_DEP_INFO;
		v->dep = u->dep[d];
		v->dep_at = d;
		return true;
	}
	return false;
}

static uint64_t hash_now(struct judge *j, const struct fresh_unit *u)
{
	struct verdict compared = {.reason = FRESH};
	if (u->opaque)
		return compare_hashed(j, u, &compared) ? ~u->hash : u->hash;
	struct fingerprint now = *u->fingerprint;
	now.local = (struct local *)(uintptr_t)u->local;
	now.nlocal = u->nlocal;
	now.dep = xmalloc((now.ndep + 1) * sizeof(*now.dep));
	for (size_t d = 0; d < now.ndep; d++) {
		now.dep[d] = u->fingerprint->dep[d];
		now.dep[d].hash = dep_hash(j, u, d);
	}
	uint64_t hash = fingerprint_hash(&now, &u->epoch);
	free(now.dep);
	/* No need to know the other compiler's hash to know that it is another one. */
	return u->other_toolchain || u->other_rustflags ? ~hash : hash;
}

static const struct fresh_output *newest_output(const struct fresh_unit *u, bool rmeta_only)
{
	const struct fresh_output *newest = NULL;
	for (size_t i = 0; i < u->noutput; i++) {
		const struct fresh_output *o = &u->output[i];
		if (rmeta_only && !o->is_rmeta)
			continue;
		if (newest == NULL || timespec_cmp(o->mtime, newest->mtime) > 0)
			newest = o;
	}
	return newest;
}

static bool check_deps(
	struct judge *j, const struct fresh_unit *u, const struct fresh_output *own, struct verdict *v)
{
	size_t count = u->fingerprint != NULL ? u->fingerprint->ndep : 0;
	for (size_t d = 0; d < count; d++) {
		size_t at = u->dep[d];
		v->dep = at;
		v->dep_at = d;
		if (at == SIZE_MAX || !j->settled[at]) {
			v->reason = DIRTY_DEP_STALE;
			return true;
		}
		const struct fresh_unit *dep = &j->facts->unit[at];
		const struct fresh_output *theirs = newest_output(dep, u->pipelined && dep->pipelined);
		if (theirs == NULL || timespec_cmp(theirs->mtime, own->mtime) <= 0)
			continue;
		v->reason = DIRTY_DEP_NEWER;
		v->newer = theirs->mtime;
		v->older = own->mtime;
		return true;
	}
	return false;
}

static enum dirty_reason check_watch(const struct fresh_unit *u, const struct fresh_watch *w)
{
	if (u->by_content && !w->has_checksum)
		return DIRTY_NO_CHECKSUM;
	if (w->input->missing)
		return DIRTY_FILE_MISSING;
	if (u->by_content && w->input->size != w->size)
		return DIRTY_FILE_SIZE;
	return timespec_cmp(w->input->mtime, u->reference_mtime) > 0 ? DIRTY_FILE_CHANGED : FRESH;
}

/* LocalFingerprint::find_stale_item */
static bool check_inputs(const struct fresh_unit *u, struct verdict *v)
{
	if (u->reference == NULL)
		return false;
	if (u->reference_missing) {
		v->reason = DIRTY_FILE_MISSING;
		v->subject = u->reference;
		return true;
	}
	if (u->changed_env != NULL) {
		v->reason = DIRTY_ENV;
		v->subject = u->changed_env->name;
		return true;
	}
	for (size_t i = 0; i < u->nwatch; i++) {
		v->reason = check_watch(u, &u->watch[i]);
		if (v->reason == FRESH)
			continue;
		v->subject = u->watch[i].input->path;
		v->newer = u->watch[i].input->mtime;
		v->older = u->reference_mtime;
		return true;
	}
	return false;
}

/* Fingerprint::check_filesystem: true if something there makes the unit stale. */
static bool check_files(struct judge *j, const struct fresh_unit *u, struct verdict *v)
{
	for (size_t i = 0; i < u->noutput; i++) {
		if (u->output[i].present)
			continue;
		v->reason = DIRTY_OUTPUT_MISSING;
		v->subject = u->output[i].path;
		return true;
	}
	const struct fresh_output *own = newest_output(u, false);
	if (own == NULL)
		return false;
	return check_deps(j, u, own, v) || check_inputs(u, v);
}

static void judge_unit(struct judge *j, size_t i)
{
	const struct fresh_unit *u = &j->facts->unit[i];
	struct verdict *v = &j->verdict[i];
	struct verdict files = {.reason = FRESH, .dep = SIZE_MAX};
	j->settled[i] = !check_files(j, u, &files);
	*v = (struct verdict){.reason = FRESH, .dep = SIZE_MAX};
	if (u->fingerprint != NULL)
		v->hash = hash_now(j, u);
	const bool agrees = u->hash_file == HASHFILE_HASH && (u->fingerprint == NULL || u->hash == v->hash);
	if (agrees && j->settled[i])
		return;
	if (u->hash_file == HASHFILE_ABSENT || u->fingerprint == NULL) {
		v->reason = DIRTY_FIRST_BUILD;
		return;
	}
	if (compare_hashed(j, u, v))
		return;
	const uint64_t hash = v->hash;
	if (!j->settled[i])
		*v = files;
	else
		v->reason = DIRTY_NOTHING_OBVIOUS;
	v->hash = hash;
}

static void find_cause(struct judge *j, size_t i)
{
	struct verdict *v = &j->verdict[i];
	const bool chained = v->reason == DIRTY_DEP_INFO || v->reason == DIRTY_DEP_STALE;
	v->cause = i;
	if (chained && v->dep != SIZE_MAX && j->mark[v->dep] == MARK_DONE &&
		j->verdict[v->dep].reason != FRESH)
		v->cause = j->verdict[v->dep].cause;
}

/* Depth first without recursion: a hostile graph may be one long chain. */
struct frame {
	size_t unit, next;
};

static void judge_from(struct judge *j, size_t root, struct frame *stack)
{
	size_t depth = 0;
	stack[depth++] = (struct frame){.unit = root};
	j->mark[root] = MARK_OPEN;
	while (depth != 0) {
		struct frame *top = &stack[depth - 1];
		const struct fresh_unit *u = &j->facts->unit[top->unit];
		size_t count = u->fingerprint != NULL ? u->fingerprint->ndep : 0;
		if (top->next < count) {
			size_t dep = u->dep[top->next++];
			if (dep != SIZE_MAX && j->mark[dep] == MARK_NEW) {
				j->mark[dep] = MARK_OPEN;
				stack[depth++] = (struct frame){.unit = dep};
			}
			continue;
		}
		judge_unit(j, top->unit);
		j->mark[top->unit] = MARK_DONE;
		find_cause(j, top->unit);
		depth--;
	}
}

struct verdict *freshness_judge(const struct fresh_facts *facts, struct arena *mem)
{
	struct judge j = {.facts = facts,
		.verdict = arena_array(mem, facts->count, sizeof(struct verdict)),
		.settled = xcalloc(facts->count + 1, sizeof(bool)),
		.mark = xcalloc(facts->count + 1, sizeof(enum mark)),
		.mem = mem};
	struct frame *stack = xmalloc((facts->count + 1) * sizeof(*stack));
	for (size_t i = 0; i < facts->count; i++) {
		if (j.mark[i] == MARK_NEW)
			judge_from(&j, i, stack);
	}
	free(stack);
	free(j.settled);
	free(j.mark);
	return j.verdict;
}
