#include "steady/core/sides.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 128
#define MAX_FILES ((size_t)1000000)

struct side {
	const char *path;
	struct timespec ctime;
	/* An enum pkggit_known, or -errno; valid if asked. */
	int known;
	bool asked;
};

struct sides {
	struct arena *mem;
	const struct sides_options *options;
	VEC(struct side) found;
	unsigned depth;
};

static bool is_left_out(const struct sides *s, const char *path, int parent, const char *name)
{
	struct stat st;
	const char *build = s->options->build_dir, *target = s->options->target_dir;
	if (strcmp(name, ".git") == 0 || (build != NULL && strcmp(path, build) == 0) ||
		(target != NULL && strcmp(path, target) == 0))
		return true;
	return fstatat(parent, arena_printf(s->mem, "%s/CACHEDIR.TAG", name), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void walk(struct sides *s, int fd, const char *path);

static void visit(struct sides *s, int parent, const char *dir, const char *name)
{
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		const char *path = arena_printf(s->mem, "%s/%s", dir, name);
		CLEANUP_CLOSE int fd = -1;
		if (!is_left_out(s, path, parent, name))
			fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			walk(s, fd, path);
		return;
	}
	/* cargo writes the lock file itself, just before the first script starts. */
	bool of_cargo = strcmp(name, "Cargo.lock") == 0 && strcmp(dir, s->options->workspace_root) == 0;
	bool counts = !of_cargo && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode));
	if (counts && timespec_cmp(st.st_ctim, s->options->since) >= 0 && s->found.len < MAX_FILES)
		*vec_add(&s->found) =
			(struct side){.path = arena_printf(s->mem, "%s/%s", dir, name), .ctime = st.st_ctim};
}

static void walk(struct sides *s, int fd, const char *path)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	if (s->depth == MAX_DEPTH || fsio_list(fd, MAX_FILES, mem, &list, NULL) < 0)
		return;
	s->depth++;
	for (size_t i = 0; i < list.count; i++)
		visit(s, fd, path, list.entry[i].name);
	s->depth--;
}

static void walk_root(struct sides *s, const char *root)
{
	CLEANUP_CLOSE int fd = fsio_open_root(root, NULL);
	if (fd >= 0)
		walk(s, fd, root);
}

struct sides *sides_find(const struct sides_options *options)
{
	struct sides *s = xcalloc(1, sizeof(*s));
	s->mem = arena_new();
	s->options = options;
	walk_root(s, options->workspace_root);
	for (size_t i = 0; i < options->npackage; i++)
		walk_root(s, options->package[i]);
	s->options = NULL;
	return s;
}

struct sides *sides_free(struct sides *s)
{
	if (s == NULL)
		return NULL;
	vec_release(&s->found);
	(void)arena_free(s->mem);
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
