#include "steady/util/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define CHUNK 8u

struct job {
	size_t count;
	atomic_size_t next;
	void (*fn)(void *ctx, unsigned worker, size_t i);
	void *ctx;
};

struct seat {
	struct job *job;
	unsigned worker;
};

unsigned workers_count(void)
{
	unsigned count = 1;
#ifdef __linux__
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		count = (unsigned)CPU_COUNT(&set);
#endif
	return count < WORKERS_MAX ? count : WORKERS_MAX;
}

static void *work(void *arg)
{
	struct seat *seat = arg;
	struct job *job = seat->job;
	for (;;) {
		size_t from = atomic_fetch_add_explicit(&job->next, CHUNK, memory_order_relaxed);
		if (from >= job->count)
			return NULL;
		size_t to = from + CHUNK < job->count ? from + CHUNK : job->count;
		for (size_t i = from; i < to; i++)
			job->fn(job->ctx, seat->worker, i);
	}
}

void workers_for(size_t count, unsigned threads, void (*fn)(void *ctx, unsigned worker, size_t i), void *ctx)
{
	struct job job = {.count = count, .next = 0, .fn = fn, .ctx = ctx};
	struct seat seat[WORKERS_MAX];
	pthread_t thread[WORKERS_MAX];
	if (threads > WORKERS_MAX)
		threads = WORKERS_MAX;
	unsigned started = 0;
	for (unsigned i = 1; i < threads && (size_t)i * CHUNK < count; i++) {
		seat[i] = (struct seat){.job = &job, .worker = i};
		if (pthread_create(&thread[i], NULL, work, &seat[i]) != 0)
			break;
		started = i;
	}
	seat[0] = (struct seat){.job = &job, .worker = 0};
	(void)work(&seat[0]);
	for (unsigned i = 1; i <= started; i++)
		(void)pthread_join(thread[i], NULL);
}
