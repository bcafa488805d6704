#include "steady/core/gitreaders.h"

#include "steady/core/gitstate.h"
#include "steady/core/unitorder.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <stdlib.h>
#include <string.h>

#define MAX_GIT_FILE ((size_t)16 * 1024)

/* In the order of strcmp. */
static const char *const reader[] = {
	"build-data",
	"build-info-build",
	"git2",
	"gix",
	"shadow-rs",
};

static int by_name(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool reads_git(const char *package)
{
	return bsearch(package, reader, COUNT_OF(reader), sizeof(reader[0]), by_name) != NULL;
}

bool *gitreaders_find(const struct target *t, struct arena *mem)
{
	return unit_order_above(t, mem, reads_git);
}

/* Where a file `.git` of a linked worktree or a submodule leads to. */
static const char *linked_directory(struct arena *mem, const char *root)
{
	struct span text;
	CLEANUP_STR struct str path = STR_INIT;
	CLEANUP_STR struct str normal = STR_INIT;
	CLEANUP_CLOSE int fd = fsio_open_root(root, NULL);
	if (fd < 0 || fsio_read(fd, ".git", MAX_GIT_FILE, mem, &text, NULL, NULL) != 0 ||
		!span_starts(text, SPAN_LIT("gitdir: ")))
		return NULL;
	text = span_trim(span_skip(text, strlen("gitdir: ")));
	path_join(&path, root, arena_strndup(mem, text.ptr, text.len));
	path_normalize(&normal, str_span(&path));
	return arena_strdup(mem, normal.buf);
}

static bool is_git_directory(struct arena *mem, const char *path)
{
	const char *found = path == NULL ? NULL : gitstate_directory(mem, path);
	return found != NULL && strcmp(found, path) == 0;
}

const char *gitreaders_head(struct arena *mem, const char *directory)
{
	for (struct span at = span_of(directory); at.len > 1; at = path_dir(at)) {
		const char *root = arena_strndup(mem, at.ptr, at.len);
		const char *git = arena_printf(mem, "%s/.git", root);
		if (!is_git_directory(mem, git))
			git = linked_directory(mem, root);
		if (is_git_directory(mem, git))
			return arena_printf(mem, "%s/HEAD", git);
	}
	return NULL;
}
