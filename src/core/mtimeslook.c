/* mtimes_look: what the work tree holds where HEAD has paths. */
#include "steady/core/mtimes.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"
#include "steady/util/workers.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES ((size_t)10000000)

struct look {
	struct gitrepo *repo;
	const struct history *history;
	const struct gitindex *index;
	int root;
	struct mtimes_fact *fact;
	/* By index entry: whether it is asked about. */
	bool *asked;
	/* Those of the history's paths that are directories to be looked at. */
	VEC(size_t) directory;
	/* Names in them that HEAD does not have, with a slash behind directories' names, and which directory each is in;
	 * `lock` guards them while several threads look. */
	VEC(const char *) strange_path;
	VEC(size_t) strange_in;
	struct arena *mem;
	pthread_mutex_t lock;
};

static bool entry_wanted(void *ctx, size_t entry)
{
	return ((const struct look *)ctx)->asked[entry];
}

/*
 * Is the file staged as HEAD has it? If so its entry is to be compared with the work tree. What is not in the index
 * (any more, or in conflict) is nothing that we would touch.
 */
static void look_at_index(struct look *l, size_t i)
{
	const struct history_path *path = &l->history->path[i];
	const struct gitindex_entry *e = gitindex_find(l->index, path->path);
	l->fact[i].state = e == NULL ? GITCHECK_GONE : GITCHECK_CHANGED;
	if (e == NULL || e->mode != path->mode || !gitoid_eq(&e->id, &path->id))
		return;
	l->fact[i].entry = (size_t)(e - l->index->entry);
	l->asked[l->fact[i].entry] = true;
}

/* What lies there although it is not HEAD's: --force may stamp it. */
static void look_at_changed(struct look *l, size_t i)
{
	const struct history_path *path = &l->history->path[i];
	if (fsio_stat(l->root, path->path.ptr, &l->fact[i].st, NULL) != 0)
		l->fact[i].state = GITCHECK_GONE;
}

static void check_files(struct look *l, const struct mtimes_options *o)
{
	CLEANUP_FREE struct gitcheck *checks = xcalloc(l->index->count + 1, sizeof(*checks));
	const struct gitcheck_filter filter = {entry_wanted, l};
	gitindex_check(l->repo, l->index, l->root, &filter, o->jobs, o->progress, checks);
	for (size_t i = 0; i < l->history->path_count; i++) {
		struct mtimes_fact *fact = &l->fact[i];
		if (fact->entry != SIZE_MAX) {
			fact->state = checks[fact->entry].state;
			fact->st = checks[fact->entry].st;
		} else if (fact->state == GITCHECK_CHANGED) {
			look_at_changed(l, i);
		}
	}
}

/* The path of a name in directory i. */
static void path_in(const struct look *l, size_t i, const char *name, struct str *out)
{
	if (l->history->path[i].path.len != 0)
		str_printf(out, "%.*s/", SPAN_ARG(l->history->path[i].path));
	str_add(out, name);
}

static bool is_tracked(const struct look *l, struct span path, bool directory)
{
	return history_find(l->history, path, directory) != NULL ||
		history_find(l->history, path, !directory) != NULL;
}

/* Notes a name of directory i that HEAD does not have. */
static void add_stranger(struct look *l, size_t i, const struct str *path)
{
	(void)pthread_mutex_lock(&l->lock);
	*vec_add(&l->strange_path) = arena_strndup(l->mem, path->buf, path->len);
	*vec_add(&l->strange_in) = i;
	(void)pthread_mutex_unlock(&l->lock);
}

/* False if the directory cannot be listed. */
static bool look_for_strangers(struct look *l, size_t i, int fd)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	if (fsio_list(fd, MAX_ENTRIES, mem, &list, NULL) < 0)
		return false;
	for (size_t n = 0; n < list.count; n++) {
		const struct dir_entry *entry = &list.entry[n];
		CLEANUP_STR struct str path = STR_INIT;
		path_in(l, i, entry->name, &path);
		if (strcmp(entry->name, ".git") == 0 || is_tracked(l, str_span(&path), entry->type == DT_DIR))
			continue;
		if (entry->type == DT_DIR)
			str_add_char(&path, '/');
		add_stranger(l, i, &path);
	}
	return true;
}

