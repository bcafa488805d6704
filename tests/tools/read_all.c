/*
 * read_all: what reading and hashing files costs at the least.
 *
 *     read_all < PATHS
 *
 * Opens, stats, reads and closes each file of a list of absolute paths that end in NUL, and hashes it with XXH3-128, on all
 * processors; of files that follow each other in one directory that is opened once. Nothing is kept: the floor for every
 * tool that must see the bytes. Prints the number of files, and a sum that no compiler can leave out.
 */
#include "steady/util/digest.h"
#include "steady/util/mem.h"
#include "steady/util/workers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES ((size_t)1 << 16)
#define MAX_LIST ((size_t)1 << 27)

/* The directory that a thread is in. */
struct place {
	const char *path;
	size_t len;
	int fd;
	unsigned char sum;
};

struct job {
	VEC(const char *) path;
	struct place place[WORKERS_MAX];
};

static void enter(struct place *place, const char *path, size_t len)
{
	CLEANUP_FREE char *directory = xstrndup(path, len);
	if (place->fd > 0)
		(void)close(place->fd);
	place->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place->path = path;
	place->len = len;
}

static void read_one(void *ctx, unsigned worker, size_t i)
{
	char buffer[MAX_BYTES];
	struct job *job = ctx;
	struct place *place = &job->place[worker];
	const char *path = job->path.data[i];
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	size_t len = (size_t)(slash - path) + 1;
	if (place->len != len || memcmp(place->path, path, len) != 0)
		enter(place, path, len);
	struct stat st;
	int fd = openat(place->fd, slash + 1, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t got = fstat(fd, &st) == 0 ? read(fd, buffer, sizeof(buffer)) : -1;
	(void)close(fd);
	const struct digest digest = digest_of(span_make(buffer, got > 0 ? (size_t)got : 0));
	place->sum = (unsigned char)(place->sum ^ digest.byte[0]);
}

int main(void)
{
	static struct job job;
	char *list = xmalloc(MAX_LIST);
	size_t len = fread(list, 1, MAX_LIST - 1, stdin);
	list[len] = '\0';
	for (size_t at = 0; at < len; at += strlen(list + at) + 1)
		*vec_add(&job.path) = list + at;
	workers_for(job.path.len, workers_count(), read_one, &job);
	unsigned sum = 0;
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		sum ^= job.place[i].sum;
	(void)printf("%zu files, %02x\n", job.path.len, sum);
	return 0;
}
