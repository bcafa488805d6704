#include "steady/core/gitindex.h"

#include "gitprogram_priv.h"
#include "gitrepo_priv.h"
#include "steady/util/fsnear.h"
#include "steady/util/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bits of git_index_entry.flags and flags_extended (gitformat-index(5)). */
#define STAGE(entry) (((entry)->flags >> 12) & 3u)
#define INTENT_TO_ADD (1u << 13)
#define SKIP_WORKTREE (1u << 14)

static void copy_entry(const git_index_entry *from, struct arena *mem, struct gitindex_entry *ret)
{
	size_t len = strlen(from->path);
	*ret = (struct gitindex_entry){
		.path = span_make(arena_strndup(mem, from->path, len), len),
		.mode = from->mode,
		.mtime = {.tv_sec = from->mtime.seconds, .tv_nsec = from->mtime.nanoseconds},
		.ctime = {.tv_sec = from->ctime.seconds, .tv_nsec = from->ctime.nanoseconds},
		.inode = from->ino,
		.size = from->file_size,
		.stage = STAGE(from),
		.skip_worktree = (from->flags_extended & SKIP_WORKTREE) != 0,
		.intent_to_add = (from->flags_extended & INTENT_TO_ADD) != 0,
	};
	ret->id.len = 20;
	memcpy(ret->id.byte, from->id.id, 20);
}

/* -ENOTSUP where libgit2 does not know this kind of index. */
static int read_by_library(struct gitrepo *repo, struct arena *mem, struct gitindex *ret, struct err *err)
{
	const struct git2 *git2 = repo->git2;
	git_index *index;
	if (git2->git_repository_index(&index, repo->handle) < 0)
		return err_set(err, ENOTSUP, "cannot read the index: %s", git2_message(git2));
	struct stat st;
	struct gitindex result = {.count = git2->git_index_entrycount(index)};
	const char *path = git2->git_index_path(index);
	if (path != NULL && stat(path, &st) == 0)
		result.written = st.st_mtim;
	result.entry = arena_array(mem, result.count, sizeof(*result.entry));
	for (size_t i = 0; i < result.count; i++)
		copy_entry(git2->git_index_get_byindex(index, i), mem, &result.entry[i]);
	git2->git_index_free(index);
	*ret = result;
	return 0;
}

int gitindex_read(struct gitrepo *repo, struct arena *mem, struct gitindex *ret, struct err *err)
{
	struct err first = ERR_INIT;
	int code = -ENOTSUP;
	if (repo->handle != NULL)
		code = read_by_library(repo, mem, ret, &first);
	if (code == -ENOTSUP)
		code = gitprogram_index(repo, mem, ret, err);
	return code;
}

const struct gitindex_entry *gitindex_find(const struct gitindex *index, struct span path)
{
	size_t lo = 0, hi = index->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = span_cmp(path, index->entry[mid].path);
		if (order == 0)
			return index->entry[mid].stage == 0 ? &index->entry[mid] : NULL;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

int gitrepo_ignored(struct gitrepo *repo, const char *const paths[], size_t count, bool *ret, struct err *err)
{
	if (repo->handle == NULL)
		return gitprogram_ignored(repo, paths, count, ret, err);
	for (size_t i = 0; i < count; i++) {
		int ignored = 0;
		if (repo->git2->git_ignore_path_is_ignored(&ignored, repo->handle, paths[i]) < 0)
			return err_set(err, EIO, "cannot tell whether git ignores %s: %s", paths[i],
				git2_message(repo->git2));
		ret[i] = ignored != 0;
	}
	return 0;
}

int gitrepo_is_ignored(struct gitrepo *repo, const char *path, struct err *err)
{
	bool ignored;
	int code = gitrepo_ignored(repo, &path, 1, &ignored, err);
	return code < 0 ? code : ignored;
}

/* The entry as libgit2 keeps it, with the present stamps. False if the file is not the one that was looked at. */
static bool restat_entry(
	struct fsnear *near, const git_index_entry *old, struct timespec mtime, git_index_entry *ret)
{
	struct stat st;
	if (fsnear_stat(near, old->path, &st) != 0 || timespec_cmp(st.st_mtim, mtime) != 0)
		return false;
	*ret = *old;
	ret->mtime.seconds = (int32_t)st.st_mtim.tv_sec;
	ret->mtime.nanoseconds = (uint32_t)st.st_mtim.tv_nsec;
	ret->ctime.seconds = (int32_t)st.st_ctim.tv_sec;
	ret->ctime.nanoseconds = (uint32_t)st.st_ctim.tv_nsec;
	ret->dev = (uint32_t)st.st_dev;
	ret->ino = (uint32_t)st.st_ino;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	ret->file_size = (uint32_t)st.st_size;
	return true;
}

/* Entry numbers are those of the index as it was read; where it changed since, the path decides. */
static int restat_all(const struct git2 *git2, git_index *index, const struct gitindex *as_read, int root,
	const struct gitindex_stamp *stamps, size_t count)
{
	int code = 0;
	struct fsnear near = FSNEAR_INIT(root);
	for (size_t i = 0; code == 0 && i < count; i++) {
		const struct gitindex_entry *mine = &as_read->entry[stamps[i].entry];
		const git_index_entry *old = git2->git_index_get_bypath(index, mine->path.ptr, 0);
		git_index_entry new;
		if (old == NULL || memcmp(old->id.id, mine->id.byte, 20) != 0 ||
			!restat_entry(&near, old, stamps[i].mtime, &new))
			continue;
		if (git2->git_index_add(index, &new) < 0)
			code = -EIO;
	}
	fsnear_release(&near);
	return code == 0 ? git2->git_index_write(index) : code;
}

static int refresh_by_library(struct gitrepo *repo, const struct gitindex *as_read, int root,
	const struct gitindex_stamp *stamps, size_t count, struct err *err)
{
	const struct git2 *git2 = repo->git2;
	git_index *index;
	if (git2->git_repository_index(&index, repo->handle) < 0)
		return err_set(err, ENOTSUP, "cannot read the index: %s", git2_message(git2));
	/* A lock file left behind would stop git. */
	const struct signals held = signals_hold();
	int code = restat_all(git2, index, as_read, root, stamps, count);
	signals_release(&held);
	git2->git_index_free(index);
	if (code == GIT_ELOCKED)
		return err_set(err, EBUSY, "another program is writing the index");
	if (code < 0)
		return err_set(err, EIO, "cannot write the index: %s", git2_message(git2));
	return 0;
}

int gitindex_refresh(struct gitrepo *repo, const struct gitindex *index, int root,
	const struct gitindex_stamp *stamps, size_t count, struct err *err)
{
	int code = -ENOTSUP;
	if (count == 0)
		return 0;
	if (repo->handle != NULL)
		code = refresh_by_library(repo, index, root, stamps, count, NULL);
	if (code == -ENOTSUP)
		code = gitprogram_refresh(repo, err);
	else if (code < 0)
		code = err_set(err, -code, "%s", git2_message(repo->git2));
	return code;
}
