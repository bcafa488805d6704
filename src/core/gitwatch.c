#include "steady/core/gitwatch.h"

#include "steady/core/gitindex.h"
#include "steady/core/gitstate.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_REF_FILE ((size_t)64 * 1024)
#define MAX_PACKED_REFS ((size_t)256 << 20)
#define MAX_CONFIG ((size_t)1 << 20)
#define MAX_REFS ((size_t)200000)
#define MAX_DEPTH 32

enum watched {
	WATCHED_OTHER,
	WATCHED_HEAD,
	WATCHED_REFS,
	WATCHED_INDEX,
	WATCHED_ALL,
};

struct watch {
	struct arena *mem;
	const char *git_dir, *common_dir;
	enum watched what;
	/** Of WATCHED_REFS: a reference, or what many begin with. */
	struct span refs;
};

/* "refs/heads/main", or nothing where HEAD names no branch. */
static struct span branch_of_head(const struct watch *w)
{
	struct span text;
	CLEANUP_CLOSE int fd = fsio_open_root(w->git_dir, NULL);
	if (fd < 0 || fsio_read(fd, "HEAD", MAX_REF_FILE, w->mem, &text, NULL, NULL) != 0 ||
		!span_starts(text, SPAN_LIT("ref: ")))
		return SPAN_LIT("");
	return span_trim(span_skip(text, strlen("ref: ")));
}

static bool is_of_branch(struct span below, struct span branch)
{
	if (span_starts(below, SPAN_LIT("logs/")))
		below = span_skip(below, strlen("logs/"));
	return branch.len != 0 && span_eq(below, branch);
}

static void find_meaning(struct watch *w, struct span below)
{
	const bool linked = strcmp(w->git_dir, w->common_dir) != 0;
	w->what = WATCHED_OTHER;
	if (below.len == 0)
		w->what = WATCHED_ALL;
	else if (span_eq_str(below, "HEAD") || span_eq_str(below, "logs/HEAD") ||
		is_of_branch(below, branch_of_head(w)))
		w->what = WATCHED_HEAD;
	else if (span_eq_str(below, "index"))
		w->what = WATCHED_INDEX;
	/* A linked worktree has some references of its own. */
	else if (!linked && path_has_prefix(below, SPAN_LIT("refs")))
		w->what = WATCHED_REFS;
	else if (!linked && span_eq_str(below, "packed-refs"))
		w->what = WATCHED_REFS;
	w->refs = path_has_prefix(below, SPAN_LIT("refs")) ? below : SPAN_LIT("refs");
}

static bool start(struct watch *w, struct arena *mem, const char *path)
{
	*w = (struct watch){.mem = mem, .git_dir = gitstate_directory(mem, path)};
	if (w->git_dir == NULL)
		return false;
	w->common_dir = gitstate_common(mem, w->git_dir);
	find_meaning(w, path_below(span_of(path), span_of(w->git_dir)));
	return w->what != WATCHED_OTHER;
}

static bool is_named_git(struct span path)
{
	for (; path.len > 1; path = path_dir(path)) {
		if (span_eq_str(path_base(path), ".git"))
			return true;
	}
	return false;
}

/* A repository among the sources is data; one around the workspace has nothing to do with its files. */
static bool is_of_work_tree(const char *git_dir, const char *workspace_root, const char *path)
{
	const struct span dir = span_of(git_dir), root = span_of(workspace_root);
	if (path_has_prefix(dir, root))
		return is_named_git(path_below(dir, root));
	return !path_has_prefix(root, dir) || !path_has_prefix(span_of(path), root);
}

bool gitwatch_knows(struct arena *mem, const char *workspace_root, const char *path)
{
	struct watch w;
	return start(&w, mem, path) && is_of_work_tree(w.git_dir, workspace_root, path);
}

struct refs {
	const struct watch *w;
	struct strmap *value;
	struct timespec *youngest;
	int fd;
};

static void count_stamps(struct timespec *youngest, const struct stat *st)
{
	if (timespec_cmp(st->st_mtim, *youngest) > 0)
		*youngest = st->st_mtim;
	if (timespec_cmp(st->st_ctim, *youngest) > 0)
		*youngest = st->st_ctim;
}

static bool put(struct refs *r, struct span name, struct span value)
{
	char *kept = arena_strndup(r->w->mem, value.ptr, value.len);
	(void)strmap_put(r->value, name, kept);
	return strmap_count(r->value) <= MAX_REFS;
}

static bool take_packed(struct refs *r)
{
	struct span rest, line;
	struct stat st;
	int code = fsio_read(r->fd, "packed-refs", MAX_PACKED_REFS, r->w->mem, &rest, &st, NULL);
	if (code != 0)
		return code == FSIO_MISSING;
	count_stamps(r->youngest, &st);
	while (span_next_line(&rest, &line)) {
		size_t at = span_find(line, ' ');
		struct span name = at == line.len ? SPAN_LIT("") : span_skip(line, at + 1);
		if (line.ptr[0] != '#' && path_has_prefix(name, r->w->refs) &&
			!put(r, name, span_make(line.ptr, at)))
			return false;
	}
	return true;
}

static bool take_file(struct refs *r, const char *name)
{
	struct span text;
	struct stat st;
	int code = fsio_read(r->fd, name, MAX_REF_FILE, r->w->mem, &text, &st, NULL);
	if (code != 0)
		return code == FSIO_MISSING;
	count_stamps(r->youngest, &st);
	return put(r, span_of(name), span_trim(text));
}

