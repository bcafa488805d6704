#include "steady/core/mtimes.h"

#include "steady/util/fsnear.h"
#include "steady/util/workers.h"

#include <stdlib.h>

const char *mtimes_verdict_name(enum mtimes_verdict verdict)
{
	static const char *const names[MTIMES_VERDICTS] = {"set", "right", "not-asked", "changed", "missing",
		"unsure", "no-history", "skipped", "failed"};
	return names[verdict];
}

/*
 * Milliseconds from the commit's place among those of the same second, microseconds from its name: the order of
 * a line of commits shows, two branches hardly collide, and new commits change nothing.
 */
static long unique_nanoseconds(const struct history_commit *c)
{
	unsigned name = (unsigned)c->id.byte[0] << 8 | c->id.byte[1];
	return (long)c->step * 1000000 + (long)(name % 1000) * 1000;
}

static struct timespec time_of(const struct history_commit *c, const struct mtimes_options *o)
{
	struct timespec time = {.tv_sec = (time_t)(o->author ? c->author : c->committer)};
	if (o->unique)
		time.tv_nsec = unique_nanoseconds(c);
	return timespec_cmp(time, o->now) > 0 ? o->now : time;
}

/* Whether what is there may be stamped at all. */
static enum mtimes_verdict judge_state(const struct mtimes_fact *fact, const struct mtimes_options *o)
{
	switch (fact->state) {
	case GITCHECK_SAME:
		return MTIMES_SET;
	case GITCHECK_GONE:
		return MTIMES_MISSING;
	case GITCHECK_CHANGED:
		return o->force ? MTIMES_SET : MTIMES_CHANGED;
	case GITCHECK_UNSURE:
		return o->force ? MTIMES_SET : MTIMES_UNSURE;
	default:
		return MTIMES_NOT_ASKED;
	}
}

static bool is_skipped(const struct mtimes_item *item, const struct mtimes_options *o)
{
	struct timespec found = item->fact->st.st_mtim;
	if (o->since_cache && !item->path->walked)
		return true;
	if (o->skip_merges && item->commit->parents > 1)
		return true;
	if (o->skip_older_than >= 0 && o->now.tv_sec - found.tv_sec > o->skip_older_than)
		return true;
	return o->skip_older_than_commit && timespec_cmp(found, item->time) <= 0;
}

static void plan_one(struct mtimes_item *item, const struct mtimes_options *o)
{
	item->verdict = judge_state(item->fact, o);
	if (item->commit != NULL)
		item->time = time_of(item->commit, o);
	if (item->verdict != MTIMES_SET)
		return;
	if (item->commit == NULL)
		item->verdict = MTIMES_NO_HISTORY;
	else if (is_skipped(item, o))
		item->verdict = MTIMES_SKIPPED;
	else if (timespec_cmp(item->time, item->fact->st.st_mtim) == 0)
		item->verdict = MTIMES_RIGHT;
}

void mtimes_make_plan(const struct history *history, const struct mtimes_fact *facts,
	const struct mtimes_options *options, struct arena *mem, struct mtimes_plan *ret)
{
	ret->count = history->path_count;
	ret->item = arena_array(mem, ret->count, sizeof(*ret->item));
	for (size_t i = 0; i < ret->count; i++) {
		struct mtimes_item *item = &ret->item[i];
		const struct history_path *path = &history->path[i];
		item->path = path;
		item->fact = &facts[i];
		if (path->commit != HISTORY_NONE)
			item->commit = &history->commit[path->commit];
		plan_one(item, options);
	}
}

struct application {
	struct mtimes_plan *plan;
	struct fsnear near[WORKERS_MAX];
};

static bool is_as_seen(const struct stat *now, const struct stat *seen)
{
	return now->st_ino == seen->st_ino && now->st_size == seen->st_size &&
		now->st_mode == seen->st_mode && timespec_cmp(now->st_mtim, seen->st_mtim) == 0 &&
		timespec_cmp(now->st_ctim, seen->st_ctim) == 0;
}

static int set_time(struct fsnear *near, const struct mtimes_item *item)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, item->time};
	if (item->path->path.len == 0)
		return futimens(near->root, times);
	return fsnear_set_mtime(near, item->path->path.ptr, item->time);
}

static void apply_one(void *ctx, unsigned worker, size_t i)
{
	struct application *a = ctx;
	struct fsnear *near = &a->near[worker];
	struct mtimes_item *item = &a->plan->item[i];
	struct stat now;
	if (item->verdict != MTIMES_SET)
		return;
	/* The directory may be the one that a build is filling just now. */
	if (fsnear_stat(near, item->path->path.ptr, &now) != 0 || !is_as_seen(&now, &item->fact->st))
		item->verdict = MTIMES_CHANGED;
	else if (set_time(near, item) < 0)
		item->verdict = MTIMES_FAILED;
}

void mtimes_apply(int root, struct mtimes_plan *plan, unsigned jobs)
{
	struct application a = {.plan = plan};
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		a.near[i] = (struct fsnear)FSNEAR_INIT(root);
	workers_for(plan->count, jobs != 0 ? jobs : workers_count(), apply_one, &a);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		fsnear_release(&a.near[i]);
}

int mtimes_refresh(struct gitrepo *repo, const struct gitindex *index, int root,
	const struct mtimes_plan *plan, struct err *err)
{
	VEC(struct gitindex_stamp) stamps = VEC_INIT;
	for (size_t i = 0; i < plan->count; i++) {
		const struct mtimes_item *item = &plan->item[i];
		bool stamped = item->verdict == MTIMES_SET;
		if (item->fact->state != GITCHECK_SAME || item->fact->entry == SIZE_MAX ||
			item->path->mode == GIT_MODE_SUBMODULE)
			continue;
		const struct gitindex_entry *e = &index->entry[item->fact->entry];
		if (stamped || timespec_cmp(e->mtime, item->fact->st.st_mtim) != 0 ||
			timespec_cmp(e->ctime, item->fact->st.st_ctim) != 0)
			*vec_add(&stamps) = (struct gitindex_stamp){
				item->fact->entry, stamped ? item->time : item->fact->st.st_mtim};
	}
	int code = gitindex_refresh(repo, index, root, stamps.data, stamps.len, err);
	vec_release(&stamps);
	return code;
}
