/*
 * "Did you mean": the known word nearest to a mistyped one.
 *
 *	struct typo typo = typo_begin("restroe");
 *	for each known word: typo_consider(&typo, word);
 *	if (typo.best != NULL) ...
 */
#ifndef STEADY_CLI_TYPO_H
#define STEADY_CLI_TYPO_H

#include "steady/util/span.h"

struct typo {
	struct span word;
	/** The nearest word so far that is near enough to be meant, or NULL. */
	const char *best;
	size_t distance;
};

/** The word stays the caller's, as do those considered. */
struct typo typo_begin(struct span word);
void typo_consider(struct typo *t, const char *known);
/** Letters to insert, delete, change or swap with their neighbour to come from a to b (at most 64 letters).
 */
size_t typo_distance(struct span a, struct span b);

#endif
