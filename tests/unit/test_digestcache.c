#include "steady/core/digestcache.h"

#include "tempdir.h"

#include "steady/core/contents.h"
#include "steady/util/mount.h"

#include <time.h>

#define WORKSPACE "/ws"

static int open_dir(void)
{
	temp_mkdirs("cache");
	assert_int_equal(fchmodat(temp_fd, "cache", 0700, 0), 0);
	return fsio_open_root(temp_path("cache"), NULL);
}

static struct digestcache *open_cache(void)
{
	return digestcache_open(open_dir(), WORKSPACE);
}

/* The file's name below the temporary directory. */
static const char *cache_file(void)
{
	char hex[DIGEST_HEX_LEN + 1];
	const struct digest name = digest_of(SPAN_LIT(WORKSPACE));
	digest_hex(&name, hex);
	return arena_printf(temp_mem, "cache/%s", hex);
}

static void rest(void)
{
	const struct timespec tick = {.tv_nsec = 40000000L};
	(void)nanosleep(&tick, NULL);
}

static struct timespec now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static bool finds(const struct digestcache *cache, const char *path, const char *text)
{
	const struct stat st = temp_stat(path);
	const struct digest expected = digest_of(span_of(text));
	struct digest found;
	return digestcache_find(cache, &st, &found) && digest_eq(&found, &expected);
}

static void put(struct digestcache *cache, const char *path, const char *text)
{
	const struct stat st = temp_stat(path);
	const struct digest digest = digest_of(span_of(text));
	digestcache_put(cache, temp_path(path), &st, now(), &digest);
}

/* A file "a" with the text "one", at rest and written to the cache. */
static void make_cache(void)
{
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	temp_put("a", "one");
	rest();
	put(cache, "a", "one");
	assert_true(finds(cache, "a", "one"));
	digestcache_write(cache);
}

static bool next_run_finds(void)
{
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	return finds(cache, "a", "one");
}

static void test_kept(void **state)
{
	(void)state;
	if (!mount_is_local(temp_root))
		skip();
	make_cache();
	assert_true(next_run_finds());
	/* Nothing new: nothing is written. */
	const struct stat before = temp_stat(cache_file());
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	put(cache, "a", "one");
	digestcache_write(cache);
	assert_int_equal(temp_stat(cache_file()).st_ino, before.st_ino);
	assert_int_equal(before.st_mode & 07777, 0600);
	/* Another workspace has its own. */
	CLEANUP_DIGESTCACHE struct digestcache *other = digestcache_open(open_dir(), "/other");
	assert_false(finds(other, "a", "one"));
}

/* Same size, and mtime put back: ctime tells. */
static void test_edited(void **state)
{
	(void)state;
	make_cache();
	const struct stat before = temp_stat("a");
	temp_put("a", "two");
	temp_set_time("a", before.st_mtim.tv_sec, before.st_mtim.tv_nsec);
	assert_int_equal(temp_stat("a").st_size, before.st_size);
	assert_int_equal(timespec_cmp(temp_stat("a").st_mtim, before.st_mtim), 0);
	assert_false(next_run_finds());
}

/* Another file in its place, with its size and mtime. */
static void test_replaced(void **state)
{
	(void)state;
	make_cache();
	const struct stat before = temp_stat("a");
	temp_put("b", "two");
	temp_set_time("b", before.st_mtim.tv_sec, before.st_mtim.tv_nsec);
	assert_int_equal(renameat(temp_fd, "b", temp_fd, "a"), 0);
	assert_false(next_run_finds());
}

/* Written so lately that another write could leave the same stamps. */
static void test_racy(void **state)
{
	(void)state;
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	temp_put("a", "one");
	const struct stat st = temp_stat("a");
	const struct digest digest = digest_of(SPAN_LIT("one"));
	digestcache_put(cache, temp_path("a"), &st, st.st_ctim, &digest);
	assert_false(finds(cache, "a", "one"));
	/* Stamps of the future never come to rest. */
	rest();
	temp_set_time("a", now().tv_sec + 1000, 0);
	rest();
	put(cache, "a", "one");
	assert_false(finds(cache, "a", "one"));
}

/* Read at a time that is yet to come: the clock was set back since. */
static void test_clock_set_back(void **state)
{
	(void)state;
	make_cache();
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	temp_put("b", "two");
	rest();
	const struct stat st = temp_stat("b");
	const struct digest digest = digest_of(SPAN_LIT("two"));
	struct timespec later = now();
	later.tv_sec += 1000;
	digestcache_put(cache, temp_path("b"), &st, later, &digest);
	digestcache_write(cache);
	assert_false(next_run_finds());
}

