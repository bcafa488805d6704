#include "steady/core/journal.h"

#include "steady/format/journalfile.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_PATH JOURNAL_DIR "/list"
/* Larger files, or more bytes altogether, are never staged by us: a list that names them is a stranger's. */
#define MAX_FILE ((size_t)64 * 1024 * 1024)
#define MAX_TOTAL ((uint64_t)2 * 1024 * 1024 * 1024)

struct journal {
	int fd;
	struct arena *mem;
	VEC(struct journal_entry) entries;
	/* The list is in place: the change will happen. */
	bool decided;
};

static char *staged_path(struct arena *mem, unsigned number)
{
	return arena_printf(mem, JOURNAL_DIR "/%u", number);
}

bool journal_is_pending(int buildfd)
{
	struct stat st;
	return fsio_stat(buildfd, LIST_PATH, &st, NULL) == 0;
}

int journal_begin(int buildfd, struct journal **ret, struct err *err)
{
	int code = fsio_remove_tree(buildfd, JOURNAL_DIR, err);
	if (code >= 0)
		code = fsio_mkdir(buildfd, STEADY_STATE_DIR, err);
	if (code >= 0)
		code = fsio_mkdir(buildfd, JOURNAL_DIR, err);
	if (code < 0)
		return err_wrap(err, "cannot begin a change");
	struct journal *j = xcalloc(1, sizeof(*j));
	j->fd = buildfd;
	j->mem = arena_new();
	*ret = j;
	return 0;
}

int journal_stage(struct journal *j, const char *path, struct span before, struct span after,
	const struct file_meta *meta, struct err *err)
{
	struct journal_entry e = {.staged = (unsigned)j->entries.len,
		.mode = meta->mode & 07777,
		.mtime = meta->mtime,
		.old_digest = digest_of(before),
		.new_digest = digest_of(after),
		.path = arena_strdup(j->mem, path)};
	if (j->entries.len == JOURNALFILE_MAX_ENTRIES)
		return err_set(err, E2BIG, "too many files to change at once");
	const char *staged = staged_path(j->mem, e.staged);
	int code = fsio_create(j->fd, staged, after, meta, err);
	if (code < 0)
		return code;
	fsio_take_owner(j->fd, staged, path);
	*vec_add(&j->entries) = e;
	return 0;
}

enum entry_state { ENTRY_OLD, ENTRY_NEW, ENTRY_FOREIGN };

/* What a file of the list is now. Bytes alone would not do: cargo may have written the same text again. */
static enum entry_state look_at(int fd, const struct journal_entry *e)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span bytes;
	struct stat st;
	if (fsio_read(fd, e->path, MAX_FILE, mem, &bytes, &st, NULL) != 0 ||
		timespec_cmp(st.st_mtim, e->mtime) != 0)
		return ENTRY_FOREIGN;
	struct digest now = digest_of(bytes);
	if (digest_eq(&now, &e->new_digest))
		return ENTRY_NEW;
	return digest_eq(&now, &e->old_digest) ? ENTRY_OLD : ENTRY_FOREIGN;
}

/* Is the staged file whole? It was synced before the list, so anything else is somebody's meddling. */
static bool staged_is_whole(int fd, const struct journal_entry *e)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span bytes;
	struct stat st;
	if (fsio_read(fd, staged_path(mem, e->staged), MAX_FILE, mem, &bytes, &st, NULL) != 0)
		return false;
	struct digest now = digest_of(bytes);
	return digest_eq(&now, &e->new_digest) && timespec_cmp(st.st_mtim, e->mtime) == 0;
}

/* Puts one staged file in its place. */
static int put(int fd, const struct journal_entry *e, struct arena *mem, struct err *err)
{
	const char *staged = staged_path(mem, e->staged);
	int code = fsio_move(fd, staged, e->path, err);
	if (code != -EXDEV)
		return code;
	/* A profile directory on another file system: copy, as atomically as one file can be. */
	struct span bytes;
	struct file_meta meta = {.mode = e->mode & 0777, .has_mtime = true, .mtime = e->mtime};
	code = fsio_read(fd, staged, MAX_FILE, mem, &bytes, NULL, err);
	return code != 0 ? code : fsio_replace(fd, e->path, bytes, &meta, err);
}

static const char *directory_of(struct arena *mem, const char *path)
{
	struct span dir = path_dir(span_of(path));
	return arena_strndup(mem, dir.ptr, dir.len);
}

/* Waits until the renames are on disk: the list may not go before. Each directory is synced once. */
static int sync_directories(int fd, const struct journal_entry *entry, size_t count, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STRMAP struct strmap *synced = strmap_new();
	for (size_t i = 0; i < count; i++) {
		const char *dir = directory_of(mem, entry[i].path);
		if (strmap_put(synced, span_of(dir), mem) != NULL)
			continue;
		int code = fsio_sync_dir(fd, dir, err);
		if (code < 0)
			return code;
	}
	return fsio_sync_dir(fd, JOURNAL_DIR, err);
}

/* -ESTALE if a file is neither as it was nor as it shall be: somebody works here without the locks. */
static int put_all(int fd, const struct journal_entry *entry, size_t count, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	for (size_t i = 0; i < count; i++) {
		enum entry_state state = look_at(fd, &entry[i]);
		if (state == ENTRY_NEW)
			continue;
		int code = state == ENTRY_OLD
			? put(fd, &entry[i], mem, err)
			: err_set(err, ESTALE, "%s has changed meanwhile", entry[i].path);
		if (code < 0)
			return code;
	}
	return sync_directories(fd, entry, count, err);
}

