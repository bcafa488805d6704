#include "steady/util/strmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_put_and_get(void **state)
{
	(void)state;
	CLEANUP_STRMAP struct strmap *m = strmap_new();
	int a, b, c, d;
	assert_null(strmap_get(m, SPAN_LIT("a")));
	assert_null(strmap_put(m, SPAN_LIT("a"), &a));
	assert_null(strmap_put(m, SPAN_LIT("ab"), &b));
	assert_null(strmap_put(m, span_make("a\0b", 3), &c));
	assert_null(strmap_put(m, span_make(NULL, 0), &d));
	assert_ptr_equal(strmap_get(m, SPAN_LIT("a")), &a);
	assert_ptr_equal(strmap_get(m, SPAN_LIT("ab")), &b);
	assert_ptr_equal(strmap_get(m, span_make("a\0b", 3)), &c);
	assert_ptr_equal(strmap_get(m, SPAN_LIT("")), &d);
	assert_null(strmap_get(m, SPAN_LIT("b")));
	assert_ptr_equal(strmap_put(m, SPAN_LIT("a"), &b), &a);
	assert_ptr_equal(strmap_get(m, SPAN_LIT("a")), &b);
	assert_int_equal(strmap_count(m), 4);
}

static void test_keys_are_copied(void **state)
{
	(void)state;
	CLEANUP_STRMAP struct strmap *m = strmap_new();
	char key[] = "key";
	(void)strmap_put(m, span_of(key), m);
	key[0] = 'K';
	assert_ptr_equal(strmap_get(m, SPAN_LIT("key")), m);
	assert_null(strmap_get(m, SPAN_LIT("Key")));
}

static void test_keys_are_borrowed(void **state)
{
	(void)state;
	CLEANUP_STRMAP struct strmap *m = strmap_new_borrowing();
	static char key[100][16];
	for (int i = 0; i < 100; i++) {
		(void)snprintf(key[i], sizeof(key[i]), "key %d", i);
		assert_null(strmap_put(m, span_of(key[i]), key[i]));
	}
	for (int i = 0; i < 100; i++) {
		char copy[16];
		(void)snprintf(copy, sizeof(copy), "key %d", i);
		assert_ptr_equal(strmap_get(m, span_of(copy)), key[i]);
	}
}

struct visit {
	int next, stop_at;
};

static int visit_one(struct span key, void *value, void *ctx)
{
	struct visit *visit = ctx;
	char expected[16];
	(void)snprintf(expected, sizeof(expected), "key %d", visit->next);
	assert_true(span_eq_str(key, expected));
	assert_int_equal(*(int *)value, visit->next);
	return visit->next++ == visit->stop_at ? 42 : 0;
}

static void test_many_in_order(void **state)
{
	(void)state;
	CLEANUP_STRMAP struct strmap *m = strmap_new();
	static int number[5000];
	for (int i = 0; i < 5000; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "key %d", i);
		number[i] = i;
		assert_null(strmap_put(m, span_of(key), &number[i]));
	}
	struct visit all = {0, -1};
	assert_int_equal(strmap_each(m, visit_one, &all), 0);
	assert_int_equal(all.next, 5000);
	struct visit some = {0, 10};
	assert_int_equal(strmap_each(m, visit_one, &some), 42);
	assert_int_equal(some.next, 11);
}

static void test_empty(void **state)
{
	(void)state;
	struct strmap *m = strmap_new();
	struct visit none = {0, 0};
	assert_int_equal(strmap_count(m), 0);
	assert_int_equal(strmap_each(m, visit_one, &none), 0);
	assert_null(strmap_free(m));
	assert_null(strmap_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_and_get),
		cmocka_unit_test(test_keys_are_copied),
		cmocka_unit_test(test_keys_are_borrowed),
		cmocka_unit_test(test_many_in_order),
		cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