static void look_at_directory(void *ctx, unsigned worker, size_t n)
{
	struct look *l = ctx;
	size_t i = l->directory.data[n];
	struct mtimes_fact *fact = &l->fact[i];
	(void)worker;
	CLEANUP_CLOSE int fd = fsio_open_dir(l->root, l->history->path[i].path.ptr, NULL);
	fact->state = GITCHECK_CHANGED;
	if (fd < 0)
		look_at_changed(l, i);
	else if (fstat(fd, &fact->st) == 0 && look_for_strangers(l, i, fd))
		fact->state = GITCHECK_SAME;
}

/* A directory is as HEAD has it if it holds nothing that HEAD does not have and git does not ignore. */
static void look_at_directories(struct look *l, unsigned jobs)
{
	workers_for(l->directory.len, jobs != 0 ? jobs : workers_count(), look_at_directory, l);
	size_t count = l->strange_path.len;
	CLEANUP_FREE bool *ignored = xcalloc(count + 1, sizeof(*ignored));
	if (count != 0 && gitrepo_ignored(l->repo, l->strange_path.data, count, ignored, NULL) < 0)
		memset(ignored, 0, count * sizeof(*ignored));
	for (size_t n = 0; n < count; n++) {
		if (!ignored[n])
			l->fact[l->strange_in.data[n]].state = GITCHECK_CHANGED;
	}
}

/* The innermost directory that is there lacks something of HEAD's. */
static void spoil(struct look *l, const size_t *inside, size_t depth)
{
	while (depth > 0) {
		struct mtimes_fact *parent = &l->fact[inside[--depth]];
		if (parent->state == GITCHECK_SAME)
			parent->state = GITCHECK_CHANGED;
		if (parent->state != GITCHECK_GONE)
			return;
	}
}

/* A directory that lacks one of HEAD's names, sparse checkouts aside, is not as HEAD has it. */
static void spoil_parents(struct look *l)
{
	const struct history *h = l->history;
	/* The directories that the current path is in, outermost first. */
	VEC(size_t) inside = VEC_INIT;
	for (size_t i = 0; i < h->path_count; i++) {
		const struct mtimes_fact *fact = &l->fact[i];
		while (inside.len > 1 &&
			!path_has_prefix(h->path[i].path, h->path[inside.data[inside.len - 1]].path))
			inside.len--;
		if (h->path[i].mode == GIT_MODE_TREE)
			*vec_add(&inside) = i;
		else if (fact->state == GITCHECK_GONE &&
			(fact->entry == SIZE_MAX || !l->index->entry[fact->entry].skip_worktree))
			spoil(l, inside.data, inside.len);
	}
	vec_release(&inside);
}

struct mtimes_fact *mtimes_look(struct gitrepo *repo, const struct history *history,
	const struct gitindex *index, int root, const struct mtimes_options *options,
	bool (*wanted)(void *ctx, struct span path, bool directory), void *wanted_ctx, struct arena *mem)
{
	CLEANUP_FREE bool *asked = xcalloc(index->count + 1, sizeof(*asked));
	struct look l = {
		.repo = repo, .history = history, .index = index, .root = root, .asked = asked, .mem = mem};
	(void)pthread_mutex_init(&l.lock, NULL);
	l.fact = arena_array(mem, history->path_count, sizeof(*l.fact));
	for (size_t i = 0; i < history->path_count; i++) {
		const struct history_path *path = &history->path[i];
		bool directory = path->mode == GIT_MODE_TREE;
		l.fact[i] = (struct mtimes_fact){.state = GITCHECK_NOT_ASKED, .entry = SIZE_MAX};
		if (wanted != NULL && !wanted(wanted_ctx, path->path, directory))
			continue;
		if (!directory)
			look_at_index(&l, i);
		else if (options->directories)
			*vec_add(&l.directory) = i;
	}
	check_files(&l, options);
	look_at_directories(&l, options->jobs);
	spoil_parents(&l);
	vec_release(&l.directory);
	vec_release(&l.strange_path);
	vec_release(&l.strange_in);
	(void)pthread_mutex_destroy(&l.lock);
	return l.fact;
}
