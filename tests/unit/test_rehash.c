#include "steady/core/rehash.h"

#include "fakeunits.h"

#define DIR(name) "debug/.fingerprint/" name "-0123456789abcdef"

static uint64_t put(const char *name, struct local local, uint64_t dep1, uint64_t dep2)
{
	struct fake f = {.directory = arena_printf(temp_mem, DIR("%s"), name),
		.base = "lib-x",
		.dep = {fake_dep("a", dep1), fake_dep("b", dep2)},
		.local = {local},
		.nlocal = 1};
	return fake_put(&f);
}

static size_t find(const struct target *t, const char *name)
{
	return fake_index(t, arena_printf(temp_mem, DIR("%s"), name), "lib-x");
}

/* The unit with another value of V. */
static const struct fingerprint *edited(const struct target *t, const char *name)
{
	struct fingerprint *fp = arena_alloc(temp_mem, sizeof(*fp));
	*fp = *t->unit[find(t, name)].fingerprint;
	fp->local = arena_alloc(temp_mem, sizeof(*fp->local));
	fp->local[0] = fake_env("V", "new");
	return fp;
}

static void compute(const struct target *t, const char *name, struct rehash *ret)
{
	const struct fingerprint **edit = arena_array(temp_mem, t->count, sizeof(*edit));
	if (name != NULL)
		edit[find(t, name)] = edited(t, name);
	rehash_compute(t, edit, temp_mem, ret);
}

/* a at the bottom of a diamond, beside a unit that has nothing to do with it. */
static void put_diamond(const char *value)
{
	uint64_t a = put("a", fake_env("V", value), 0, 0);
	uint64_t b = put("b", fake_depinfo("b"), a, 0), c = put("c", fake_depinfo("c"), a, 0);
	uint64_t d = put("d", fake_depinfo("d"), b, c);
	(void)put("e", fake_depinfo("e"), d, 4711);
	(void)put("other", fake_depinfo("o"), 0, 0);
}

/* The new hashes are those that cargo would have written for the new value. */
static void test_diamond(void **state)
{
	(void)state;
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	put_diamond("old");
	CLEANUP_TARGET struct target *t = fake_load();
	struct rehash rehash;
	compute(t, "a", &rehash);
	assert_int_equal(rehash.count, COUNT_OF(names));
	put_diamond("new");
	CLEANUP_TARGET struct target *wanted = fake_load();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct rehash_unit *r = &rehash.unit[find(t, names[i])];
		assert_true(r->changed);
		assert_true(r->hash == wanted->unit[find(wanted, names[i])].hash);
		assert_true(r->hash == fingerprint_hash(&r->fingerprint, &fake_epoch));
	}
	assert_false(rehash.unit[find(t, "other")].changed);
	/* Dependencies first. */
	size_t *place = arena_array(temp_mem, t->count, sizeof(*place));
	for (size_t i = 0; i < rehash.count; i++)
		place[rehash.order[i]] = i;
	for (size_t i = 0; i < rehash.count; i++) {
		const struct unit *u = &t->unit[rehash.order[i]];
		for (size_t d = 0; d < u->fingerprint->ndep; d++) {
			if (u->dep[d] != UNIT_NONE)
				assert_true(place[u->dep[d]] < i);
		}
	}
}

static void test_nothing_edited(void **state)
{
	(void)state;
	put_diamond("old");
	CLEANUP_TARGET struct target *t = fake_load();
	struct rehash rehash;
	compute(t, NULL, &rehash);
	assert_int_equal(rehash.count, 0);
}

/* What does not reproduce keeps its hash, and what is above it does not change through it. */
static void test_unverified(void **state)
{
	(void)state;
	put_diamond("old");
	temp_put(DIR("d") "/lib-x", "0123456789abcdef");
	CLEANUP_TARGET struct target *t = fake_load();
	struct rehash rehash;
	compute(t, "a", &rehash);
	assert_int_equal(rehash.count, 3);
	assert_false(rehash.unit[find(t, "d")].changed);
	assert_false(rehash.unit[find(t, "e")].changed);
}

/* A forged target: hashes and links that no cargo makes. Written into the graph, since real hashes cannot be
 * circular. */
static void test_cycles(void **state)
{
	(void)state;
	put_diamond("old");
	CLEANUP_TARGET struct target *t = fake_load();
	struct unit *a = &t->unit[find(t, "a")], *d = &t->unit[find(t, "d")];
	struct fingerprint_dep up[] = {fake_dep("d", d->hash), fake_dep("a", a->hash)};
	a->fingerprint->dep = up;
	a->fingerprint->ndep = COUNT_OF(up);
	struct rehash rehash;
	compute(t, "a", &rehash);
	assert_true(rehash.unit[find(t, "a")].changed);
	assert_true(rehash.count <= t->count);
	compute(t, "d", &rehash);
	assert_true(rehash.unit[find(t, "d")].changed);
}

/* A chain of dependencies deeper than any stack. */
static void test_deep_chain(void **state)
{
	(void)state;
	enum { DEPTH = 200000 };
	static struct unit unit[DEPTH];
	static struct fingerprint fp[DEPTH];
	static struct fingerprint_dep dep[DEPTH];
	struct target t = {.unit = unit, .count = DEPTH};
	for (size_t i = 0; i < DEPTH; i++) {
		dep[i] = fake_dep("x", i + 2);
		fp[i] = (struct fingerprint){.rustc = i, .dep = &dep[i], .ndep = 1};
		unit[i] = (struct unit){.hash = i + 1,
			.hash_state = HASH_PRESENT,
			.proof = PROOF_VERIFIED,
			.fingerprint = &fp[i],
			.epoch = fake_epoch};
	}
	const struct fingerprint **edit = arena_array(temp_mem, DEPTH, sizeof(*edit));
	edit[DEPTH - 1] = &fp[DEPTH - 1];
	struct rehash rehash;
	rehash_compute(&t, edit, temp_mem, &rehash);
	assert_int_equal(rehash.count, DEPTH);
	assert_int_equal(rehash.order[0], DEPTH - 1);
}

static void test_twins(void **state)
{
	(void)state;
	put_diamond("old");
	CLEANUP_TARGET struct target *t = fake_load();
	t->unit[find(t, "c")].hash = t->unit[find(t, "b")].hash;
	const struct rehash_index *index = rehash_index_new(t, temp_mem);
	size_t count;
	const size_t *twin = rehash_twins(index, t->unit[find(t, "b")].hash, &count);
	assert_int_equal(count, 2);
	assert_int_equal(twin[0], find(t, "b"));
	assert_int_equal(twin[1], find(t, "c"));
	(void)rehash_twins(index, t->unit[find(t, "a")].hash, &count);
	assert_int_equal(count, 1);
	(void)rehash_twins(index, 4711, &count);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_diamond),
		TEMP_TEST(test_nothing_edited),
		TEMP_TEST(test_unverified),
		TEMP_TEST(test_cycles),
		TEMP_TEST(test_deep_chain),
		TEMP_TEST(test_twins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
