#include "steady/core/gitrepo.h"

#include "gitprogram_priv.h"
#include "gitrepo_priv.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* GIT_EOWNER, which headers before 1.5 do not name. */
#define FOREIGN_OWNER (-36)

bool gitoid_eq(const struct gitoid *a, const struct gitoid *b)
{
	return a->len == b->len && memcmp(a->byte, b->byte, a->len) == 0;
}

bool gitoid_parse(struct span hex, struct gitoid *ret)
{
	CLEANUP_STR struct str bytes = STR_INIT;
	if ((hex.len != 40 && hex.len != 64) || !str_add_unhex(&bytes, hex))
		return false;
	memcpy(ret->byte, bytes.buf, bytes.len);
	ret->len = (unsigned char)bytes.len;
	return true;
}

static char *copy_or_null(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

/* Why libgit2 did not open it, as our result. */
static int open_failure(const struct git2 *git2, int code, const char *start, struct err *err)
{
	const char *said = git2_message(git2);
	/* libgit2 1.5 says so where it looks for the directories that are trusted, and there are none. */
	bool foreign = code == FOREIGN_OWNER ||
		(code == GIT_ENOTFOUND && strstr(said, "'safe.directory' was not found") != NULL);
	if (code == GIT_ENOTFOUND && !foreign)
		return GITREPO_NONE;
	if (!foreign)
		return err_set(err, ENOTSUP, "%s", said);
	(void)err_set(err, EPERM, "the repository around %s belongs to another user", start);
	return err_hint(err, "to trust it: git config --global --add safe.directory DIRECTORY");
}

static int fill_paths(struct gitrepo *repo, const char *work_tree, struct err *err)
{
	const struct git2 *git2 = repo->git2;
	if (work_tree != NULL && git2->git_repository_set_workdir(repo->handle, work_tree, 0) < 0)
		return err_set(err, ENOENT, "cannot use the work tree %s: %s", work_tree, git2_message(git2));
	if (git2->git_repository_odb(&repo->odb, repo->handle) < 0)
		return err_set(err, EIO, "cannot open the object database: %s", git2_message(git2));
	repo->git_dir = xstrdup(git2->git_repository_path(repo->handle));
	repo->common_dir = xstrdup(git2->git_repository_commondir(repo->handle));
	repo->work_tree = copy_or_null(git2->git_repository_workdir(repo->handle));
	return 0;
}

/* With libgit2. 0, GITREPO_NONE, -ENOTSUP where it cannot, -EPERM where it must not. */
static int open_library(const struct gitrepo_where *where, struct gitrepo *repo, struct err *err)
{
	repo->git2 = git2_load(err);
	if (repo->git2 == NULL)
		return -ENOTSUP;
	const char *start = where->start != NULL ? where->start : ".";
	unsigned flags = where->by_disk ? 0 : GIT_REPOSITORY_OPEN_FROM_ENV;
	if (where->git_dir != NULL) {
		start = where->git_dir;
		flags = GIT_REPOSITORY_OPEN_NO_SEARCH;
	}
	int code = git2_open(repo->git2, &repo->handle, start, flags, where->by_disk);
	if (code < 0)
		return open_failure(repo->git2, code, start, err);
	return fill_paths(repo, where->work_tree, err);
}

/* Would the git program look elsewhere than on the disk? */
static bool environment_names_repository(void)
{
	static const char *const names[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR",
		"GIT_OBJECT_DIRECTORY", "GIT_CEILING_DIRECTORIES", "GIT_NAMESPACE"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (getenv(names[i]) != NULL)
			return true;
	}
	return false;
}

static int hint_at_git(struct err *err, const char *reason)
{
	(void)err_set(err, ENOTSUP, "neither libgit2 nor git reads the repository: %s", reason);
	return err_hint(err, "git status says why");
}

int gitrepo_open(const struct gitrepo_where *where, struct gitrepo **ret, struct err *err)
{
	CLEANUP_GITREPO struct gitrepo *repo = xcalloc(1, sizeof(*repo));
	struct err first = ERR_INIT;
	int code = open_library(where, repo, &first);
	if (code == -ENOTSUP && where->by_disk && environment_names_repository())
		return err_set(err, ENOTSUP, "%s", first.msg);
	if (code == -ENOTSUP) {
		bool found = repo->git2 != NULL;
		/* Whatever libgit2 opened half is of no use. */
		repo = gitrepo_free(repo);
		repo = xcalloc(1, sizeof(*repo));
		code = gitprogram_open(where, repo, err);
		/* There is one, but git does not trust it either. */
		if (code == GITREPO_NONE && found)
			code = hint_at_git(err, first.msg);
	} else if (code < 0) {
		(void)err_set(err, first.code, "%s", first.msg);
		(void)err_hint(err, "%s", first.hint);
	}
	if (code == 0)
		*ret = TAKE_PTR(repo);
	return code;
}

struct gitrepo *gitrepo_free(struct gitrepo *repo)
{
	if (repo == NULL)
		return NULL;
	if (repo->odb != NULL)
		repo->git2->git_odb_free(repo->odb);
	if (repo->handle != NULL)
		repo->git2->git_repository_free(repo->handle);
	free(repo->git_dir);
	free(repo->common_dir);
	free(repo->work_tree);
	free(repo->program);
	free(repo);
	return NULL;
}

void gitrepo_cleanup(struct gitrepo **repo)
{
	*repo = gitrepo_free(*repo);
}

const char *gitrepo_git_dir(const struct gitrepo *repo)
{
	return repo->git_dir;
}

const char *gitrepo_common_dir(const struct gitrepo *repo)
{
	return repo->common_dir;
}

const char *gitrepo_work_tree(const struct gitrepo *repo)
{
	return repo->work_tree;
}

bool gitrepo_by_program(const struct gitrepo *repo)
{
	return repo->handle == NULL;
}

int gitrepo_head(struct gitrepo *repo, struct gitoid *ret, struct err *err)
{
	git_oid id;
	if (repo->handle == NULL)
		return gitprogram_head(repo, ret, err);
	int code = repo->git2->git_reference_name_to_id(&id, repo->handle, "HEAD");
	if (code == GIT_ENOTFOUND)
		return GITREPO_UNBORN;
	if (code < 0)
		return err_set(err, EIO, "cannot read HEAD: %s", git2_message(repo->git2));
	memcpy(ret->byte, id.id, 20);
	ret->len = 20;
	return 0;
}

int gitrepo_read(struct gitrepo *repo, const struct gitoid *id, struct gitobject *ret, struct err *err)
{
	if (repo->handle == NULL || id->len != 20)
		return err_set(err, ENOTSUP, "only the git program can read this repository");
	git_oid oid;
	memcpy(oid.id, id->byte, 20);
	git_odb_object *object;
	int code = repo->git2->git_odb_read(&object, repo->odb, &oid);
	if (code == GIT_ENOTFOUND)
		return GITREPO_ABSENT;
	if (code < 0)
		return err_set(err, EIO, "cannot read an object: %s", git2_message(repo->git2));
	ret->len = repo->git2->git_odb_object_size(object);
	ret->type = (int)repo->git2->git_odb_object_type(object);
	ret->bytes = xmalloc(ret->len + 1);
	memcpy(ret->bytes, repo->git2->git_odb_object_data(object), ret->len);
	repo->git2->git_odb_object_free(object);
	return 0;
}
