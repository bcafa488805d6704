#include "steady/core/journal.h"

#include "tempdir.h"

#include "steady/format/journalfile.h"
#include "steady/util/digest.h"

#define LIST JOURNAL_DIR "/list"

#define PAST                                                                                                 \
	{                                                                                                    \
		1600000000, 123456789                                                                        \
	}
static const struct timespec past = PAST;

static void put_old(const char *path, const char *text)
{
	temp_put(path, text);
	temp_set_time(path, past.tv_sec, past.tv_nsec);
}

static int make_tree(void **state)
{
	if (temp_setup(state) != 0)
		return -1;
	put_old("debug/a", "old a");
	put_old("debug/deep/b", "old b");
	return 0;
}

#define TREE_TEST(fn) cmocka_unit_test_setup_teardown(fn, make_tree, temp_teardown)

static const struct file_meta meta = {.mode = 0640, .has_mtime = true, .mtime = PAST};

static struct journal *staged(void)
{
	struct journal *j = NULL;
	assert_int_equal(journal_begin(temp_fd, &j, NULL), 0);
	assert_int_equal(journal_stage(j, "debug/a", SPAN_LIT("old a"), SPAN_LIT("new a"), &meta, NULL), 0);
	assert_int_equal(
		journal_stage(j, "debug/deep/b", SPAN_LIT("old b"), SPAN_LIT("new b"), &meta, NULL), 0);
	return j;
}

static void expect(const char *a, const char *b)
{
	temp_expect("debug/a", a);
	temp_expect("debug/deep/b", b);
	assert_int_equal(timespec_cmp(temp_stat("debug/a").st_mtim, past), 0);
	assert_false(temp_exists(STEADY_STATE_DIR));
}

