/* gitindex_check: does the work tree hold what the index names? */
#include "gitprogram_priv.h"
#include "gitrepo_priv.h"
#include "steady/core/gitindex.h"
#include "steady/util/fsnear.h"
#include "steady/util/path.h"
#include "steady/util/workers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Larger files are called changed. */
#define MAX_FILE ((size_t)1 << 29)

struct check {
	struct gitrepo *repo;
	const struct gitindex *index;
	int root;
	bool file_mode;
	struct gitcheck *result;
	const struct gitcheck_filter *filter;
	struct fsnear near[WORKERS_MAX];
	/* Entries whose raw bytes are not the object: conversions are to be tried, by one thread. */
	bool *differs;
};

static bool stamp_proves(const struct gitindex *index, const struct gitindex_entry *e, const struct stat *st)
{
	return e->size == (uint32_t)st->st_size && e->inode == (uint32_t)st->st_ino &&
		timespec_cmp(e->mtime, st->st_mtim) == 0 && timespec_cmp(e->ctime, st->st_ctim) == 0 &&
		timespec_cmp(st->st_mtim, index->written) < 0 &&
		timespec_cmp(st->st_ctim, index->written) < 0;
}

/* Is it the kind of thing the index names, with the same executable bit? */
static bool same_kind(const struct check *c, const struct gitindex_entry *e, const struct stat *st)
{
	switch (e->mode) {
	case GIT_MODE_LINK:
		return S_ISLNK(st->st_mode);
	case GIT_MODE_SUBMODULE:
		return S_ISDIR(st->st_mode);
	default:
		if (!S_ISREG(st->st_mode))
			return false;
		return !c->file_mode || ((st->st_mode & S_IXUSR) != 0) == (e->mode == GIT_MODE_EXECUTABLE);
	}
}

static bool is_object(struct gitrepo *repo, const void *bytes, size_t len, const struct gitoid *id)
{
	git_oid found;
	return repo->handle != NULL && id->len == 20 &&
		repo->git2->git_odb_hash(&found, bytes, len, GIT_OBJECT_BLOB) == 0 &&
		memcmp(found.id, id->byte, 20) == 0;
}

static bool link_is_same(const struct check *c, const struct gitindex_entry *e)
{
	char target[PATH_MAX];
	struct span dir_path = path_dir(e->path);
	CLEANUP_FREE char *dir_name = xstrndup(dir_path.ptr, dir_path.len);
	CLEANUP_CLOSE int dir = fsio_open_dir(c->root, dir_name, NULL);
	if (dir < 0)
		return false;
	ssize_t len = readlinkat(dir, path_base(e->path).ptr, target, sizeof(target));
	return len >= 0 && (size_t)len < sizeof(target) && is_object(c->repo, target, (size_t)len, &e->id);
}

static bool file_is_same(const struct check *c, const struct gitindex_entry *e)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span bytes;
	return fsio_read(c->root, e->path.ptr, MAX_FILE, mem, &bytes, NULL, NULL) == 0 &&
		is_object(c->repo, bytes.ptr, bytes.len, &e->id);
}

/* A submodule that is not checked out is an empty directory; else its HEAD counts. */
static bool submodule_is_same(const struct check *c, const struct gitindex_entry *e)
{
	CLEANUP_STR struct str path = STR_INIT;
	str_printf(&path, "%s%s", gitrepo_work_tree(c->repo), e->path.ptr);
	CLEANUP_GITREPO struct gitrepo *inner = NULL;
	struct gitoid head;
	if (gitrepo_open(&(struct gitrepo_where){.git_dir = path.buf}, &inner, NULL) != 0)
		return true;
	return gitrepo_head(inner, &head, NULL) == 0 && gitoid_eq(&head, &e->id);
}

/* All that can be said without looking at attributes; any thread. */
static void check_one(void *ctx, unsigned worker, size_t i)
{
	struct check *c = ctx;
	const struct gitindex_entry *e = &c->index->entry[i];
	struct gitcheck *result = &c->result[i];
	*result = (struct gitcheck){.state = GITCHECK_NOT_ASKED};
	if (c->filter != NULL && !c->filter->wanted(c->filter->ctx, i))
		return;
	int code = e->skip_worktree ? FSIO_MISSING : fsnear_stat(&c->near[worker], e->path.ptr, &result->st);
	result->state = GITCHECK_CHANGED;
	if (code == FSIO_MISSING)
		result->state = GITCHECK_GONE;
	else if (code < 0 || e->stage != 0 || e->intent_to_add || !same_kind(c, e, &result->st))
		return;
	else if (e->mode == GIT_MODE_SUBMODULE)
		c->differs[i] = true;
	else if (stamp_proves(c->index, e, &result->st))
		result->state = GITCHECK_SAME;
	else if (e->mode == GIT_MODE_LINK ? link_is_same(c, e) : file_is_same(c, e))
		result->state = GITCHECK_SAME;
	else
		c->differs[i] = e->mode != GIT_MODE_LINK;
}

