/*
 * A parallel for over a known number of items.
 */
#ifndef STEADY_UTIL_WORKERS_H
#define STEADY_UTIL_WORKERS_H

#include "steady/util/base.h"

/** More threads than this gain little on file trees. */
#define WORKERS_MAX 8u

/** Processors this process may use, at least 1, at most WORKERS_MAX. */
unsigned workers_count(void);
/**
 * Calls fn(ctx, worker, i) once for each i below count, on up to `threads` threads (the caller's is one of
 * them); `worker` is below threads and WORKERS_MAX. Items are handed out in order, in chunks; with one thread no thread is
 * made.
 */
void workers_for(size_t count, unsigned threads, void (*fn)(void *ctx, unsigned worker, size_t i), void *ctx);

#endif
