/* Build directories read into a graph of units. */
#include "fakeunits.h"

#define A "0123456789abcdef"
#define B "fedcba9876543210"

static struct fake lib(const char *directory, const char *base)
{
	return (struct fake){
		.directory = directory, .base = base, .local = {fake_depinfo("debug/dep")}, .nlocal = 1};
}

static void check_unit(const struct target *t, const char *directory, const char *base, enum unit_kind kind,
	const char *package, const char *name, const char *place)
{
	const struct unit *u = fake_unit(t, directory, base);
	assert_int_equal(u->kind, kind);
	assert_string_equal(u->package, package);
	assert_string_equal(u->meta, A);
	assert_string_equal(u->target, name);
	assert_string_equal(u->place->path, place);
	assert_int_equal(u->proof, PROOF_VERIFIED);
}

static void test_layouts(void **state)
{
	(void)state;
	struct fake rows[] = {
		lib("debug/.fingerprint/my-app-" A, "lib-my_app"),
		lib("debug/.fingerprint/my-app-" A, "test-bin-my-app"),
		lib("debug/build/my-app/" A "/fingerprint", "bin-app"),
		lib("x86_64-unknown-linux-gnu/dist/.fingerprint/b-" A, "test-integration-test-it"),
		lib("wasm/release/build/b/" A "/fingerprint", "run-build-script-build-script-build"),
		lib("doc-profile/.fingerprint/d-" A, "doc-lib-d"),
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		(void)fake_put(&rows[i]);
	/* Old build scripts' directories are no units, nor is what lies about. */
	temp_put("debug/build/my-app-" A "/output", "");
	temp_put("debug/.fingerprint/my-app-" A "/dep-lib-my_app", "");
	temp_put("debug/.fingerprint/my-app-" A "/invoked.timestamp", "");
	temp_put("debug/.fingerprint/my-app-" A "/output-lib-my_app", "");
	temp_put("debug/.fingerprint/no-meta-0123/lib-x", A);
	temp_put("debug/.fingerprint/" A "/lib-x", A);
	temp_put("CACHEDIR.TAG", "");
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(t->count, COUNT_OF(rows));
	assert_int_equal(t->nwarning, 0);
	check_unit(t, rows[0].directory, rows[0].base, UNIT_LIB, "my-app", "my_app", "debug");
	check_unit(t, rows[1].directory, rows[1].base, UNIT_TEST, "my-app", "my-app", "debug");
	check_unit(t, rows[2].directory, rows[2].base, UNIT_BIN, "my-app", "app", "debug");
	check_unit(t, rows[3].directory, rows[3].base, UNIT_TEST, "b", "it", "x86_64-unknown-linux-gnu/dist");
	check_unit(t, rows[4].directory, rows[4].base, UNIT_RUN_BUILD_SCRIPT, "b", "build-script-build",
		"wasm/release");
	check_unit(t, rows[5].directory, rows[5].base, UNIT_DOC, "d", "d", "doc-profile");
	assert_string_equal(
		fake_unit(t, rows[3].directory, rows[3].base)->place->triple, "x86_64-unknown-linux-gnu");
	assert_null(fake_unit(t, rows[0].directory, rows[0].base)->place->triple);
	const struct unit *new = fake_unit(t, rows[4].directory, rows[4].base);
	assert_string_equal(unit_output_path(t->mem, new), "wasm/release/build/b/" A "/run/stdout");
	assert_string_equal(unit_out_dir(t->mem, new), "wasm/release/build/b/" A "/out");
}

static void profile_one(const char *profile, size_t places, size_t units)
{
	CLEANUP_TARGET struct target *t = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(target_load_whole(temp_root, profile, &t, &err), 0);
	assert_int_equal(t->nplace, places);
	assert_int_equal(t->count, units);
}

static void test_one_profile(void **state)
{
	(void)state;
	struct fake rows[] = {
		lib("debug/.fingerprint/a-" A, "lib-a"),
		lib("debug/build/b/" A "/fingerprint", "bin-b"),
		lib("release/.fingerprint/a-" A, "lib-a"),
		lib("wasm/debug/.fingerprint/a-" A, "lib-a"),
		lib("wasm/release/.fingerprint/a-" A, "lib-a"),
		/* No triple, but a profile's. */
		lib("release/debug/.fingerprint/a-" A, "lib-a"),
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		(void)fake_put(&rows[i]);
	profile_one("debug", 2, 3);
	profile_one("release", 2, 2);
	profile_one("dist", 0, 0);
	profile_one(NULL, 4, 5);
}

/* Stamps of compilers lie beside the fingerprint, those of scripts where their output is. */
static void test_built_since(void **state)
{
	(void)state;
	static const char *const stamps[] = {
		"debug/.fingerprint/a-" A "/invoked.timestamp",
		"debug/build/a-" A "/invoked.timestamp",
		"debug/build/b/" A "/fingerprint/invoked.timestamp",
		"debug/build/b/" A "/run/invoked.timestamp",
	};
	const struct timespec before = {.tv_sec = 999}, at = {.tv_sec = 1000}, later = {.tv_sec = 1001};
	struct fake rows[] = {
		lib("debug/.fingerprint/a-" A, "lib-a"), lib("debug/build/b/" A "/fingerprint", "bin-b")};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		(void)fake_put(&rows[i]);
	assert_false(target_built_since(temp_fd, "debug", at));
	for (size_t i = 0; i < COUNT_OF(stamps); i++) {
		temp_put(stamps[i], "");
		assert_true(target_built_since(temp_fd, "debug", at));
		assert_int_equal(fsio_set_mtime(temp_fd, stamps[i], at, NULL), 0);
		assert_true(target_built_since(temp_fd, "debug", before));
		assert_true(target_built_since(temp_fd, NULL, at));
		assert_false(target_built_since(temp_fd, "debug", later));
		assert_false(target_built_since(temp_fd, "release", before));
	}
}

/* Target directories of other tools inside this one are other trees. */
static void test_nested_target(void **state)
{
	(void)state;
	struct fake own = lib("debug/.fingerprint/a-" A, "lib-a");
	struct fake nested = lib("llvm-cov-target/debug/.fingerprint/a-" A, "lib-a");
	(void)fake_put(&own);
	(void)fake_put(&nested);
	CLEANUP_TARGET struct target *before = fake_load();
	assert_int_equal(before->count, 2);
	temp_put("llvm-cov-target/.rustc_info.json", "{}");
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(t->count, 1);
}

static void proof_one(const char *hash, enum hash_state state, enum unit_proof proof)
{
	struct fake a = lib("debug/.fingerprint/a-" A, "lib-a");
	(void)fake_put(&a);
	if (hash != NULL)
		temp_put("debug/.fingerprint/a-" A "/lib-a", hash);
	else
		assert_int_equal(unlinkat(temp_fd, "debug/.fingerprint/a-" A "/lib-a", 0), 0);
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(t->count, 1);
	assert_int_equal(t->unit[0].hash_state, state);
	assert_int_equal(t->unit[0].proof, proof);
}

static void test_proofs(void **state)
{
	(void)state;
	proof_one("", HASH_EMPTY, PROOF_NONE);
	proof_one(NULL, HASH_ABSENT, PROOF_NONE);
	proof_one("0123456789abcdef", HASH_PRESENT, PROOF_FAILED);
	proof_one("0123456789abcdef\n", HASH_FOREIGN, PROOF_FAILED);
	proof_one("0123456789ABCDEF", HASH_FOREIGN, PROOF_FAILED);
	proof_one("0123456789abcde", HASH_FOREIGN, PROOF_FAILED);
	/* Without JSON there is nothing to prove; of unknown JSON nothing is believed. */
	struct fake a = lib("debug/.fingerprint/a-" A, "lib-a");
	(void)fake_put(&a);
	temp_put("debug/.fingerprint/a-" A "/lib-a.json", "{\"rustc\":1,\"new\":2}");
	CLEANUP_TARGET struct target *unknown = fake_load();
	assert_int_equal(unknown->unit[0].proof, PROOF_FAILED);
	assert_int_equal(unknown->nwarning, 1);
	assert_int_equal(unlinkat(temp_fd, "debug/.fingerprint/a-" A "/lib-a.json", 0), 0);
	CLEANUP_TARGET struct target *without = fake_load();
	assert_int_equal(without->count, 1);
	assert_int_equal(without->unit[0].proof, PROOF_NONE);
	assert_int_equal(without->unit[0].hash_state, HASH_PRESENT);
}

/* Each toolchain's way of hashing is found from its own units. */
static void test_toolchains(void **state)
{
	(void)state;
	static const struct epoch epochs[] = {{HASHER_SIP24, PATHS_COMPONENTS}, {HASHER_SIP24, PATHS_COUNT},
		{HASHER_SIP24, PATHS_CHUNKBITS}, {HASHER_STABLE, PATHS_CHUNKBITS}};
	for (unsigned i = 0; i < COUNT_OF(epochs); i++) {
		for (unsigned n = 0; n < 3; n++) {
			struct fake f =
				lib(arena_printf(temp_mem, "debug/.fingerprint/c%u-%016x", i, n), "lib-c");
			f.epoch = &epochs[i];
			f.rustc = i + 1;
			(void)fake_put(&f);
		}
	}
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(t->count, COUNT_OF(epochs) * 3);
	for (size_t i = 0; i < t->count; i++) {
		const struct epoch *expected = &epochs[t->unit[i].fingerprint->rustc - 1];
		assert_int_equal(t->unit[i].proof, PROOF_VERIFIED);
		assert_int_equal(t->unit[i].epoch.hasher, expected->hasher);
		assert_int_equal(t->unit[i].epoch.paths, expected->paths);
	}
	/* One unit of another way in a toolchain's middle does not reproduce. */
	struct fake odd = lib("debug/.fingerprint/odd-" A, "lib-odd");
	odd.epoch = &epochs[0];
	odd.rustc = 3;
	(void)fake_put(&odd);
	CLEANUP_TARGET struct target *mixed = fake_load();
	assert_int_equal(fake_unit(mixed, odd.directory, odd.base)->proof, PROOF_FAILED);
	assert_int_equal(
		fake_unit(mixed, "debug/.fingerprint/c2-0000000000000000", "lib-c")->proof, PROOF_VERIFIED);
}

/* Equal runs for the host and a triple have one hash: each dependent gets the one of its own place. */
static void test_twins(void **state)
{
	(void)state;
	struct fake run = lib("debug/.fingerprint/n-" A, "run-build-script-build-script-build");
	run.local[0] = fake_env("V", "1");
	uint64_t hash = fake_put(&run);
	run.directory = "triple/debug/.fingerprint/n-" B;
	assert_true(fake_put(&run) == hash);
	struct fake host = lib("debug/.fingerprint/n-" B, "lib-n");
	struct fake cross = lib("triple/debug/.fingerprint/n-" A, "lib-n");
	host.dep[0] = cross.dep[0] = fake_dep("build_script_build", hash);
	(void)fake_put(&host);
	(void)fake_put(&cross);
	CLEANUP_TARGET struct target *t = fake_load();
	const struct unit *a = fake_unit(t, host.directory, host.base),
			  *b = fake_unit(t, cross.directory, cross.base);
	assert_string_equal(t->unit[a->dep[0]].place->path, "debug");
	assert_string_equal(t->unit[b->dep[0]].place->path, "triple/debug");
	struct fake orphan = lib("debug/.fingerprint/o-" A, "lib-o");
	orphan.dep[0] = fake_dep("gone", 4711);
	(void)fake_put(&orphan);
	CLEANUP_TARGET struct target *again = fake_load();
	assert_true(fake_unit(again, orphan.directory, orphan.base)->dep[0] == UNIT_NONE);
}

/* What is no regular file of a plausible size is left out with a warning, and nothing is followed. */
static void test_hostile(void **state)
{
	(void)state;
	struct fake good = lib("debug/.fingerprint/good-" A, "lib-good");
	(void)fake_put(&good);
	struct fake secret = lib("out/x-" A, "lib-x");
	(void)fake_put(&secret);
	assert_int_equal(unlinkat(temp_fd, "out/x-" A "/lib-x.json", 0), 0);
	temp_link("../../out/x-" A, "debug/.fingerprint/link-" A);
	temp_link("../out", "debug/build");
	temp_mkdirs("debug/.fingerprint/fifo-" A);
	assert_int_equal(mkfifoat(temp_fd, "debug/.fingerprint/fifo-" A "/lib-fifo", 0600), 0);
	assert_int_equal(mkfifoat(temp_fd, "debug/.fingerprint/fifo-" A "/lib-fifo.json", 0600), 0);
	temp_put("debug/.fingerprint/huge-" A "/lib-huge", A);
	temp_put("debug/.fingerprint/huge-" A "/lib-huge.json", "");
	assert_int_equal(
		truncate(temp_path("debug/.fingerprint/huge-" A "/lib-huge.json"), (off_t)1 << 40), 0);
	temp_put("debug/.fingerprint/file-" A, "no directory");
	temp_put("debug/.fingerprint/nl-" A "/lib-\n", "x");
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(fake_unit(t, good.directory, good.base)->proof, PROOF_VERIFIED);
	for (size_t i = 0; i < t->count; i++) {
		assert_string_not_equal(t->unit[i].package, "link");
		assert_true(&t->unit[i] == fake_unit(t, good.directory, good.base) ||
			t->unit[i].fingerprint == NULL);
	}
	assert_true(t->nwarning >= 3);
	for (size_t i = 0; i < t->nwarning; i++)
		assert_null(strchr(t->warning[i], '\n'));
}

/* Enough directories for several threads; the order does not depend on them. */
static void test_many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct fake f =
			lib(arena_printf(temp_mem, "debug/.fingerprint/p%03u-%016x", i % 100, i), "lib-p");
		(void)fake_put(&f);
		temp_put(arena_printf(temp_mem, "%s/lib-bad.json", f.directory), "{");
	}
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(t->count, 600);
	assert_int_equal(t->nwarning, 200);
	for (size_t i = 1; i < t->count; i++)
		assert_true(strcmp(t->unit[i - 1].directory, t->unit[i].directory) <= 0);
}

/* A directory with more names than anybody can compare with each other in time. */
static void test_crowded_directory(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		temp_put(arena_printf(temp_mem, "debug/.fingerprint/a-" A "/lib-%05u", i), "");
	CLEANUP_TARGET struct target *t = fake_load();
	assert_int_equal(t->count, 3000);
}

static void test_no_target(void **state)
{
	(void)state;
	struct target *t = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(target_load(temp_path("none"), &t, &err), -ENOENT);
	CLEANUP_TARGET struct target *empty = fake_load();
	assert_int_equal(empty->count, 0);
	assert_int_equal(empty->nplace, 0);
	assert_null(target_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_layouts),
		TEMP_TEST(test_one_profile),
		TEMP_TEST(test_built_since),
		TEMP_TEST(test_nested_target),
		TEMP_TEST(test_proofs),
		TEMP_TEST(test_toolchains),
		TEMP_TEST(test_twins),
		TEMP_TEST(test_hostile),
		TEMP_TEST(test_many),
		TEMP_TEST(test_crowded_directory),
		TEMP_TEST(test_no_target),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