/* What copies, archives and strangers can do to the file. */
static void copy(void)
{
	const struct span bytes = temp_get(cache_file());
	assert_int_equal(renameat(temp_fd, cache_file(), temp_fd, "original"), 0);
	temp_put_bytes(cache_file(), bytes);
	assert_int_equal(fchmodat(temp_fd, cache_file(), 0600, 0), 0);
}

static void test_travelled(void **state)
{
	(void)state;
	/* Into another inode. */
	make_cache();
	copy();
	assert_false(next_run_finds());
	/* Bytes written over it in place, later: mtime and ctime are no longer those of its writing. */
	make_cache();
	const struct timespec while_ago = {.tv_sec = 2};
	const struct span bytes = temp_get(cache_file());
	(void)nanosleep(&while_ago, NULL);
	temp_put_bytes(cache_file(), bytes);
	assert_false(next_run_finds());
	/* Its mtime set, as archives do. */
	make_cache();
	temp_set_time(cache_file(), now().tv_sec - 1, 0);
	assert_false(next_run_finds());
}

static void test_not_private(void **state)
{
	(void)state;
	make_cache();
	assert_int_equal(fchmodat(temp_fd, cache_file(), 0644, 0), 0);
	assert_false(next_run_finds());
	make_cache();
	assert_int_equal(linkat(temp_fd, cache_file(), temp_fd, "second", 0), 0);
	assert_false(next_run_finds());
	make_cache();
	assert_int_equal(renameat(temp_fd, cache_file(), temp_fd, "elsewhere"), 0);
	temp_link("../elsewhere", cache_file());
	assert_false(next_run_finds());
	/* A directory that others may look into is not used, a user's that is not us neither. */
	assert_int_equal(fsio_remove_tree(temp_fd, "cache", NULL), 0);
	make_cache();
	assert_int_equal(fchmodat(temp_fd, "cache", 0755, 0), 0);
	CLEANUP_DIGESTCACHE struct digestcache *open =
		digestcache_open(fsio_open_root(temp_path("cache"), NULL), WORKSPACE);
	assert_false(finds(open, "a", "one"));
	if (geteuid() == 0) {
		make_cache();
		assert_int_equal(fchownat(temp_fd, cache_file(), 12345, (gid_t)-1, 0), 0);
		assert_false(next_run_finds());
		make_cache();
		assert_int_equal(fchownat(temp_fd, "cache", 12345, (gid_t)-1, 0), 0);
		assert_false(next_run_finds());
	}
}

/* Every byte flipped in place, as one write at once: only the checksum and the limits can tell. */
static void test_damaged(void **state)
{
	(void)state;
	if (!mount_is_local(temp_root))
		skip();
	for (size_t at = 0; at < 2048; at += at < 256 ? 1 : 61) {
		make_cache();
		CLEANUP_CLOSE int fd = openat(temp_fd, cache_file(), O_RDWR | O_CLOEXEC);
		char byte;
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte = (char)(byte ^ 1);
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		assert_false(next_run_finds());
		assert_int_equal(unlinkat(temp_fd, cache_file(), 0), 0);
	}
	static const size_t sizes[] = {0, 1, 103, 104, 200};
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		make_cache();
		CLEANUP_CLOSE int fd = openat(temp_fd, cache_file(), O_RDWR | O_CLOEXEC);
		assert_int_equal(ftruncate(fd, (off_t)sizes[i]), 0);
		assert_false(next_run_finds());
	}
	/* The next run writes a good one. */
	assert_int_equal(unlinkat(temp_fd, cache_file(), 0), 0);
	make_cache();
	assert_true(next_run_finds());
}

/* Files of network file systems and others that are not known are left out: /proc stands for them. */
static void test_not_local(void **state)
{
	(void)state;
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	struct stat st;
	struct digest digest = digest_of(SPAN_LIT(""));
	assert_int_equal(stat("/proc/version", &st), 0);
	st.st_mtim = st.st_ctim = (struct timespec){1000000000, 1};
	digestcache_put(cache, "/proc/version", &st, now(), &digest);
	assert_false(digestcache_find(cache, &st, &digest));
	/* No directory: for one process only. */
	CLEANUP_DIGESTCACHE struct digestcache *nowhere = digestcache_open(-1, WORKSPACE);
	temp_put("a", "one");
	rest();
	put(nowhere, "a", "one");
	assert_int_equal(finds(nowhere, "a", "one"), mount_is_local(temp_root));
	digestcache_write(nowhere);
	digestcache_put(NULL, "a", &st, now(), &digest);
	assert_false(digestcache_find(NULL, &st, &digest));
}

