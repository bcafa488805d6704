/* cargo's rules, on small graphs: app -> lib -> script's run -> script. */
#include "steady/core/freshness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SCRIPT, RUN, LIB, APP, COUNT };

/* A build that is Fresh; each test spoils something in it. */
struct build {
	struct fresh_unit unit[COUNT];
	struct fingerprint fp[COUNT];
	struct fingerprint_dep dep[COUNT];
	size_t link[COUNT];
	struct local local[COUNT], now[COUNT];
	struct fresh_output output[COUNT][2];
	struct fresh_input input[COUNT];
	struct fresh_watch watch[COUNT];
	struct fresh_facts facts;
	struct arena *mem;
	struct verdict *verdict;
};

static const struct epoch epoch = {HASHER_STABLE, PATHS_CHUNKBITS};

static void add_unit(struct build *b, int i, const char *package)
{
	struct fingerprint *fp = &b->fp[i];
	struct fresh_unit *u = &b->unit[i];
	b->local[i] = (struct local){
		.kind = LOCAL_CHECK_DEP_INFO, .text = span_of("debug/dep"), .method = METHOD_CHECKSUM_FALSE};
	*fp = (struct fingerprint){.rustc = 1, .target = (uint64_t)i + 1, .local = &b->local[i], .nlocal = 1};
	if (i > 0) {
		b->dep[i] = (struct fingerprint_dep){
			.pkg_id = 7, .name = span_of("d"), .hash = b->unit[i - 1].hash};
		b->link[i] = (size_t)i - 1;
		fp->dep = &b->dep[i];
		fp->ndep = 1;
	}
	b->now[i] = b->local[i];
	b->output[i][0] = (struct fresh_output){
		.path = "/ws/target/out", .present = true, .mtime = {.tv_sec = 100 + i * 10}};
	b->input[i] = (struct fresh_input){.path = "/ws/src/lib.rs", .mtime = {.tv_sec = 50}};
	b->watch[i] = (struct fresh_watch){.input = &b->input[i]};
	*u = (struct fresh_unit){.package = package,
		.hash_file = HASHFILE_HASH,
		.fingerprint = fp,
		.epoch = epoch,
		.dep = &b->link[i],
		.local = &b->now[i],
		.nlocal = 1,
		.output = b->output[i],
		.noutput = 1,
		.reference = "/ws/target/dep",
		.reference_mtime = {.tv_sec = 60},
		.watch = &b->watch[i],
		.nwatch = 1};
	u->hash = fingerprint_hash(fp, &epoch);
}

static int setup(void **state)
{
	static const char *const package[COUNT] = {"nat", "nat", "nat", "app"};
	struct build *b = xcalloc(1, sizeof(*b));
	for (int i = 0; i < COUNT; i++)
		add_unit(b, i, package[i]);
	b->facts = (struct fresh_facts){.unit = b->unit, .count = COUNT, .workspace_root = "/ws"};
	b->mem = arena_new();
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct build *b = *state;
	(void)arena_free(b->mem);
	free(b);
	return 0;
}

/* The reasons of all units, and the words for `unit`, which must also be the cause of `unit` to APP if dirty. */
static void judge(struct build *b, enum dirty_reason script, enum dirty_reason run, enum dirty_reason lib,
	enum dirty_reason app)
{
	const enum dirty_reason expected[COUNT] = {script, run, lib, app};
	b->verdict = freshness_judge(&b->facts, b->mem);
	for (int i = 0; i < COUNT; i++)
		assert_string_equal(dirty_reason_name(b->verdict[i].reason), dirty_reason_name(expected[i]));
}

static void says(struct build *b, int unit, const char *text, size_t cause)
{
	CLEANUP_STR struct str seen = STR_INIT;
	freshness_text(&b->facts, (size_t)unit, &b->verdict[unit], &seen);
	assert_string_equal(seen.buf, text);
	assert_int_equal(b->verdict[unit].cause, cause);
}

static void all_fresh(void **state)
{
	struct build *b = *state;
	judge(b, FRESH, FRESH, FRESH, FRESH);
	says(b, APP, "fresh", APP);
	/* equal times are fresh everywhere */
	b->input[LIB].mtime = b->unit[LIB].reference_mtime;
	b->output[LIB][0].mtime = b->output[APP][0].mtime;
	judge(b, FRESH, FRESH, FRESH, FRESH);
}