/* The change is done, or given up: the list goes first, then what it names. */
static int clear(int fd, struct err *err)
{
	/* Where a stranger put something else than a list, or a link for the directory, it goes with the rest. */
	if (fsio_unlink(fd, LIST_PATH, NULL) == 0)
		(void)fsio_sync_dir(fd, JOURNAL_DIR, NULL);
	int code = fsio_remove_tree(fd, JOURNAL_DIR, err);
	(void)fsio_rmdir(fd, STEADY_STATE_DIR, NULL);
	return code < 0 ? err_hint(err, "remove " STEADY_STATE_DIR " in the target directory by hand") : 0;
}

/* Before anything is decided: is every file still what it was when the change was planned? */
static int check_unchanged(const struct journal *j, struct err *err)
{
	for (size_t i = 0; i < j->entries.len; i++) {
		const struct journal_entry *e = &j->entries.data[i];
		enum entry_state state = look_at(j->fd, e);
		if (state == ENTRY_FOREIGN)
			return err_set(
				err, ESTALE, "%s has changed meanwhile; nothing was replaced", e->path);
	}
	return 0;
}

int journal_commit(struct journal *j, struct err *err)
{
	if (j->entries.len == 0)
		return 0;
	int code = check_unchanged(j, err);
	/* The way to the list must be on disk before the list; what is staged is synced with the list. */
	if (code == 0)
		code = fsio_sync_dir(j->fd, STEADY_STATE_DIR, err);
	if (code == 0)
		code = fsio_sync_dir(j->fd, ".", err);
	if (code < 0)
		return err_wrap(err, "cannot begin the change in " JOURNAL_DIR);
	struct str bytes = STR_INIT;
	struct journal_list list = {.entry = j->entries.data, .count = j->entries.len};
	journalfile_format(&list, &bytes);
	struct file_meta meta = {.mode = 0644};
	code = fsio_replace(j->fd, LIST_PATH, str_span(&bytes), &meta, err);
	str_release(&bytes);
	if (code < 0)
		return code;
	j->decided = true;
	code = put_all(j->fd, list.entry, list.count, err);
	if (code < 0)
		return err_wrap(err, "the change is half done, the next run finishes it");
	return 0;
}

struct journal *journal_close(struct journal *j)
{
	if (j == NULL)
		return NULL;
	/* A decided list that could not be carried out stays, for the next run. */
	bool finished = true;
	for (size_t i = 0; j->decided && finished && i < j->entries.len; i++)
		finished = look_at(j->fd, &j->entries.data[i]) == ENTRY_NEW;
	if (finished)
		(void)clear(j->fd, NULL);
	vec_release(&j->entries);
	(void)arena_free(j->mem);
	free(j);
	return NULL;
}

void journal_cleanup(struct journal **j)
{
	*j = journal_close(*j);
}

/* Would the list have us write into the journal itself, or read for hours? Then it is none of ours. */
static bool is_plausible(int fd, const struct journal_list *list)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	uint64_t total = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct stat st;
		if (path_has_prefix(span_of(list->entry[i].path), SPAN_LIT(STEADY_STATE_DIR)))
			return false;
		/* Each file is staged once, under its own number. */
		if (list->entry[i].staged != i)
			return false;
		const char *staged = staged_path(mem, list->entry[i].staged);
		if (fsio_stat(fd, list->entry[i].path, &st, NULL) == 0)
			total += (uint64_t)st.st_size;
		if (fsio_stat(fd, staged, &st, NULL) == 0)
			total += (uint64_t)st.st_size;
		if (total > MAX_TOTAL)
			return false;
	}
	return true;
}

/* Can the list still be finished? Every file is as before, with its successor at hand, or done. */
static bool can_finish(int fd, const struct journal_list *list)
{
	if (!is_plausible(fd, list))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		enum entry_state state = look_at(fd, &list->entry[i]);
		if (state == ENTRY_FOREIGN)
			return false;
		if (state == ENTRY_OLD && !staged_is_whole(fd, &list->entry[i]))
			return false;
	}
	return true;
}

int journal_recover(int buildfd, enum journal_outcome *ret, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct stat st;
	*ret = JOURNAL_NONE;
	int code = fsio_stat(buildfd, JOURNAL_DIR, &st, err);
	if (code != 0) {
		/* Killed before it could make the directory: an empty one above it may be left. */
		if (code == FSIO_MISSING)
			(void)fsio_rmdir(buildfd, STEADY_STATE_DIR, NULL);
		return code < 0 ? code : 0;
	}

	struct span bytes;
	struct journal_list list;
	code = fsio_read(buildfd, LIST_PATH, JOURNALFILE_MAX_BYTES, mem, &bytes, NULL, NULL);
	if (code == FSIO_MISSING) {
		*ret = JOURNAL_UNDONE;
	} else if (code < 0 || journalfile_parse(mem, bytes, &list, NULL) < 0 ||
		!can_finish(buildfd, &list)) {
		*ret = JOURNAL_DROPPED;
	} else {
		code = put_all(buildfd, list.entry, list.count, err);
		if (code < 0 && code != -ESTALE) {
			(void)err_hint(
				err, "remove " STEADY_STATE_DIR " in the target directory to give it up");
			return err_wrap(err, "cannot finish an interrupted change");
		}
		*ret = code < 0 ? JOURNAL_DROPPED : JOURNAL_FINISHED;
	}
	return clear(buildfd, err);
}
