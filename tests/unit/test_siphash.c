#include "steady/format/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void siphash_one(struct span bytes, uint64_t sip24, uint64_t folded)
{
	assert_int_equal(siphash24(bytes), sip24);
	assert_int_equal(siphash13_folded(bytes), folded);
}

static void test_known_hashes(void **state)
{
	(void)state;
	char count[64];
	for (size_t i = 0; i < sizeof(count); i++)
		count[i] = (char)i;

	siphash_one(span_make(NULL, 0), 0x1e924b9d737700d7, 0x1cba18e857884f2a);
	siphash_one(SPAN_LIT("\xff"), 0x20dd4eb33d9590f2, 0x5700a4810e6af52d);
	siphash_one(SPAN_LIT("abc\xff"), 0x8d4ae0d26b4dbbe0, 0x853e05662e22d1d8);
	siphash_one(span_make(count, sizeof(count)), 0x8b19265d1c12cdc7, 0xf9f24959223c5067);
	siphash_one(SPAN_LIT("util\xff"), 11210521057233392995u, 4914603676735422059u);
}

/* A known answer from the tests of the crate rustc-stable-hash. */
static void test_folded_matches_the_crate(void **state)
{
	(void)state;
	assert_int_equal(siphash13_folded(SPAN_LIT("\xab\xee\xff\xaa\x77\x55\x44")), 13655241286414701638u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_hashes),
		cmocka_unit_test(test_folded_matches_the_crate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
