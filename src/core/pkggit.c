#include "steady/core/pkggit.h"

#include "steady/core/gitindex.h"
#include "steady/core/gitrepo.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gitprogram_priv.h"

/* Deeper trees, and repositories in each other, are not followed. */
#define MAX_DEPTH 256

/* A work tree and its index. */
struct worktree {
	struct gitrepo *repo;
	struct gitindex index;
	/* Absolute, without a slash at the end. */
	const char *root;
};

struct pkggit {
	struct pkglist_git lister;
	struct arena *mem;
	/* Work trees by their root, and by each directory that was asked about. */
	struct strmap *by_root, *by_start;
	VEC(struct worktree *) all;
};

/* Stands in by_start for "there is no repository". */
static struct worktree no_repository;

/* A listing under way. */
struct walk {
	struct pkggit *git;
	struct arena *mem;
	struct worktree *tree;
	/* What stands before a path of this work tree, and what takes its place in a path given to `add`. */
	struct span strip, put;
	/* The directory that cargo's artefacts go to, relative to the work tree. */
	const char *target;
	void (*add)(void *to, const char *path);
	void *to;
	size_t count;
	unsigned depth;
	int code;
	struct err *err;
};

static int list_package(
	void *ctx, const char *root, void (*add)(void *to, const char *path), void *to, struct err *err);

struct pkggit *pkggit_new(void)
{
	struct pkggit *git = xcalloc(1, sizeof(*git));
	git->lister = (struct pkglist_git){list_package, git};
	git->mem = arena_new();
	git->by_root = strmap_new();
	git->by_start = strmap_new();
	return git;
}

struct pkggit *pkggit_free(struct pkggit *git)
{
	if (git == NULL)
		return NULL;
	vec_each (tree, &git->all)
		(void)gitrepo_free((*tree)->repo);
	vec_release(&git->all);
	(void)strmap_free(git->by_root);
	(void)strmap_free(git->by_start);
	(void)arena_free(git->mem);
	free(git);
	return NULL;
}

void pkggit_cleanup(struct pkggit **git)
{
	*git = pkggit_free(*git);
}

const struct pkglist_git *pkggit_lister(const struct pkggit *git)
{
	return &git->lister;
}

static int read_index(struct pkggit *git, struct worktree *tree, struct err *err)
{
	int code = gitindex_read(tree->repo, git->mem, &tree->index, err);
	for (size_t i = 0; code == 0 && i < tree->index.count; i++) {
		if (tree->index.entry[i].mode == GIT_MODE_TREE)
			code = err_set(err, ENOTSUP, "the index of %s holds directories", tree->root);
	}
	return code;
}

/* Keeps the repository, or frees it where its work tree is known already. */
static int keep(struct pkggit *git, struct gitrepo *repo, struct worktree **ret, struct err *err)
{
	CLEANUP_GITREPO struct gitrepo *mine = repo;
	const char *root = gitrepo_work_tree(repo);
	if (root == NULL)
		return err_set(err, ENOTSUP, "the repository %s has no work tree", gitrepo_git_dir(repo));
	struct span text = span_of(root);
	while (text.len > 1 && text.ptr[text.len - 1] == '/')
		text.len--;
	struct worktree *tree = strmap_get(git->by_root, text);
	if (tree == NULL) {
		tree = arena_alloc(git->mem, sizeof(*tree));
		tree->root = arena_strndup(git->mem, text.ptr, text.len);
		tree->repo = TAKE_PTR(mine);
		*vec_add(&git->all) = tree;
		int code = read_index(git, tree, err);
		if (code < 0)
			return code;
		(void)strmap_put(git->by_root, text, tree);
	}
	*ret = tree;
	return 0;
}

/* The work tree around a directory. 0, GITREPO_NONE or -errno. */
static int find_worktree(struct pkggit *git, const char *start, struct worktree **ret, struct err *err)
{
	struct worktree *known = strmap_get(git->by_start, span_of(start));
	if (known == NULL) {
		struct gitrepo *repo;
		int code = gitrepo_open(&(struct gitrepo_where){.start = start, .by_disk = true}, &repo, err);
		if (code < 0)
			return code;
		known = &no_repository;
		if (code == 0)
			code = keep(git, repo, &known, err);
		if (code < 0)
			return code;
		(void)strmap_put(git->by_start, span_of(start), known);
	}
	*ret = known;
	return known == &no_repository ? GITREPO_NONE : 0;
}

