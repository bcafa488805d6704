#include "steady/cli/judging.h"

#include "steady/cli/keeping.h"
#include "steady/cli/report.h"
#include "steady/cli/rewriting.h"
#include "steady/cli/targets.h"
#include "steady/core/buildlock.h"
#include "steady/core/keeper.h"

#include <errno.h>
#include <stdlib.h>

struct judging {
	const struct call *call;
	struct location where;
	struct buildlock *lock;
	struct digestcache *digests;
	bool dry_run;
};

int judging_begin(const struct call *call, bool dry_run, struct judging **ret, struct err *err)
{
	CLEANUP_JUDGING struct judging *j = xcalloc(1, sizeof(*j));
	j->call = call;
	j->dry_run = dry_run;
	int code = targets_locate_existing(call, &j->where, err);
	/* Any repository's files can be stamped, with a workspace around or without. */
	if (code == TARGETS_NONE ||
		(code == -ENOENT && call->target->target_dir == NULL &&
			call->target->manifest_path == NULL)) {
		*err = (struct err)ERR_INIT;
		return 0;
	}
	if (code == 0 && j->where.workspace_root == NULL)
		return 0;
	if (code == 0 && !dry_run)
		code = targets_lock(call, &j->where, &j->lock, err);
	if (code != 0)
		return code;
	j->digests = keeping_digests(call->mem, &j->where);
	*ret = TAKE_PTR(j);
	return 0;
}

struct judging *judging_end(struct judging *j)
{
	if (j == NULL)
		return NULL;
	if (!j->dry_run)
		digestcache_write(j->digests);
	(void)digestcache_free(j->digests);
	(void)buildlock_drop(j->lock);
	free(j);
	return NULL;
}

void judging_cleanup(struct judging **j)
{
	*j = judging_end(*j);
}

static int record(struct keeper *k, const struct progress *progress, struct err *err)
{
	const struct keeper_wanted all = {.npackage = 0};
	int code = keeper_record(k, &all, progress, err);
	return code < 0 ? code : recording_write(k->target, k->recording, err);
}

/* One look; `first` writes down what is proven, which must come before anything is adopted or raised. */
static int judge(const struct call *call, const struct keeper_options *options, bool first,
	struct keeper **ret, struct err *err)
{
	CLEANUP_KEEPER struct keeper *k = NULL;
	int code = keeper_open(options, &k, err);
	if (code < 0)
		return code;
	keeping_say_recovered(call->ui, k->recovered);
	struct progress progress = ui_progress_start(call->ui, "Verifying");
	if (first)
		code = record(k, &progress, err);
	if (code == 0)
		code = keeper_adopt(k, NULL, err);
	if (code == 0)
		code = keeper_verify(k, &progress, err);
	ui_progress_end(call->ui);
	if (code == 0 && !options->read_only)
		code = keeper_restore(k, err);
	if (code == 0)
		*ret = TAKE_PTR(k);
	return code;
}

int judging_prepare(const struct call *call, const struct location *where, struct digestcache *digests,
	struct keeper **ret, struct err *err)
{
	return judge(call, &(struct keeper_options){.where = where, .digests = digests}, true, ret, err);
}

int judging_before(struct judging *j, struct err *err)
{
	CLEANUP_KEEPER struct keeper *k = NULL;
	if (j == NULL || j->dry_run)
		return 0;
	int code = judging_prepare(j->call, &j->where, j->digests, &k, err);
	if (code == 0)
		rewriting_say_adoption(j->call, k);
	return code;
}

int judging_after(struct judging *j, struct judging_tally *ret, struct err *err)
{
	if (j == NULL)
		return 0;
	const struct keeper_options options = {
		.where = &j->where, .read_only = j->dry_run, .digests = j->digests};
	CLEANUP_KEEPER struct keeper *k = NULL;
	int code = judge(j->call, &options, false, &k, err);
	if (code < 0)
		return code;
	*ret = (struct judging_tally){.judged = true, .units = k->target->count};
	for (size_t i = 0; i < k->target->count; i++)
		ret->fresh += verdict_stays(k->verification->unit[i].verdict);
	return 0;
}

void judging_say(struct ui *ui, const struct judging_tally *tally)
{
	if (tally->judged)
		ui_status(ui, "Kept", "%zu of %zu units fresh; the others are built again", tally->fresh,
			tally->units);
}

void judging_report(struct cJSON *summary, const struct judging_tally *tally)
{
	report_bool(summary, "targets_judged", tally->judged);
	report_count(summary, "units", tally->units);
	report_count(summary, "fresh", tally->fresh);
}
