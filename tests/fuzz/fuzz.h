/*
 * What every fuzz target has: a function that must neither crash nor break one of its own promises, whatever
 * the bytes are. libFuzzer calls it, or replay.c with the files of a corpus.
 */
#ifndef STEADY_TESTS_FUZZ_H
#define STEADY_TESTS_FUZZ_H

#include "steady/util/span.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                                \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			(void)fprintf(                                                                       \
				stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);      \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/** A copy on the heap without room behind it, so that reading one byte too many is seen. Free ptr. */
struct span fuzz_exact(const uint8_t *data, size_t size);

#endif