static void newer_input(void **state)
{
	struct build *b = *state;
	b->input[LIB].mtime = (struct timespec){.tv_sec = 60, .tv_nsec = 1};
	judge(b, FRESH, FRESH, DIRTY_FILE_CHANGED, DIRTY_DEP_STALE);
	says(b, LIB,
		"the file `src/lib.rs` has changed (60.000000001s, 1ns after last build at 60.000000000s)",
		LIB);
	says(b, APP, "the dependency `nat` was rebuilt", LIB);
	b->input[LIB].mtime.tv_sec = 60 + 26 * 3600 + 61;
	judge(b, FRESH, FRESH, DIRTY_FILE_CHANGED, DIRTY_DEP_STALE);
	says(b, LIB,
		"the file `src/lib.rs` has changed (93721.000000001s, 26h 1m 1s after last build at 60.000000000s)",
		LIB);
}

static void missing_things(void **state)
{
	struct build *b = *state;
	b->input[RUN].missing = true;
	judge(b, FRESH, DIRTY_FILE_MISSING, DIRTY_DEP_STALE, DIRTY_DEP_STALE);
	says(b, RUN, "the file `src/lib.rs` is missing", RUN);
	says(b, APP, "the dependency `nat` was rebuilt", RUN);
	b->input[RUN].missing = false;
	b->unit[LIB].reference_missing = true;
	judge(b, FRESH, FRESH, DIRTY_FILE_MISSING, DIRTY_DEP_STALE);
	says(b, LIB, "the file `target/dep` is missing", LIB);
	b->unit[LIB].reference_missing = false;
	b->output[LIB][0].present = false;
	judge(b, FRESH, FRESH, DIRTY_OUTPUT_MISSING, DIRTY_DEP_STALE);
	says(b, LIB, "couldn't read metadata for file `target/out`", LIB);
}

/* An emptied hash file rebuilds that unit and leaves its dependents alone. */
static void hash_file(void **state)
{
	struct build *b = *state;
	b->unit[LIB].hash_file = HASHFILE_OTHER;
	judge(b, FRESH, FRESH, DIRTY_NOTHING_OBVIOUS, FRESH);
	b->unit[LIB].hash_file = HASHFILE_ABSENT;
	judge(b, FRESH, FRESH, DIRTY_FIRST_BUILD, FRESH);
	b->unit[LIB].hash_file = HASHFILE_HASH;
	b->unit[LIB].hash++;
	judge(b, FRESH, FRESH, DIRTY_NOTHING_OBVIOUS, FRESH);
	/* no known way to hash: the file's word is taken */
	for (int i = 0; i < COUNT; i++) {
		b->unit[i].hash = (uint64_t)i + 1000;
		b->unit[i].opaque = true;
		if (i > 0)
			b->dep[i].hash = b->unit[i - 1].hash;
	}
	judge(b, FRESH, FRESH, FRESH, FRESH);
}

static void dependency_newer(void **state)
{
	struct build *b = *state;
	b->output[RUN][0].mtime = (struct timespec){.tv_sec = 125};
	judge(b, FRESH, FRESH, DIRTY_DEP_NEWER, DIRTY_DEP_STALE);
	says(b, LIB,
		"the dependency `nat` was rebuilt (125.000000000s, 5s after last build at 120.000000000s)",
		LIB);
	/* between two rlibs only the rmeta counts */
	b->output[RUN][1] = (struct fresh_output){
		.path = "r", .present = true, .is_rmeta = true, .mtime = {.tv_sec = 119}};
	b->unit[RUN].noutput = 2;
	b->unit[RUN].pipelined = b->unit[LIB].pipelined = true;
	judge(b, FRESH, FRESH, FRESH, FRESH);
	b->unit[LIB].pipelined = false;
	judge(b, FRESH, FRESH, DIRTY_DEP_NEWER, DIRTY_DEP_STALE);
}

static void absent_dependency(void **state)
{
	struct build *b = *state;
	b->link[APP] = SIZE_MAX;
	judge(b, FRESH, FRESH, FRESH, DIRTY_DEP_STALE);
	says(b, APP, "the dependency `d` was rebuilt", APP);
}