/* Many files, over the table's growth and over runs that ask for others. */
static void test_many(void **state)
{
	(void)state;
	if (!mount_is_local(temp_root))
		skip();
	const struct timespec at = now();
	struct stat st = temp_stat(".");
	st.st_mtim = st.st_ctim = (struct timespec){1000000000, 1};
	for (ino_t run = 0; run < 4; run++) {
		CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
		for (ino_t i = 1; i <= 6000; i++) {
			const struct digest digest = digest_of(span_make((const char *)&i, sizeof(i)));
			st.st_ino = run * 6000 + i;
			digestcache_put(cache, temp_root, &st, at, &digest);
		}
		digestcache_write(cache);
	}
	CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
	size_t found[4] = {0};
	for (ino_t i = 0; i < 24000; i++) {
		ino_t content = i % 6000 + 1;
		const struct digest expected = digest_of(span_make((const char *)&content, sizeof(content)));
		struct digest digest;
		st.st_ino = i + 1;
		if (digestcache_find(cache, &st, &digest)) {
			assert_true(digest_eq(&digest, &expected));
			found[i / 6000]++;
		}
	}
	assert_int_equal(found[3], 6000);
	assert_int_equal(found[0], 0);
	assert_true(temp_stat(cache_file()).st_size < 4 << 20);
}

static void test_few_files(void **state)
{
	(void)state;
	if (!mount_is_local(temp_root))
		skip();
	temp_put("a", "one");
	rest();
	for (size_t i = 0; i < DIGESTCACHE_MAX_FILES + 10; i++) {
		CLEANUP_DIGESTCACHE struct digestcache *cache =
			digestcache_open(open_dir(), arena_printf(temp_mem, "/ws%zu", i));
		put(cache, "a", "one");
		digestcache_write(cache);
	}
	assert_int_equal(temp_count("cache"), DIGESTCACHE_MAX_FILES);
}

/* As the contents of files are asked for: known digests spare the reading, and nothing else. */
static void test_contents(void **state)
{
	(void)state;
	if (!mount_is_local(temp_root))
		skip();
	static const char *const text[] = {"one", "one", "two", "two"};
	static const size_t hashed[] = {5, 0, 1, 0};
	for (size_t i = 0; i < 5; i++)
		temp_put(arena_printf(temp_mem, "dir/%zu", i), "one");
	for (size_t run = 0; run < COUNT_OF(text); run++) {
		const struct stat before = temp_stat("dir/3");
		if (run == 2) {
			temp_put("dir/3", "two");
			temp_set_time("dir/3", before.st_mtim.tv_sec, before.st_mtim.tv_nsec);
		}
		CLEANUP_DIGESTCACHE struct digestcache *cache = open_cache();
		struct contents *c = contents_new(cache);
		const struct content *content[5];
		for (size_t i = 0; i < 5; i++)
			content[i] = contents_want(c, temp_path(arena_printf(temp_mem, "dir/%zu", i)));
		rest();
		contents_settle(c, NULL);
		const struct digest one = digest_of(SPAN_LIT("one")), third = digest_of(span_of(text[run]));
		for (size_t i = 0; i < 5; i++) {
			assert_int_equal(content[i]->state, CONTENT_FILE);
			assert_int_equal(content[i]->size, 3);
			assert_true(digest_eq(&content[i]->digest, i == 3 ? &third : &one));
		}
		size_t files;
		uint64_t bytes;
		contents_counts(c, &files, &bytes);
		assert_int_equal(files, hashed[run]);
		(void)contents_free(c);
		digestcache_write(cache);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_kept),
		TEMP_TEST(test_edited),
		TEMP_TEST(test_replaced),
		TEMP_TEST(test_racy),
		TEMP_TEST(test_clock_set_back),
		TEMP_TEST(test_travelled),
		TEMP_TEST(test_not_private),
		TEMP_TEST(test_damaged),
		TEMP_TEST(test_not_local),
		TEMP_TEST(test_many),
		TEMP_TEST(test_few_files),
		TEMP_TEST(test_contents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
