#include "steady/core/mtimes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW 5000

/* One path whose commit has author time 1000 and committer time 2000. */
struct row {
	const char *name;
	enum gitcheck_state state;
	struct timespec found;
	bool no_commit, cached, merge;
	struct mtimes_options options;
	enum mtimes_verdict verdict;
	struct timespec time;
};

static void plan_one(const struct row *row)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct history_commit commit = {.id = {.byte = {0x01, 0x02}, .len = 20},
		.author = 1000,
		.committer = 2000,
		.parents = row->merge ? 2 : 1,
		.step = 7};
	struct history_path path = {.path = SPAN_LIT("a"),
		.mode = GIT_MODE_FILE,
		.commit = row->no_commit ? HISTORY_NONE : 0,
		.walked = !row->cached};
	struct history history = {.commit = &commit, .commit_count = 1, .path = &path, .path_count = 1};
	struct mtimes_fact fact = {.state = row->state, .entry = 0};
	fact.st.st_mtim = row->found;
	struct mtimes_options options = row->options;
	if (options.now.tv_sec == 0)
		options.now.tv_sec = NOW;
	if (options.skip_older_than == 0)
		options.skip_older_than = -1;
	struct mtimes_plan plan;
	mtimes_make_plan(&history, &fact, &options, mem, &plan);
	assert_int_equal(plan.count, 1);
	if (plan.item[0].verdict != row->verdict)
		fail_msg("%s: %s, expected %s", row->name, mtimes_verdict_name(plan.item[0].verdict),
			mtimes_verdict_name(row->verdict));
	if (plan.item[0].time.tv_sec != row->time.tv_sec || plan.item[0].time.tv_nsec != row->time.tv_nsec)
		fail_msg("%s: %lld.%09ld", row->name, (long long)plan.item[0].time.tv_sec,
			plan.item[0].time.tv_nsec);
}

static void plans(void **state)
{
	static const struct row rows[] = {
		{.name = "plain", .state = GITCHECK_SAME, .verdict = MTIMES_SET, .time = {2000, 0}},
		{.name = "author",
			.state = GITCHECK_SAME,
			.options = {.author = true},
			.verdict = MTIMES_SET,
			.time = {1000, 0}},
		{.name = "right",
			.state = GITCHECK_SAME,
			.found = {2000, 0},
			.verdict = MTIMES_RIGHT,
			.time = {2000, 0}},
		{.name = "right but for a nanosecond",
			.state = GITCHECK_SAME,
			.found = {2000, 1},
			.verdict = MTIMES_SET,
			.time = {2000, 0}},
		{.name = "unique",
			.state = GITCHECK_SAME,
			.options = {.unique = true},
			.verdict = MTIMES_SET,
			.time = {2000, 7 * 1000000 + 0x0102 * 1000}},
		{.name = "changed", .state = GITCHECK_CHANGED, .verdict = MTIMES_CHANGED, .time = {2000, 0}},
		{.name = "forced",
			.state = GITCHECK_CHANGED,
			.options = {.force = true},
			.verdict = MTIMES_SET,
			.time = {2000, 0}},
		{.name = "unsure", .state = GITCHECK_UNSURE, .verdict = MTIMES_UNSURE, .time = {2000, 0}},
		{.name = "gone",
			.state = GITCHECK_GONE,
			.options = {.force = true},
			.verdict = MTIMES_MISSING,
			.time = {2000, 0}},
		{.name = "not asked",
			.state = GITCHECK_NOT_ASKED,
			.options = {.force = true},
			.verdict = MTIMES_NOT_ASKED,
			.time = {2000, 0}},
		{.name = "no commit",
			.state = GITCHECK_SAME,
			.no_commit = true,
			.verdict = MTIMES_NO_HISTORY},
		{.name = "no commit and changed",
			.state = GITCHECK_CHANGED,
			.no_commit = true,
			.verdict = MTIMES_CHANGED},
		{.name = "future",
			.state = GITCHECK_SAME,
			.options = {.now = {1500, 9}},
			.verdict = MTIMES_SET,
			.time = {1500, 9}},
		{.name = "merge",
			.state = GITCHECK_SAME,
			.merge = true,
			.options = {.skip_merges = true},
			.verdict = MTIMES_SKIPPED,
			.time = {2000, 0}},
		{.name = "no merge",
			.state = GITCHECK_SAME,
			.options = {.skip_merges = true},
			.verdict = MTIMES_SET,
			.time = {2000, 0}},
		{.name = "older than its commit",
			.state = GITCHECK_SAME,
			.found = {1999, 999999999},
			.options = {.skip_older_than_commit = true},
			.verdict = MTIMES_SKIPPED,
			.time = {2000, 0}},
		{.name = "newer than its commit",
			.state = GITCHECK_SAME,
			.found = {2000, 1},
			.options = {.skip_older_than_commit = true},
			.verdict = MTIMES_SET,
			.time = {2000, 0}},
		{.name = "old",
			.state = GITCHECK_SAME,
			.found = {NOW - 101, 0},
			.options = {.skip_older_than = 100},
			.verdict = MTIMES_SKIPPED,
			.time = {2000, 0}},
		{.name = "not so old",
			.state = GITCHECK_SAME,
			.found = {NOW - 100, 0},
			.options = {.skip_older_than = 100},
			.verdict = MTIMES_SET,
			.time = {2000, 0}},
		{.name = "known to the cache",
			.state = GITCHECK_SAME,
			.cached = true,
			.options = {.since_cache = true},
			.verdict = MTIMES_SKIPPED,
			.time = {2000, 0}},
		{.name = "new to the cache",
			.state = GITCHECK_SAME,
			.options = {.since_cache = true},
			.verdict = MTIMES_SET,
			.time = {2000, 0}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		plan_one(&rows[i]);
}

static void verdicts_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < MTIMES_VERDICTS; i++) {
		for (int k = 0; k < i; k++)
			assert_string_not_equal(mtimes_verdict_name((enum mtimes_verdict)i),
				mtimes_verdict_name((enum mtimes_verdict)k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(verdicts_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
