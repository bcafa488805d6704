#include "steady/core/contents.h"

#include "tempdir.h"

static const struct content *want(struct contents *c, const char *path)
{
	return contents_want(c, temp_path(path));
}

static void test_states(void **state)
{
	(void)state;
	temp_put("a", "text");
	temp_put("empty", "");
	temp_put("dir/x", "");
	assert_int_equal(symlink("a", temp_path("link")), 0);
	assert_int_equal(symlink("none", temp_path("dead")), 0);
	assert_int_equal(mkfifo(temp_path("fifo"), 0600), 0);
	struct contents *c = contents_new(NULL);
	const struct content *a = want(c, "a"), *link = want(c, "link"), *empty = want(c, "empty");
	const struct content *dead = want(c, "dead"), *fifo = want(c, "fifo"), *dir = want(c, "dir");
	const struct content *below = want(c, "a/b"), *null = contents_want(c, "/dev/null");
	assert_ptr_equal(want(c, "a"), a);
	contents_settle(c, NULL);
	const struct digest text = digest_of(SPAN_LIT("text")), nothing = digest_of(SPAN_LIT(""));
	assert_int_equal(a->state, CONTENT_FILE);
	assert_int_equal(a->size, 4);
	assert_true(digest_eq(&a->digest, &text));
	assert_true(digest_eq(&link->digest, &text));
	assert_true(digest_eq(&empty->digest, &nothing));
	assert_int_equal(dead->state, CONTENT_MISSING);
	assert_int_equal(below->state, CONTENT_MISSING);
	assert_int_equal(fifo->state, CONTENT_UNREADABLE);
	assert_int_equal(null->state, CONTENT_UNREADABLE);
	assert_int_equal(dir->state, CONTENT_DIRECTORY);
	size_t files;
	uint64_t bytes;
	contents_counts(c, &files, &bytes);
	assert_true(files >= 3 && bytes >= 8);
	(void)contents_free(c);
}

/* Small and large files are read in two ways. */
static void test_sizes(void **state)
{
	(void)state;
	static char big[100000];
	static const size_t size[] = {1, 32767, 32768, 32769, sizeof(big)};
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < COUNT_OF(size); i++) {
		const struct file_meta meta = {.mode = 0644};
		const struct span bytes = span_make(big, size[i]);
		assert_int_equal(fsio_replace(temp_fd, "big", bytes, &meta, NULL), 0);
		struct contents *c = contents_new(NULL);
		const struct content *content = want(c, "big");
		contents_settle(c, NULL);
		const struct digest expected = digest_of(bytes);
		assert_int_equal(content->state, CONTENT_FILE);
		assert_int_equal(content->size, size[i]);
		assert_true(digest_eq(&content->digest, &expected));
		(void)contents_free(c);
	}
}

/* Afterwards every later write has a stamp newer than all that were seen. */
static void test_rest(void **state)
{
	(void)state;
	temp_put("a", "one");
	struct contents *c = contents_new(NULL);
	const struct content *a = want(c, "a");
	contents_settle(c, NULL);
	assert_true(timespec_cmp(a->mtime, contents_settled_at(c)) <= 0);
	const struct timespec before = a->mtime;
	temp_put("a", "two");
	struct stat st;
	assert_int_equal(stat(temp_path("a"), &st), 0);
	assert_true(timespec_cmp(st.st_mtim, before) > 0);
	/* Once looked at is not looked at again; what is wanted later is. */
	temp_put("b", "three");
	const struct content *b = want(c, "b");
	contents_settle(c, NULL);
	const struct digest one = digest_of(SPAN_LIT("one")), three = digest_of(SPAN_LIT("three"));
	assert_true(digest_eq(&a->digest, &one));
	assert_true(digest_eq(&b->digest, &three));
	(void)contents_free(c);
}

/* Listed as a file, and then perhaps something else. */
static void test_listed_files(void **state)
{
	(void)state;
	temp_put("a", "text");
	assert_int_equal(symlink("a", temp_path("link")), 0);
	assert_int_equal(mkfifo(temp_path("fifo"), 0600), 0);
	temp_put("dir/x", "");
	struct contents *c = contents_new(NULL);
	const struct content *a = contents_want_file(c, temp_path("a"));
	const struct content *link = contents_want_file(c, temp_path("link"));
	const struct content *fifo = contents_want_file(c, temp_path("fifo"));
	const struct content *dir = contents_want_file(c, temp_path("dir"));
	const struct content *none = contents_want_file(c, temp_path("none"));
	contents_settle(c, NULL);
	const struct digest text = digest_of(SPAN_LIT("text"));
	assert_int_equal(a->state, CONTENT_FILE);
	assert_int_equal(a->size, 4);
	assert_true(digest_eq(&a->digest, &text));
	assert_int_equal(link->state, CONTENT_FILE);
	assert_true(digest_eq(&link->digest, &text));
	assert_int_equal(fifo->state, CONTENT_UNREADABLE);
	assert_int_equal(dir->state, CONTENT_DIRECTORY);
	assert_int_equal(none->state, CONTENT_MISSING);
	(void)contents_free(c);
}

static struct timespec clock_now(void)
{
	struct timespec t;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	return t;
}

static void hint_one(const char *path, const struct stat *st, struct timespec read_at, const char *expected)
{
	struct contents *c = contents_new(NULL);
	const struct content *content = want(c, path);
	contents_hint(c, temp_path(path), SPAN_LIT("hint"), st, read_at);
	assert_ptr_equal(contents_find(c, temp_path(path)), content);
	contents_settle(c, NULL);
	const struct digest digest = digest_of(span_of(expected));
	assert_int_equal(content->state, CONTENT_FILE);
	assert_true(digest_eq(&content->digest, &digest));
	(void)contents_free(c);
}

/* What somebody read counts as long as nothing can have been written since. */
static void test_hints(void **state)
{
	(void)state;
	struct stat st;
	temp_put("a", "file");
	assert_int_equal(stat(temp_path("a"), &st), 0);
	hint_one("a", &st, clock_now(), "file"); /* too young */
	assert_int_equal(usleep(100000), 0);
	hint_one("a", &st, st.st_ctim, "file"); /* read when it was too young */
	hint_one("a", &st, clock_now(), "hint");
	struct stat other = st;
	other.st_ctim.tv_nsec ^= 1;
	hint_one("a", &other, clock_now(), "file");
	other = st;
	other.st_ino++;
	hint_one("a", &other, clock_now(), "file");
	other = st;
	other.st_size++;
	hint_one("a", &other, clock_now(), "file");
	struct timespec read_at = clock_now();
	assert_int_equal(usleep(30000), 0);
	temp_put("a", "late");
	hint_one("a", &st, read_at, "late");
	struct contents *c = contents_new(NULL);
	assert_null(contents_find(c, temp_path("a")));
	(void)contents_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_states),
		TEMP_TEST(test_sizes),
		TEMP_TEST(test_rest),
		TEMP_TEST(test_hints),
		TEMP_TEST(test_listed_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
