#include "steady/util/slab.h"

#include "steady/util/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECES 3000u
#define ROUNDS 200000u

struct piece {
	unsigned char *at;
	size_t size;
	unsigned char filled_with;
};

static void fill(struct piece *p, struct slab *s, size_t size, unsigned char with)
{
	*p = (struct piece){slab_take(s, size), size, with};
	assert_int_equal((uintptr_t)p->at % 16, 0);
	memset(p->at, with, size);
}

static void check_and_give(struct piece *p, struct slab *s)
{
	for (size_t i = 0; i < p->size; i++)
		assert_int_equal(p->at[i], p->filled_with);
	slab_give(s, p->at, p->size);
	p->at = NULL;
}

/* No two pieces share a byte, whatever their sizes, also where the slab is full and malloc stands in. */
static void pieces_one(size_t max_bytes, unsigned max_shift)
{
	struct slab s;
	slab_init(&s, max_bytes);
	struct piece *piece = xcalloc(PIECES, sizeof(*piece));
	uint64_t random = 88172645463325252u;
	for (unsigned i = 0; i < ROUNDS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		struct piece *p = &piece[random % PIECES];
		size_t size = (random >> 20) % ((size_t)1 << (random >> 12) % max_shift);
		if (p->at != NULL)
			check_and_give(p, &s);
		fill(p, &s, size, (unsigned char)i);
	}
	for (unsigned i = 0; i < PIECES; i++) {
		if (piece[i].at != NULL)
			check_and_give(&piece[i], &s);
	}
	free(piece);
	slab_release(&s);
}

static void test_pieces(void **state)
{
	(void)state;
	pieces_one((size_t)64 << 20, 12);
	pieces_one((size_t)1 << 20, 12);
	pieces_one(4096, 10);
}

/* Around every size at which classes change, and where malloc takes over. */
static void test_sizes(void **state)
{
	(void)state;
	struct slab s;
	slab_init(&s, (size_t)64 << 20);
	for (unsigned shift = 4; shift < 23; shift++) {
		for (size_t eighth = 8; eighth <= 16; eighth++) {
			for (size_t around = 0; around < 3; around++) {
				struct piece p;
				fill(&p, &s, (eighth << shift) / 8 + around - 1, (unsigned char)shift);
				check_and_give(&p, &s);
			}
		}
	}
	slab_release(&s);
}

static void test_given_back_serves_again(void **state)
{
	(void)state;
	struct slab s;
	slab_init(&s, (size_t)1 << 20);
	for (unsigned i = 0; i < 100000; i++)
		slab_give(&s, slab_take(&s, 1000 + i % 20), 1000 + i % 20);
	if (s.map != NULL)
		assert_true((size_t)(s.end - s.next) > ((size_t)1 << 20) - 4096);
	slab_give(&s, NULL, 5);
	slab_release(&s);
}

static void test_no_address_space(void **state)
{
	(void)state;
	struct slab s;
	slab_init(&s, (size_t)1 << 60);
	assert_null(s.map);
	struct piece p;
	fill(&p, &s, 100, 1);
	check_and_give(&p, &s);
	slab_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_given_back_serves_again),
		cmocka_unit_test(test_no_address_space),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
