#include "steady/core/listing.h"

#include "steady/core/mtimewalk.h"
#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEPTH 128
#define TICK_NS 20000000

/* The directories that the one being read lies in, to see links that lead in circles. */
struct level {
	const struct level *parent;
	unsigned depth;
	dev_t dev;
	ino_t ino;
	/** When the youngest of what is left out of it was made. */
	struct timespec born;
};

struct walker {
	struct arena *mem;
	struct contents *contents;
	struct listing *list;
	/** Absolute path of the directory being read, and how much of it is the top's. */
	struct str path;
	size_t top_len;
};

static void newest(struct timespec *max, struct timespec t)
{
	if (timespec_cmp(t, *max) > 0)
		*max = t;
}

static void count_stamps(struct listing *list, const struct stat *st)
{
	newest(&list->mtime, st->st_mtim);
	newest(&list->youngest, st->st_mtim);
	newest(&list->youngest, st->st_ctim);
}

static struct listing_entry *add_entry(struct walker *w, enum listing_type type, const struct stat *st)
{
	struct listing *list = w->list;
	list->entry = vec_room(list->entry, list->count, &list->room, sizeof(*list->entry));
	struct listing_entry *entry = &list->entry[list->count++];
	*entry = (struct listing_entry){
		.path = arena_strdup(w->mem, w->path.buf + w->top_len + 1),
		.type = type,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
	return entry;
}

static bool is_noise(const char *name)
{
	return strcmp(name, "__pycache__") == 0;
}

static bool in_a_circle(const struct level *level, const struct stat *st)
{
	for (; level != NULL; level = level->parent) {
		if (level->dev == st->st_dev && level->ino == st->st_ino)
			return true;
	}
	return false;
}

static void read_directory(struct walker *w, const struct level *parent, const struct stat *st);

static const char *link_text(struct walker *w)
{
	char text[PATH_MAX];
	ssize_t len = readlink(w->path.buf, text, sizeof(text) - 1);
	return arena_strndup(w->mem, text, len > 0 ? (size_t)len : 0);
}

static void visit_link(struct walker *w, const struct level *level, const struct stat *own)
{
	struct stat st;
	bool dead = stat(w->path.buf, &st) < 0 || (S_ISDIR(st.st_mode) && in_a_circle(level, &st));
	if (dead) {
		add_entry(w, LISTED_DEAD_LINK, own)->text = link_text(w);
		return;
	}
	count_stamps(w->list, own);
	if (S_ISDIR(st.st_mode)) {
		struct listing_entry *entry = add_entry(w, LISTED_LINK_TO_DIRECTORY, own);
		entry->text = link_text(w);
		if (!w->list->stay)
			read_directory(w, level, &st);
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		w->list->why = arena_printf(w->mem, "%s is no regular file", w->path.buf);
		return;
	}
	count_stamps(w->list, &st);
	struct listing_entry *entry = add_entry(w, LISTED_LINK_TO_FILE, own);
	entry->text = link_text(w);
	entry->content = contents_want(w->contents, w->path.buf);
}

/* cargo compares the stamps of what is left out, too. */
static void count_noise(struct walker *w)
{
	struct timespec mtime;
	if (mtime_recursive(w->path.buf, &mtime, NULL) == 0)
		newest(&w->list->mtime, mtime);
}

static void leave_out(struct walker *w, struct level *level)
{
	struct timespec born;
	if (w->list->births && fsio_birth(w->path.buf, &born))
		newest(&level->born, born);
}

/* Making something in a directory changes its times no later than with the clock's next tick. */
static bool explains(struct timespec born, struct timespec changed)
{
	int64_t ns = (int64_t)(changed.tv_sec - born.tv_sec) * 1000000000 + (changed.tv_nsec - born.tv_nsec);
	return born.tv_sec != 0 && ns > -TICK_NS && ns < TICK_NS;
}

static void count_directory(struct walker *w, const struct level *level, const struct stat *st)
{
	if (!explains(level->born, st->st_ctim))
		count_stamps(w->list, st);
}

static void visit(struct walker *w, struct level *level, const char *name)
{
	struct stat st;
	if (lstat(w->path.buf, &st) < 0) {
		if (errno != ENOENT)
			w->list->why = arena_printf(w->mem, "%s: %s", w->path.buf, strerror(errno));
		return;
	}
	bool directory = S_ISDIR(st.st_mode);
	const char *relative = w->path.buf + w->top_len + 1;
	if (is_noise(name)) {
		count_noise(w);
		leave_out(w, level);
		return;
	}
	if (w->list->filter != NULL && !w->list->filter(relative, directory, w->list->ctx)) {
		leave_out(w, level);
		return;
	}
	if (w->list->count == LISTING_MAX_ENTRIES) {
		w->list->why = "it has too many entries";
	} else if (S_ISLNK(st.st_mode)) {
		visit_link(w, level, &st);
	} else if (directory) {
		size_t at = w->list->count;
		(void)add_entry(w, LISTED_DIRECTORY, &st);
		w->list->entry[at].content = contents_want(w->contents, w->path.buf);
		read_directory(w, level, &st);
	} else if (S_ISREG(st.st_mode)) {
		count_stamps(w->list, &st);
		struct listing_entry *entry = add_entry(w, LISTED_FILE, &st);
		if (!w->list->names_of_rust || !span_ends(str_span(&w->path), SPAN_LIT(".rs")))
			entry->content = contents_want(w->contents, w->path.buf);
	} else {
		w->list->why = arena_printf(w->mem, "%s is no regular file", w->path.buf);
	}
}

static void read_directory(struct walker *w, const struct level *parent, const struct stat *st)
{
	struct level level = {parent, parent != NULL ? parent->depth + 1 : 0, st->st_dev, st->st_ino, {0, 0}};
	if (level.depth > MAX_DEPTH) {
		w->list->why = "it is nested too deeply";
		return;
	}
	DIR *dir = opendir(w->path.buf);
	if (dir == NULL) {
		w->list->why = arena_printf(w->mem, "%s: %s", w->path.buf, strerror(errno));
		return;
	}
	size_t len = w->path.len;
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (entry == NULL || w->list->why != NULL)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		str_add_char(&w->path, '/');
		str_add(&w->path, entry->d_name);
		visit(w, &level, entry->d_name);
		w->path.len = len;
		w->path.buf[len] = '\0';
	}
	if (errno != 0 && w->list->why == NULL)
		w->list->why = arena_printf(w->mem, "%s: %s", w->path.buf, strerror(errno));
	(void)closedir(dir);
	count_directory(w, &level, st);
}

