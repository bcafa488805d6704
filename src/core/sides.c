#include "steady/core/sides.h"

#include "steady/core/way.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"
#include "steady/util/workers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 128
#define MAX_FILES ((size_t)1000000)
/* So many names are kept, to be dated later; files beyond are looked at during the walk. */
#define MAX_KEPT ((size_t)250000)
/* Below this many directories threads cost more than they save. */
#define PARALLEL_FROM 16

struct side {
	const char *path;
	struct timespec ctime;
	/* An enum pkggit_known, or -errno; valid if asked. */
	int known;
	bool asked;
};

/* A directory that was listed. */
struct folder {
	const char *path;
	/* Below one of the roots, not one itself. */
	bool is_below;
	struct timespec mtime, ctime;
	struct dir_list list;
};

/* A directory to list: the root it lies below, and its path from there. */
struct visit {
	const char *root;
	int fd;
	const char *rest;
};

/* What one thread finds. */
struct part {
	struct arena *mem;
	VEC(struct visit) below;
	VEC(struct folder) folder;
	VEC(struct side) found;
	struct str path;
};

struct sides {
	const struct sides_options *options;
	struct part part[WORKERS_MAX];
	unsigned nparts;
	VEC(struct folder) folder;
	VEC(struct side) found;
	/** In all folders. */
	atomic_size_t entries;
	/** The roots' descriptors, during the walk. */
	VEC(int) fd;
	/** The directories of one level, during the walk. */
	VEC(struct visit) level;
};

static bool is_left_out(const struct sides *s, const char *path, const char *name)
{
	const char *build = s->options->build_dir, *target = s->options->target_dir;
	return strcmp(name, ".git") == 0 || (build != NULL && strcmp(path, build) == 0) ||
		(target != NULL && strcmp(path, target) == 0);
}

/* What a tool keeps there for itself says so. */
static bool is_cache(const struct dir_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->entry[i].name, "CACHEDIR.TAG") == 0)
			return true;
	}
	return false;
}

static bool counts(const struct sides *s, const char *dir, const struct dir_entry *entry)
{
	if (entry->type != DT_REG && entry->type != DT_LNK)
		return false;
	/* cargo writes the lock file itself, just before the first script starts. */
	return strcmp(entry->name, "Cargo.lock") != 0 || strcmp(dir, s->options->workspace_root) != 0;
}

static void date(const struct sides *s, struct part *part, const char *path, struct timespec ctime)
{
	if (timespec_cmp(ctime, s->options->since) >= 0 && part->found.len < MAX_FILES)
		*vec_add(&part->found) = (struct side){.path = arena_strdup(part->mem, path), .ctime = ctime};
}

static void look_and_date(const struct sides *s, struct part *part, int fd, const char *name)
{
	struct stat st;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		date(s, part, part->path.buf, st.st_ctim);
}

static void want_directories(
	const struct sides *s, struct part *part, const struct visit *at, const struct dir_list *list)
{
	CLEANUP_STR struct str path = STR_INIT;
	for (size_t i = 0; i < list->count; i++) {
		const char *name = list->entry[i].name;
		if (list->entry[i].type != DT_DIR)
			continue;
		path_join(&part->path, at->rest, name);
		path_join(&path, at->root, part->path.buf);
		if (!is_left_out(s, path.buf, name))
			*vec_add(&part->below) =
				(struct visit){at->root, at->fd, arena_strdup(part->mem, part->path.buf)};
	}
}

static void visit(void *ctx, unsigned worker, size_t i)
{
	struct sides *s = ctx;
	struct part *part = &s->part[worker];
	const struct visit *at = &s->level.data[i];
	struct folder folder = {.is_below = at->rest[0] != '\0'};
	CLEANUP_ARENA struct arena *own = NULL;
	struct stat st;
	CLEANUP_CLOSE int fd = fsio_open_dir(at->fd, at->rest, NULL);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	bool is_kept = atomic_load_explicit(&s->entries, memory_order_relaxed) < MAX_KEPT;
	if (!is_kept)
		own = arena_new();
	if (fsio_list(fd, MAX_FILES, is_kept ? part->mem : own, &folder.list, NULL) < 0 ||
		(folder.is_below && is_cache(&folder.list)))
		return;
	want_directories(s, part, at, &folder.list);
	path_join(&part->path, at->root, at->rest);
	folder.path = arena_strdup(part->mem, part->path.buf);
	folder.mtime = st.st_mtim;
	folder.ctime = st.st_ctim;
	if (is_kept) {
		atomic_fetch_add_explicit(&s->entries, folder.list.count, memory_order_relaxed);
		*vec_add(&part->folder) = folder;
		return;
	}
	for (size_t n = 0; n < folder.list.count; n++) {
		path_join(&part->path, folder.path, folder.list.entry[n].name);
		if (counts(s, folder.path, &folder.list.entry[n]))
			look_and_date(s, part, fd, folder.list.entry[n].name);
	}
}

/* The directories that were found in those of this level become the next. */
static void descend(struct sides *s)
{
	s->level.len = 0;
	for (unsigned i = 0; i < s->nparts; i++) {
		vec_each (below, &s->part[i].below)
			*vec_add(&s->level) = *below;
		s->part[i].below.len = 0;
	}
}