static bool take_loose(struct refs *r, const char *name, unsigned depth)
{
	struct dir_list list;
	struct stat st;
	int code = fsio_stat(r->fd, name, &st, NULL);
	if (code != 0 || S_ISREG(st.st_mode))
		return code == 0 ? take_file(r, name) : code == FSIO_MISSING;
	CLEANUP_CLOSE int dir = fsio_open_dir(r->fd, name, NULL);
	if (depth > MAX_DEPTH || dir < 0 || fsio_list(dir, MAX_REFS, r->w->mem, &list, NULL) < 0)
		return false;
	count_stamps(r->youngest, &st);
	bool good = true;
	for (size_t i = 0; good && i < list.count; i++)
		good = take_loose(r, arena_printf(r->w->mem, "%s/%s", name, list.entry[i].name), depth + 1);
	return good;
}

struct named {
	struct span name;
	const char *value;
};

struct named_list {
	VEC(struct named) all;
};

static int add_named(struct span name, void *value, void *ctx)
{
	struct named_list *list = ctx;
	*vec_add(&list->all) = (struct named){name, value};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return span_cmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static void add_refs(const struct refs *r, struct str *out)
{
	struct named_list list = {VEC_INIT};
	(void)strmap_each(r->value, add_named, &list);
	if (list.all.len != 0)
		qsort(list.all.data, list.all.len, sizeof(*list.all.data), by_name);
	vec_each (ref, &list.all)
		str_printf(out, "\n%.*s %s", SPAN_ARG(ref->name), ref->value);
	vec_release(&list.all);
}

/* What lies loose goes before what is packed. */
static bool read_refs(const struct watch *w, struct str *out, struct timespec *youngest)
{
	struct stat st;
	CLEANUP_STRMAP struct strmap *value = strmap_new();
	CLEANUP_CLOSE int fd = fsio_open_root(w->common_dir, NULL);
	struct refs r = {w, value, youngest, fd};
	const char *top = arena_strndup(w->mem, w->refs.ptr, w->refs.len);
	if (fd < 0 || fsio_stat(fd, "reftable", &st, NULL) != FSIO_MISSING || !take_packed(&r) ||
		!take_loose(&r, top, 0))
		return false;
	add_refs(&r, out);
	return true;
}

static bool read_index(const struct watch *w, struct str *out, struct timespec *youngest)
{
	CLEANUP_GITREPO struct gitrepo *repo = NULL;
	struct gitindex index;
	struct stat st;
	CLEANUP_CLOSE int fd = fsio_open_root(w->git_dir, NULL);
	if (fd < 0 || fsio_stat(fd, "index", &st, NULL) != 0 || !S_ISREG(st.st_mode) ||
		gitrepo_open(&(struct gitrepo_where){.git_dir = w->git_dir, .by_disk = true}, &repo, NULL) !=
			0 ||
		gitindex_read(repo, w->mem, &index, NULL) < 0)
		return false;
	count_stamps(youngest, &st);
	for (size_t i = 0; i < index.count; i++) {
		const struct gitindex_entry *e = &index.entry[i];
		str_printf(
			out, "\n%o %u%d%d ", (unsigned)e->mode, e->stage, e->skip_worktree, e->intent_to_add);
		str_add_mem(out, (const char *)e->id.byte, e->id.len);
		str_add_span(out, e->path);
	}
	return true;
}

/* Sections that hold what a job is given to log in with. */
static bool is_secret(struct span section)
{
	static const char *const secret[] = {"http", "credential", "includeif"};
	bool is = false;
	for (size_t i = 0; i < COUNT_OF(secret); i++)
		is |= section.len > strlen(secret[i]) &&
			strncasecmp(section.ptr, secret[i], strlen(secret[i])) == 0;
	return is;
}

static bool read_config(const struct watch *w, struct str *out, struct timespec *youngest)
{
	struct span rest, line;
	struct stat st;
	bool left_out = false;
	CLEANUP_CLOSE int fd = fsio_open_root(w->common_dir, NULL);
	int code = fd < 0 ? fd : fsio_read(fd, "config", MAX_CONFIG, w->mem, &rest, &st, NULL);
	if (code != 0)
		return code == FSIO_MISSING;
	count_stamps(youngest, &st);
	while (span_next_line(&rest, &line)) {
		line = span_trim(line);
		if (span_starts(line, SPAN_LIT("[")))
			left_out = is_secret(span_skip(line, 1));
		if (left_out)
			continue;
		str_add_char(out, '\n');
		str_add_span(out, line);
	}
	return true;
}

bool gitwatch_read(struct arena *mem, const char *path, struct str *out, struct timespec *ret_youngest)
{
	struct watch w;
	struct timespec head = {0, 0}, youngest = {0, 0};
	if (!start(&w, mem, path))
		return false;
	if (w.what != WATCHED_REFS && !gitstate_read(w.git_dir, out, &head))
		return false;
	if ((w.what == WATCHED_REFS || w.what == WATCHED_ALL) && !read_refs(&w, out, &youngest))
		return false;
	if ((w.what == WATCHED_INDEX || w.what == WATCHED_ALL) && !read_index(&w, out, &youngest))
		return false;
	if (w.what == WATCHED_ALL && !read_config(&w, out, &youngest))
		return false;
	*ret_youngest = timespec_cmp(head, youngest) > 0 ? head : youngest;
	return true;
}
