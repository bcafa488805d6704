#include "steady/util/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_ITEMS 10000

struct work {
	unsigned threads;
	atomic_uint wrong_worker;
	/* Written without a lock: each item belongs to one call, each sum to one worker. */
	unsigned char seen[MAX_ITEMS];
	size_t per_worker[8];
};

static void count_item(void *ctx, unsigned worker, size_t i)
{
	struct work *w = ctx;
	if (worker >= w->threads || worker >= 8) {
		atomic_fetch_add(&w->wrong_worker, 1);
		return;
	}
	w->seen[i]++;
	w->per_worker[worker]++;
}

static void for_one(size_t count, unsigned threads)
{
	static struct work w;
	memset(&w, 0, sizeof(w));
	w.threads = threads != 0 ? threads : 1;
	workers_for(count, threads, count_item, &w);
	assert_int_equal(w.wrong_worker, 0);
	size_t sum = 0;
	for (size_t i = 0; i < 8; i++)
		sum += w.per_worker[i];
	assert_int_equal(sum, count);
	for (size_t i = 0; i < MAX_ITEMS; i++)
		assert_int_equal(w.seen[i], i < count);
}

static void test_every_item_once(void **state)
{
	(void)state;
	static const size_t counts[] = {0, 1, 7, 8, 9, 63, 64, 65, 1000, MAX_ITEMS};
	for (unsigned threads = 0; threads <= 9; threads++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			for_one(counts[i], threads);
	}
}

static void append(void *ctx, unsigned worker, size_t i)
{
	size_t *next = ctx;
	assert_int_equal(worker, 0);
	assert_int_equal(i, (*next)++);
}

static void test_one_thread_is_in_order(void **state)
{
	(void)state;
	size_t next = 0;
	workers_for(1000, 1, append, &next);
	assert_int_equal(next, 1000);
}

static void test_count(void **state)
{
	(void)state;
	assert_in_range(workers_count(), 1, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_item_once),
		cmocka_unit_test(test_one_thread_is_in_order),
		cmocka_unit_test(test_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