void listing_walk(struct arena *mem, struct contents *contents, const char *directory, struct listing *ret)
{
	struct walker w = {.mem = mem, .contents = contents, .list = ret, .path = STR_INIT};
	str_add(&w.path, directory);
	w.top_len = w.path.len;
	struct stat st;
	ret->top = contents_want(contents, directory);
	if (stat(directory, &st) == 0 && S_ISDIR(st.st_mode)) {
		ret->top_mtime = st.st_mtim;
		read_directory(&w, NULL, &st);
	}
	str_release(&w.path);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct listing_entry *)a)->path, ((const struct listing_entry *)b)->path);
}

/* Is the entry, now that all files were read, still what was listed? */
static const char *trouble_of(struct arena *mem, const struct listing_entry *entry)
{
	const struct content *c = entry->content;
	if (c == NULL)
		return NULL;
	if (c->state == CONTENT_UNREADABLE)
		return arena_printf(mem, "%s: %s", c->path, strerror(c->error));
	enum content_state expected = entry->type == LISTED_DIRECTORY ? CONTENT_DIRECTORY : CONTENT_FILE;
	bool same = c->state == expected;
	if (same && expected == CONTENT_DIRECTORY)
		same = timespec_cmp(c->mtime, entry->mtime) == 0;
	return same ? NULL : arena_printf(mem, "%s changed while it was read", c->path);
}

static void add_to_digest(struct str *text, const struct listing_entry *entry)
{
	str_add_char(text, (char)entry->type);
	str_add_mem(text, entry->path, strlen(entry->path) + 1);
	if (entry->text != NULL)
		str_add_mem(text, entry->text, strlen(entry->text) + 1);
	if (entry->content != NULL && entry->content->state == CONTENT_FILE)
		str_add_mem(text, entry->content->digest.byte, sizeof(entry->content->digest.byte));
}

void listing_finish(struct arena *mem, struct listing *list)
{
	if (list->count != 0)
		qsort(list->entry, list->count, sizeof(*list->entry), by_path);
	if (list->why == NULL && list->top->state == CONTENT_DIRECTORY &&
		timespec_cmp(list->top->mtime, list->top_mtime) != 0)
		list->why = arena_printf(mem, "%s changed while it was read", list->top->path);
	CLEANUP_STR struct str text = STR_INIT;
	for (size_t i = 0; i < list->count; i++) {
		const struct listing_entry *entry = &list->entry[i];
		if (list->why == NULL)
			list->why = trouble_of(mem, entry);
		add_to_digest(&text, entry);
		if (entry->content != NULL && entry->type != LISTED_DIRECTORY) {
			list->size += entry->content->size;
			newest(&list->mtime, entry->content->mtime);
			newest(&list->youngest, entry->content->mtime);
			newest(&list->youngest, entry->content->ctime);
		}
	}
	list->digest = digest_of(str_span(&text));
}

void listing_release(struct listing *list)
{
	free(list->entry);
	list->entry = NULL;
	list->count = list->room = 0;
}