static void begin_at(struct sides *s, const char *root)
{
	int fd = fsio_open_root(root, NULL);
	if (fd < 0)
		return;
	*vec_add(&s->fd) = fd;
	*vec_add(&s->level) = (struct visit){root, fd, ""};
}

static unsigned threads_for(const struct sides *s, size_t count)
{
	return count >= PARALLEL_FROM ? s->nparts : 1;
}

struct sides *sides_find(const struct sides_options *options)
{
	struct sides *s = xcalloc(1, sizeof(*s));
	s->options = options;
	s->nparts = workers_count();
	for (unsigned i = 0; i < s->nparts; i++)
		s->part[i].mem = arena_new();
	begin_at(s, options->workspace_root);
	for (size_t i = 0; i < options->npackage; i++)
		begin_at(s, options->package[i]);
	for (unsigned depth = 0; depth < MAX_DEPTH && s->level.len != 0; depth++) {
		workers_for(s->level.len, threads_for(s, s->level.len), visit, s);
		descend(s);
	}
	for (unsigned i = 0; i < s->nparts; i++) {
		vec_each (folder, &s->part[i].folder)
			*vec_add(&s->folder) = *folder;
		vec_release(&s->part[i].folder);
		vec_release(&s->part[i].below);
	}
	vec_each (fd, &s->fd)
		(void)close(*fd);
	vec_release(&s->fd);
	vec_release(&s->level);
	return s;
}

void sides_tell(const struct sides *s, struct ways *ways)
{
	for (size_t i = 0; i < s->folder.len; i++) {
		const struct folder *folder = &s->folder.data[i];
		ways_know(ways, folder->path, &folder->list,
			folder->is_below ? &(struct way_step){.mtime = folder->mtime, .ctime = folder->ctime}
					 : NULL);
	}
}

struct dating {
	struct sides *s;
	bool (*known)(const void *ctx, const char *path, struct timespec *ret);
	const void *ctx;
};

static void date_folder(void *ctx, unsigned worker, size_t i)
{
	const struct dating *d = ctx;
	struct part *part = &d->s->part[worker];
	const struct folder *folder = &d->s->folder.data[i];
	CLEANUP_CLOSE int fd = -1;
	for (size_t n = 0; n < folder->list.count; n++) {
		const struct dir_entry *entry = &folder->list.entry[n];
		struct timespec ctime;
		if (!counts(d->s, folder->path, entry))
			continue;
		path_join(&part->path, folder->path, entry->name);
		/* Known are files, not links to them. */
		if (entry->type == DT_REG && d->known != NULL && d->known(d->ctx, part->path.buf, &ctime)) {
			date(d->s, part, part->path.buf, ctime);
			continue;
		}
		if (fd < 0)
			fd = fsio_open_root(folder->path, NULL);
		look_and_date(d->s, part, fd, entry->name);
	}
}

void sides_date(struct sides *s, bool (*known)(const void *ctx, const char *path, struct timespec *ret),
	const void *ctx)
{
	struct dating d = {s, known, ctx};
	workers_for(s->folder.len, threads_for(s, s->folder.len), date_folder, &d);
	for (unsigned i = 0; i < s->nparts; i++) {
		vec_each (side, &s->part[i].found)
			*vec_add(&s->found) = *side;
		vec_release(&s->part[i].found);
	}
}

struct sides *sides_free(struct sides *s)
{
	if (s == NULL)
		return NULL;
	for (unsigned i = 0; i < s->nparts; i++) {
		vec_release(&s->part[i].found);
		str_release(&s->part[i].path);
		(void)arena_free(s->part[i].mem);
	}
	vec_release(&s->folder);
	vec_release(&s->found);
	free(s);
	return NULL;
}

void sides_cleanup(struct sides **s)
{
	*s = sides_free(*s);
}

/* Not tracked, or in the script's own package. What git cannot be asked about is not taken for a side output. */
static bool is_of_script(struct side *side, struct pkggit *git, const char *package)
{
	if (!side->asked)
		side->known = pkggit_ask(git, side->path, NULL);
	side->asked = true;
	if (side->known == PKGGIT_TRACKED)
		return package != NULL && path_has_prefix(span_of(side->path), span_of(package));
	return side->known >= 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t sort_unique(const char **path, size_t count)
{
	size_t kept = 0;
	if (count != 0)
		qsort((void *)path, count, sizeof(*path), by_path);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || strcmp(path[kept - 1], path[i]) != 0)
			path[kept++] = path[i];
	}
	return kept;
}

size_t sides_between(struct sides *sides, struct pkggit *git, struct arena *mem, const struct sides_run *run,
	const char ***ret)
{
	size_t count = 0;
	const char **path = arena_array(mem, sides->found.len, sizeof(*path));
	vec_each (side, &sides->found) {
		if (timespec_cmp(side->ctime, run->start) >= 0 && timespec_cmp(side->ctime, run->end) <= 0 &&
			is_of_script(side, git, run->package))
			path[count++] = arena_strdup(mem, side->path);
	}
	count = sort_unique(path, count);
	while (count > SIDES_MAX) {
		for (size_t i = 0; i < count; i++) {
			struct span dir = path_dir(span_of(path[i]));
			path[i] = arena_strndup(mem, dir.ptr, dir.len);
		}
		count = sort_unique(path, count);
	}
	*ret = path;
	return count;
}