static void changed_variables(void **state)
{
	struct build *b = *state;
	const struct fresh_variable v = {.name = "HOHO", .has_value = true};
	b->unit[LIB].changed_env = &v;
	judge(b, FRESH, FRESH, DIRTY_ENV, DIRTY_DEP_STALE);
	says(b, LIB, "the environment variable HOHO changed", LIB);
	b->unit[LIB].changed_env = NULL;

	b->local[RUN] = (struct local){.kind = LOCAL_RERUN_IF_ENV_CHANGED, .text = span_of("CC")};
	b->now[RUN] = b->local[RUN];
	b->now[RUN].has_value = true;
	b->now[RUN].value = span_of("");
	b->unit[RUN].hash = fingerprint_hash(&b->fp[RUN], &epoch);
	b->dep[LIB].hash = b->unit[RUN].hash;
	b->unit[LIB].hash = fingerprint_hash(&b->fp[LIB], &epoch);
	b->dep[APP].hash = b->unit[LIB].hash;
	b->unit[APP].hash = fingerprint_hash(&b->fp[APP], &epoch);
	judge(b, FRESH, DIRTY_RERUN_ENV, DIRTY_DEP_INFO, DIRTY_DEP_INFO);
	says(b, RUN, "the env variable CC changed", RUN);
	says(b, APP, "info of dependency `nat` changed", RUN);
}

static void changed_locals(void **state)
{
	struct build *b = *state;
	b->now[RUN] = (struct local){.kind = LOCAL_PRECALCULATED, .text = span_of("2.000000000s (a b.rs)")};
	judge(b, FRESH, DIRTY_LOCAL_TYPE, DIRTY_DEP_INFO, DIRTY_DEP_INFO);
	b->local[RUN] = (struct local){.kind = LOCAL_PRECALCULATED, .text = span_of("1.000000000s (x)")};
	judge(b, FRESH, DIRTY_PRECALCULATED, DIRTY_DEP_INFO, DIRTY_DEP_INFO);
	assert_string_equal(b->verdict[RUN].subject, "a b.rs");
	b->unit[RUN].nlocal = 0;
	judge(b, FRESH, DIRTY_LOCAL_LENGTHS, DIRTY_DEP_INFO, DIRTY_DEP_INFO);
}

static void other_compiler(void **state)
{
	struct build *b = *state;
	b->unit[RUN].other_toolchain = true;
	judge(b, FRESH, DIRTY_TOOLCHAIN, DIRTY_DEP_INFO, DIRTY_DEP_INFO);
	b->unit[RUN].other_toolchain = false;
	b->unit[APP].other_rustflags = true;
	judge(b, FRESH, FRESH, FRESH, DIRTY_RUSTFLAGS);
}

static void by_content(void **state)
{
	struct build *b = *state;
	b->unit[LIB].by_content = true;
	judge(b, FRESH, FRESH, DIRTY_NO_CHECKSUM, DIRTY_DEP_STALE);
	b->watch[LIB].has_checksum = true;
	b->watch[LIB].size = 3;
	judge(b, FRESH, FRESH, DIRTY_FILE_SIZE, DIRTY_DEP_STALE);
	b->input[LIB].size = 3;
	judge(b, FRESH, FRESH, FRESH, FRESH);
}

/* No cargo makes a circle; a hostile cache may. */
static void circles(void **state)
{
	struct build *b = *state;
	b->fp[SCRIPT].dep = &b->dep[SCRIPT];
	b->fp[SCRIPT].ndep = 1;
	b->dep[SCRIPT].name = span_of("d");
	b->link[SCRIPT] = APP;
	b->verdict = freshness_judge(&b->facts, b->mem);
	for (int i = 0; i < COUNT; i++)
		assert_int_not_equal(b->verdict[i].reason, FRESH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(newer_input, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_things, setup, teardown),
		cmocka_unit_test_setup_teardown(hash_file, setup, teardown),
		cmocka_unit_test_setup_teardown(dependency_newer, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_dependency, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_variables, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_locals, setup, teardown),
		cmocka_unit_test_setup_teardown(other_compiler, setup, teardown),
		cmocka_unit_test_setup_teardown(by_content, setup, teardown),
		cmocka_unit_test_setup_teardown(circles, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