static void recover(enum journal_outcome expected)
{
	enum journal_outcome outcome;
	struct err err = ERR_INIT;
	if (journal_recover(temp_fd, &outcome, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(outcome, expected);
	assert_int_equal(journal_recover(temp_fd, &outcome, NULL), 0);
	assert_int_equal(outcome, JOURNAL_NONE);
}

static void test_commit(void **state)
{
	(void)state;
	struct journal *j = staged();
	temp_expect("debug/a", "old a");
	assert_int_equal(journal_commit(j, NULL), 0);
	assert_null(journal_close(j));
	expect("new a", "new b");
	assert_int_equal(temp_stat("debug/a").st_mode & 07777, 0640);
	recover(JOURNAL_NONE);
}

static void test_abandoned(void **state)
{
	(void)state;
	assert_null(journal_close(staged()));
	expect("old a", "old b");
	struct journal *empty = NULL;
	assert_int_equal(journal_begin(temp_fd, &empty, NULL), 0);
	assert_int_equal(journal_commit(empty, NULL), 0);
	assert_null(journal_close(empty));
	assert_null(journal_close(NULL));
	expect("old a", "old b");
}

/* Whoever changes a file without the locks keeps what he wrote: cargo empties hash files first. */
static void test_changed_before_commit(void **state)
{
	(void)state;
	struct journal *j = staged();
	struct err err = ERR_INIT;
	temp_put("debug/deep/b", "");
	assert_int_equal(journal_commit(j, &err), -ESTALE);
	assert_non_null(strstr(err.msg, "debug/deep/b"));
	assert_null(journal_close(j));
	expect("old a", "");
}

/* What a killed run leaves: the list, and staged files that are not in their places yet. */
static void write_list(const char *second_path)
{
	struct journal_entry entry[] = {
		{0, 0640, past, digest_of(SPAN_LIT("old a")), digest_of(SPAN_LIT("new a")), "debug/a"},
		{1, 0640, past, digest_of(SPAN_LIT("old b")), digest_of(SPAN_LIT("new b")), second_path},
	};
	struct str bytes = STR_INIT;
	journalfile_format(&(struct journal_list){entry, COUNT_OF(entry)}, &bytes);
	temp_put_bytes(LIST, str_span(&bytes));
	str_release(&bytes);
}

static void crash(const char *a, const char *b)
{
	write_list("debug/deep/b");
	if (a != NULL)
		put_old(JOURNAL_DIR "/0", a);
	if (b != NULL)
		put_old(JOURNAL_DIR "/1", b);
}

static void test_finish(void **state)
{
	(void)state;
	crash("new a", "new b");
	assert_true(journal_is_pending(temp_fd));
	recover(JOURNAL_FINISHED);
	expect("new a", "new b");
}

static void test_finish_half_done(void **state)
{
	(void)state;
	put_old("debug/a", "new a");
	crash(NULL, "new b");
	recover(JOURNAL_FINISHED);
	expect("new a", "new b");
}

static void test_finish_all_done(void **state)
{
	(void)state;
	put_old("debug/a", "new a");
	put_old("debug/deep/b", "new b");
	crash(NULL, NULL);
	recover(JOURNAL_FINISHED);
	expect("new a", "new b");
}

static void test_undecided(void **state)
{
	(void)state;
	put_old(JOURNAL_DIR "/0", "new a");
	assert_false(journal_is_pending(temp_fd));
	recover(JOURNAL_UNDONE);
	expect("old a", "old b");
}

/* Cargo wrote to a file since: nothing more is replaced. */
static void test_foreign_bytes(void **state)
{
	(void)state;
	crash("new a", "new b");
	put_old("debug/deep/b", "cargo's");
	recover(JOURNAL_DROPPED);
	expect("old a", "cargo's");
}

static void test_foreign_time(void **state)
{
	(void)state;
	crash("new a", "new b");
	temp_set_time("debug/deep/b", past.tv_sec, past.tv_nsec + 1);
	recover(JOURNAL_DROPPED);
	expect("old a", "old b");
}

static void test_file_gone(void **state)
{
	(void)state;
	crash("new a", "new b");
	assert_int_equal(unlinkat(temp_fd, "debug/deep/b", 0), 0);
	recover(JOURNAL_DROPPED);
	temp_expect("debug/a", "old a");
	assert_false(temp_exists("debug/deep/b"));
}

static void test_staged_lost(void **state)
{
	(void)state;
	crash("new a", NULL);
	recover(JOURNAL_DROPPED);
	expect("old a", "old b");
	crash("new a", "new");
	recover(JOURNAL_DROPPED);
	expect("old a", "old b");
	crash("new a", "new b");
	temp_set_time(JOURNAL_DIR "/1", 1, 1);
	recover(JOURNAL_DROPPED);
	expect("old a", "old b");
}

static void test_list_damaged(void **state)
{
	(void)state;
	crash("new a", "new b");
	struct span list = temp_get(LIST);
	temp_put_bytes(LIST, span_make(list.ptr, list.len - 1));
	recover(JOURNAL_DROPPED);
	expect("old a", "old b");
	temp_put(LIST, "");
	recover(JOURNAL_DROPPED);
}

/* A stranger's journal: nothing outside is touched, and no run after it is stopped. */
static void test_hostile(void **state)
{
	(void)state;
	temp_put("out/1", "new b");
	temp_set_time("out/1", past.tv_sec, past.tv_nsec);
	/* The list or the directory is a link, a directory, a FIFO. */
	temp_mkdirs(STEADY_STATE_DIR);
	temp_link("../out", JOURNAL_DIR);
	recover(JOURNAL_DROPPED);
	temp_mkdirs(LIST "/sub");
	recover(JOURNAL_DROPPED);
	temp_mkdirs(JOURNAL_DIR);
	assert_int_equal(mkfifoat(temp_fd, LIST, 0600), 0);
	recover(JOURNAL_DROPPED);
	temp_mkdirs(JOURNAL_DIR);
	temp_link("../../debug/a", LIST);
	recover(JOURNAL_DROPPED);
	temp_put(JOURNAL_DIR, "a file");
	recover(JOURNAL_UNDONE);
	expect("old a", "old b");
	/* A staged file that is a link; a path behind a link; the journal itself. */
	crash("new a", NULL);
	temp_link("../../out/1", JOURNAL_DIR "/1");
	recover(JOURNAL_DROPPED);
	temp_link("../out", "debug/link");
	write_list("debug/link/1");
	put_old(JOURNAL_DIR "/0", "new a");
	put_old(JOURNAL_DIR "/1", "new b");
	recover(JOURNAL_DROPPED);
	write_list(JOURNAL_DIR "/2");
	put_old(JOURNAL_DIR "/0", "new a");
	put_old(JOURNAL_DIR "/1", "new b");
	put_old(JOURNAL_DIR "/2", "old b");
	recover(JOURNAL_DROPPED);
	expect("old a", "old b");
	temp_expect("out/1", "new b");
}

/* One path twice in a forged list. */
static void test_path_twice(void **state)
{
	(void)state;
	struct journal_entry entry[] = {
		{0, 0640, past, digest_of(SPAN_LIT("old a")), digest_of(SPAN_LIT("new a")), "debug/a"},
		{1, 0640, past, digest_of(SPAN_LIT("old a")), digest_of(SPAN_LIT("new b")), "debug/a"},
	};
	struct str bytes = STR_INIT;
	journalfile_format(&(struct journal_list){entry, COUNT_OF(entry)}, &bytes);
	temp_put_bytes(LIST, str_span(&bytes));
	str_release(&bytes);
	put_old(JOURNAL_DIR "/0", "new a");
	put_old(JOURNAL_DIR "/1", "new b");
	recover(JOURNAL_DROPPED);
	expect("new a", "old b");
}

/* Sparse files of terabytes are not read through. */
static void test_huge_file(void **state)
{
	(void)state;
	crash("new a", "new b");
	assert_int_equal(truncate(temp_path("debug/a"), (off_t)1 << 40), 0);
	temp_set_time("debug/a", past.tv_sec, past.tv_nsec);
	recover(JOURNAL_DROPPED);
}

static void test_leftovers_of_another_run(void **state)
{
	(void)state;
	put_old(JOURNAL_DIR "/0", "junk");
	put_old(JOURNAL_DIR "/sub/1", "junk");
	struct journal *j = staged();
	assert_int_equal(journal_commit(j, NULL), 0);
	assert_null(journal_close(j));
	expect("new a", "new b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_commit),
		TREE_TEST(test_abandoned),
		TREE_TEST(test_changed_before_commit),
		TREE_TEST(test_finish),
		TREE_TEST(test_finish_half_done),
		TREE_TEST(test_finish_all_done),
		TREE_TEST(test_undecided),
		TREE_TEST(test_foreign_bytes),
		TREE_TEST(test_foreign_time),
		TREE_TEST(test_file_gone),
		TREE_TEST(test_staged_lost),
		TREE_TEST(test_list_damaged),
		TREE_TEST(test_hostile),
		TREE_TEST(test_path_twice),
		TREE_TEST(test_huge_file),
		TREE_TEST(test_leftovers_of_another_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