/* The first entry whose path is not before `path`. */
static size_t lower_bound(const struct gitindex *index, struct span path)
{
	size_t lo = 0, hi = index->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (span_cmp(index->entry[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The entry of this path, conflict or not; NULL if there is none. */
static const struct gitindex_entry *entry_at(const struct gitindex *index, const char *path)
{
	size_t at = lower_bound(index, span_of(path));
	return at < index->count && span_eq_str(index->entry[at].path, path) ? &index->entry[at] : NULL;
}

static bool has_entries_below(const struct gitindex *index, struct arena *mem, const char *dir)
{
	struct span prefix = span_of(arena_printf(mem, "%s/", dir));
	size_t at = lower_bound(index, prefix);
	return at < index->count && span_starts(index->entry[at].path, prefix);
}

/* 1, 0 or -errno. A directory's path, and that of a link to one, is tried with a slash at the end too. */
static int is_ignored(
	struct worktree *tree, struct arena *mem, const char *path, bool is_dir, struct err *err)
{
	int code = gitrepo_is_ignored(tree->repo, path, err);
	if (code == 0 && is_dir)
		code = gitrepo_is_ignored(tree->repo, arena_printf(mem, "%s/", path), err);
	return code;
}

static void emit(struct walk *w, const char *path)
{
	struct span below = path_below(span_of(path), w->strip);
	if (++w->count > PKGLIST_MAX_FILES) {
		w->code = err_set(
			w->err, E2BIG, "%s holds more than %zu files", w->tree->root, PKGLIST_MAX_FILES);
		return;
	}
	const char *slash = w->put.len != 0 && below.len != 0 ? "/" : "";
	w->add(w->to, arena_printf(w->mem, "%.*s%s%.*s", SPAN_ARG(w->put), slash, SPAN_ARG(below)));
}

static void refuse(struct walk *w, const char *path, const char *what)
{
	w->code = err_set(w->err, ENOTSUP, "%s/%s is %s", w->tree->root, path, what);
}

static bool holds_git(const char *dir)
{
	CLEANUP_STR struct str path = STR_INIT;
	struct stat st;
	path_join(&path, dir, ".git");
	return lstat(path.buf, &st) == 0;
}

/* cargo lists what is tracked below target/ too, last. */
static void add_tracked_below(struct walk *w, const char *dir)
{
	const struct gitindex *index = &w->tree->index;
	struct span prefix = span_of(arena_printf(w->mem, "%s/", dir));
	for (size_t i = lower_bound(index, prefix); w->code == 0 && i < index->count; i++) {
		if (!span_starts(index->entry[i].path, prefix))
			return;
		emit(w, index->entry[i].path.ptr);
	}
}

static void walk_dir(struct walk *w, const char *dir);

/* Another repository inside this one, at `path`: listed on its own, from its root. */
static void walk_nested(struct walk *w, const char *path)
{
	struct worktree *tree;
	const char *start = arena_printf(w->mem, "%s/%s", w->tree->root, path);
	int code = find_worktree(w->git, start, &tree, w->err);
	if (code == GITREPO_NONE || (code == 0 && strcmp(tree->root, start) != 0)) {
		refuse(w, path, "a repository that cannot be opened");
		return;
	}
	if (code < 0) {
		w->code = code;
		return;
	}
	struct span below = path_below(span_of(path), w->strip);
	const char *slash = w->put.len != 0 ? "/" : "";
	struct walk inner = *w;
	inner.tree = tree;
	inner.strip = span_make("", 0);
	inner.put = span_of(arena_printf(w->mem, "%.*s%s%.*s", SPAN_ARG(w->put), slash, SPAN_ARG(below)));
	inner.target = "target";
	walk_dir(&inner, "");
	add_tracked_below(&inner, inner.target);
	w->count = inner.count;
	w->code = inner.code;
}

static bool is_wanted(struct walk *w, const char *path, const struct gitindex_entry *entry, bool is_dir)
{
	if (entry != NULL)
		return true;
	/* cargo makes it anew where nobody tracks it. */
	if (strcmp(path, "Cargo.lock") == 0)
		return false;
	int code = is_ignored(w->tree, w->mem, path, is_dir, w->err);
	if (code < 0)
		w->code = code;
	return code == 0;
}

static void walk_link(struct walk *w, const char *path, const char *full, const struct gitindex_entry *entry)
{
	struct stat st;
	bool to_dir = stat(full, &st) == 0 && S_ISDIR(st.st_mode);
	if (!is_wanted(w, path, entry, to_dir))
		return;
	if (to_dir && holds_git(full))
		refuse(w, path, "a link to another repository");
	else
		emit(w, path);
}

static void walk_subdir(
	struct walk *w, const char *path, const char *full, const struct gitindex_entry *entry)
{
	bool nested = holds_git(full);
	if (strcmp(path, w->target) == 0)
		return;
	if (entry == NULL && !has_entries_below(&w->tree->index, w->mem, path) &&
		!is_wanted(w, path, NULL, true))
		return;
	if (nested)
		walk_nested(w, path);
	else if (entry != NULL)
		emit(w, path); /* a submodule that is not there */
	else
		walk_dir(w, path);
}

static void walk_entry(struct walk *w, const char *path)
{
	const char *full = arena_printf(w->mem, "%s/%s", w->tree->root, path);
	const struct gitindex_entry *entry = entry_at(&w->tree->index, path);
	struct stat st;
	if (lstat(full, &st) < 0)
		return;
	if (S_ISLNK(st.st_mode))
		walk_link(w, path, full, entry);
	else if (S_ISDIR(st.st_mode))
		walk_subdir(w, path, full, entry);
	else if (S_ISREG(st.st_mode) && is_wanted(w, path, entry, false))
		emit(w, path);
}

/* `dir` is relative to the work tree, "" for its root. */
static void walk_dir(struct walk *w, const char *dir)
{
	const char *full = arena_printf(w->mem, "%s/%s", w->tree->root, dir);
	if (++w->depth > MAX_DEPTH) {
		refuse(w, dir, "too deep");
		return;
	}
	DIR *stream = opendir(full);
	const struct dirent *entry;
	if (stream == NULL)
		w->code = err_sys(w->err, errno, "cannot list %s", full);
	while (stream != NULL && w->code == 0 && (entry = readdir(stream)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".git") == 0)
			continue;
		walk_entry(w,
			dir[0] == '\0' ? arena_strdup(w->mem, name)
				       : arena_printf(w->mem, "%s/%s", dir, name));
	}
	if (stream != NULL)
		(void)closedir(stream);
	w->depth--;
}

/* Only the git program can read this repository: its own list, files of the index first. */
static void list_by_program(struct walk *w, const char *package)
{
	static const char *const ask[] = {"ls-files", "-z", "--others", "--exclude-standard", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	const struct gitindex *index = &w->tree->index;
	for (size_t i = 0; w->code == 0 && i < index->count; i++) {
		if (path_has_prefix(index->entry[i].path, span_of(package)))
			emit(w, index->entry[i].path.ptr);
	}
	if (w->code == 0)
		w->code = gitprogram_output(w->tree->repo, ask, &out, w->err);
	struct span rest = str_span(&out);
	while (w->code == 0 && rest.len != 0) {
		size_t end = span_find(rest, '\0');
		const char *path = arena_strndup(w->mem, rest.ptr, end);
		rest = span_skip(rest, end + 1);
		if (!path_has_prefix(span_of(path), span_of(package)) || strcmp(path, "Cargo.lock") == 0)
			continue;
		if (span_ends(span_of(path), SPAN_LIT("/")))
			refuse(w, path, "another repository");
		else
			emit(w, path);
	}
}

/* cargo hands the package's directory to git as a pattern. */
static bool reads_as_pattern(const char *path)
{
	return strpbrk(path, "*?[\\") != NULL;
}

static int list_tracked(struct walk *w, const char *package)
{
	if (reads_as_pattern(package)) {
		refuse(w, package, "a name that reads as a pattern");
	} else if (gitrepo_by_program(w->tree->repo)) {
		list_by_program(w, package);
	} else {
		walk_dir(w, package);
		add_tracked_below(w, w->target);
	}
	return w->code;
}

static int list_package(
	void *ctx, const char *root, void (*add)(void *to, const char *path), void *to, struct err *err)
{
	struct pkggit *git = ctx;
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_FREE char *real = realpath(root, NULL);
	struct worktree *tree;
	if (real == NULL)
		return err_sys(err, errno, "cannot find %s", root);
	int code = find_worktree(git, real, &tree, err);
	if (code == GITREPO_NONE)
		return PKGLIST_UNTRACKED;
	if (code < 0)
		return code;
	if (!path_has_prefix(span_of(real), span_of(tree->root)))
		return err_set(err, ENOTSUP, "%s lies outside its repository's work tree", root);
	struct span below = path_below(span_of(real), span_of(tree->root));
	const char *package = arena_strndup(mem, below.ptr, below.len);
	const char *slash = below.len != 0 ? "/" : "";
	if (entry_at(&tree->index, arena_printf(mem, "%s%sCargo.toml", package, slash)) == NULL)
		return PKGLIST_UNTRACKED;
	struct walk w = {.git = git,
		.mem = mem,
		.tree = tree,
		.strip = below,
		.target = arena_printf(mem, "%s%starget", package, slash),
		.add = add,
		.to = to,
		.err = err};
	return list_tracked(&w, package);
}

int pkggit_ask(struct pkggit *git, const char *path, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span dir = path_dir(span_of(path));
	struct worktree *tree;
	CLEANUP_FREE char *real = realpath(arena_strndup(mem, dir.ptr, dir.len), NULL);
	/* The nearest directory that is there. */
	while (real == NULL && errno == ENOENT && dir.len > 1) {
		dir = path_dir(dir);
		real = realpath(arena_strndup(mem, dir.ptr, dir.len), NULL);
	}
	if (real == NULL)
		return err_sys(err, errno, "cannot find %s", path);
	int code = find_worktree(git, real, &tree, err);
	if (code != 0)
		return code == GITREPO_NONE ? PKGGIT_NO_REPOSITORY : code;
	if (!path_has_prefix(span_of(real), span_of(tree->root)))
		return err_set(err, ENOTSUP, "%s lies outside its repository's work tree", path);
	struct span below = path_below(span_of(real), span_of(tree->root));
	struct span name = path_below(span_of(path), dir);
	const char *in_tree =
		arena_printf(mem, "%.*s%s%.*s", SPAN_ARG(below), below.len != 0 ? "/" : "", SPAN_ARG(name));
	if (entry_at(&tree->index, in_tree) != NULL)
		return PKGGIT_TRACKED;
	struct stat st;
	bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	code = is_ignored(tree, mem, in_tree, is_dir, err);
	return code < 0 ? code : code == 1 ? PKGGIT_IGNORED : PKGGIT_UNTRACKED;
}
