/*
 * A directory of a test's own, made afresh for each test and removed after it.
 *
 *	cmocka_unit_test_setup_teardown(test, temp_setup, temp_teardown)
 *	temp_put("debug/file", "text");		parents are made
 *
 * Paths are relative to the directory; temp_path() gives the full one.
 */
#ifndef STEADY_TESTS_TEMPDIR_H
#define STEADY_TESTS_TEMPDIR_H

#include "steady/util/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TEMP_TEST(fn) cmocka_unit_test_setup_teardown(fn, temp_setup, temp_teardown)

static char temp_root[128];
static int temp_fd = -1;
static struct arena *temp_mem;

static inline int temp_setup(void **state)
{
	(void)state;
	char name[] = "/tmp/steady-test-XXXXXX";
	CLEANUP_FREE char *real = mkdtemp(name) != NULL ? realpath(name, NULL) : NULL;
	if (real == NULL || strlen(real) >= sizeof(temp_root))
		return -1;
	memcpy(temp_root, real, strlen(real) + 1);
	temp_fd = fsio_open_root(temp_root, NULL);
	temp_mem = arena_new();
	return temp_fd < 0 ? -1 : 0;
}

static inline int temp_teardown(void **state)
{
	(void)state;
	(void)close(temp_fd);
	temp_mem = arena_free(temp_mem);
	CLEANUP_CLOSE int fd = fsio_open_root("/", NULL);
	return fsio_remove_tree(fd, temp_root + 1, NULL);
}

/** The full path; valid until the test ends. */
static inline const char *temp_path(const char *path)
{
	return arena_printf(temp_mem, "%s/%s", temp_root, path);
}

static inline void temp_mkdirs(const char *path)
{
	for (const char *slash = path; *slash != '\0';) {
		slash += strcspn(slash + 1, "/") + 1;
		const char *dir = arena_strndup(temp_mem, path, (size_t)(slash - path));
		if (mkdirat(temp_fd, dir, 0777) < 0 && errno != EEXIST)
			fail_msg("mkdir %s: %s", dir, strerror(errno));
	}
}

static inline void temp_put_bytes(const char *path, struct span bytes)
{
	const char *slash = strrchr(path, '/');
	if (slash != NULL)
		temp_mkdirs(arena_strndup(temp_mem, path, (size_t)(slash - path)));
	CLEANUP_CLOSE int fd = openat(temp_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len)
		fail_msg("cannot write %s: %s", path, strerror(errno));
}

static inline void temp_put(const char *path, const char *text)
{
	temp_put_bytes(path, span_of(text));
}

static inline void temp_link(const char *to, const char *path)
{
	assert_int_equal(symlinkat(to, temp_fd, path), 0);
}

static inline void temp_set_time(const char *path, time_t seconds, long nanoseconds)
{
	struct timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
	assert_int_equal(utimensat(temp_fd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static inline struct stat temp_stat(const char *path)
{
	struct stat st = {0};
	if (fstatat(temp_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("stat %s: %s", path, strerror(errno));
	return st;
}

static inline bool temp_exists(const char *path)
{
	return faccessat(temp_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline struct span temp_get(const char *path)
{
	CLEANUP_CLOSE int fd = openat(temp_fd, path, O_RDONLY | O_CLOEXEC);
	size_t size = fd >= 0 ? (size_t)temp_stat(path).st_size : 0;
	char *text = arena_alloc(temp_mem, size + 1);
	if (fd < 0 || read(fd, text, size) != (ssize_t)size)
		fail_msg("cannot read %s: %s", path, strerror(errno));
	return span_make(text, size);
}

static inline void temp_expect(const char *path, const char *text)
{
	assert_string_equal(temp_get(path).ptr, text);
}

static inline size_t temp_count(const char *path)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(temp_fd, path, NULL);
	struct dir_list list = {.count = 0};
	assert_int_equal(fsio_list(fd, 1000000, temp_mem, &list, NULL), 0);
	return list.count;
}

#endif
