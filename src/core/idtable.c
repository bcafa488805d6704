#include "idtable_priv.h"

#include <string.h>

/* Names looked at from the guess on before the step doubles. */
#define FIRST_STEP 8u

bool idtable_count(const unsigned char *fanout, uint32_t *ret)
{
	uint32_t before = 0;
	for (size_t i = 0; i < 256; i++) {
		uint32_t count = be32(fanout + 4 * i);
		if (count < before)
			return false;
		before = count;
	}
	*ret = before;
	return true;
}

static int compare(const struct idtable *t, uint32_t at, const unsigned char id[20])
{
	return memcmp(t->names + (size_t)at * 20, id, 20);
}

/*
 * Names are spread evenly, so the place is near the one that the name's next bytes tell. Steps of doubling length go
 * from there until the name lies between *lo and *hi: a few neighbours in memory, where halving the whole range
 * would fetch a distant line each time.
 */
static void narrow(const struct idtable *t, const unsigned char id[20], uint32_t *lo, uint32_t *hi)
{
	uint32_t count = *hi - *lo;
	uint32_t guess = *lo + (uint32_t)((uint64_t)be32(id + 1) * count >> 32);
	if (compare(t, guess, id) <= 0) {
		*lo = guess;
		for (uint32_t step = FIRST_STEP; step < *hi - *lo; step *= 2) {
			if (compare(t, *lo + step, id) > 0) {
				*hi = *lo + step;
				return;
			}
			*lo += step;
		}
	} else {
		*hi = guess;
		for (uint32_t step = FIRST_STEP; step < *hi - *lo; step *= 2) {
			if (compare(t, *hi - step, id) <= 0) {
				*lo = *hi - step;
				return;
			}
			*hi -= step;
		}
	}
}

bool idtable_find(const struct idtable *t, const unsigned char id[20], uint32_t *ret)
{
	uint32_t lo = id[0] == 0 ? 0 : be32(t->fanout + 4 * (id[0] - 1u));
	uint32_t hi = be32(t->fanout + 4 * (size_t)id[0]);
	if (lo < hi)
		narrow(t, id, &lo, &hi);
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int order = compare(t, mid, id);
		if (order == 0) {
			*ret = mid;
			return true;
		}
		if (order > 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}
