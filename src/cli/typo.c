#include "steady/cli/typo.h"

#define MAX_WORD 64

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t typo_distance(struct span a, struct span b)
{
	/* Rows of the classic table: two back (for swaps), the previous one, the one being filled. */
	size_t rows[3][MAX_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	a.len = min(a.len, MAX_WORD);
	b.len = min(b.len, MAX_WORD);
	for (size_t j = 0; j <= b.len; j++)
		before[j] = last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
			row[j] = min(change, 1 + min(last[j], row[j - 1]));
			bool swap = i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
				a.ptr[i - 2] == b.ptr[j - 1];
			if (swap)
				row[j] = min(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b.len];
}

struct typo typo_begin(struct span word)
{
	return (struct typo){.word = word, .best = NULL, .distance = SIZE_MAX};
}

void typo_consider(struct typo *t, const char *known)
{
	struct span candidate = span_of(known);
	size_t limit = min(3, (t->word.len + 2) / 3);
	size_t distance = typo_distance(t->word, candidate);
	/* A word cut short counts as near, however much of it is missing. */
	if (distance > limit && t->word.len >= 3 && span_starts(candidate, t->word))
		distance = limit;
	if (distance <= limit && distance < t->distance) {
		t->best = known;
		t->distance = distance;
	}
}