/* Does an attribute name a conversion that only a program, or newer code than libgit2's, can do? */
static bool needs_program(struct gitrepo *repo, const char *path)
{
	static const char *const names[] = {"filter", "working-tree-encoding"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = NULL;
		if (repo->git2->git_attr_get(&value, repo->handle, 0, path, names[i]) == 0 &&
			repo->git2->git_attr_value(value) == GIT_ATTR_VALUE_STRING)
			return true;
	}
	return false;
}

/* The file through git's built-in conversions: line ends, $Id$. */
static enum gitcheck_state check_converted(struct gitrepo *repo, const struct gitindex_entry *e)
{
	const struct git2 *git2 = repo->git2;
	if (repo->handle == NULL || needs_program(repo, e->path.ptr))
		return GITCHECK_UNSURE;
	git_filter_list *filters = NULL;
	if (git2->git_filter_list_load(&filters, repo->handle, NULL, e->path.ptr, GIT_FILTER_TO_ODB, 0) < 0)
		return GITCHECK_UNSURE;
	if (filters == NULL)
		return GITCHECK_CHANGED;
	git_buf out = {0};
	enum gitcheck_state state = GITCHECK_UNSURE;
	if (git2->git_filter_list_apply_to_file(&out, filters, repo->handle, e->path.ptr) == 0)
		state = is_object(repo, out.ptr, out.size, &e->id) ? GITCHECK_SAME : GITCHECK_CHANGED;
	git2->git_buf_dispose(&out);
	git2->git_filter_list_free(filters);
	return state;
}

static bool wants_file_mode(struct gitrepo *repo)
{
	int value = 1;
	git_config *config;
	if (repo->handle == NULL || repo->git2->git_repository_config(&config, repo->handle) < 0)
		return true;
	if (repo->git2->git_config_get_bool(&value, config, "core.filemode") < 0)
		value = 1;
	repo->git2->git_config_free(config);
	return value != 0;
}

/* What only the git program can hash. */
static void check_by_program(struct check *c)
{
	CLEANUP_FREE bool *ask = xcalloc(c->index->count + 1, sizeof(*ask));
	CLEANUP_FREE bool *same = xcalloc(c->index->count + 1, sizeof(*same));
	size_t asked = 0;
	for (size_t i = 0; i < c->index->count; i++) {
		ask[i] = c->differs[i] && S_ISREG(c->result[i].st.st_mode);
		asked += ask[i];
	}
	if (asked == 0 || gitprogram_hash(c->repo, c->index, ask, same, NULL) < 0)
		return;
	for (size_t i = 0; i < c->index->count; i++) {
		if (!same[i])
			continue;
		c->result[i].state = GITCHECK_SAME;
		c->differs[i] = false;
	}
}

void gitindex_check(struct gitrepo *repo, const struct gitindex *index, int root,
	const struct gitcheck_filter *filter, unsigned jobs, const struct progress *progress,
	struct gitcheck *ret)
{
	struct check c = {.repo = repo,
		.index = index,
		.root = root,
		.file_mode = wants_file_mode(repo),
		.result = ret,
		.filter = filter};
	CLEANUP_FREE bool *differs = xcalloc(index->count + 1, sizeof(*differs));
	c.differs = differs;
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		c.near[i] = (struct fsnear)FSNEAR_INIT(root);
	workers_for(index->count, jobs != 0 ? jobs : workers_count(), check_one, &c);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		fsnear_release(&c.near[i]);
	if (repo->handle == NULL)
		check_by_program(&c);
	for (size_t i = 0; i < index->count; i++) {
		const struct gitindex_entry *e = &index->entry[i];
		progress_to(progress, i, index->count);
		if (!differs[i])
			continue;
		if (e->mode == GIT_MODE_SUBMODULE)
			ret[i].state = submodule_is_same(&c, e) ? GITCHECK_SAME : GITCHECK_CHANGED;
		else
			ret[i].state = check_converted(repo, e);
	}
}
