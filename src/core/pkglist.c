#include "steady/core/pkglist.h"

#include "steady/format/toml.h"
#include "steady/util/fsio.h"
#include "steady/util/ignore.h"
#include "steady/util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper trees are not followed. */
#define MAX_DEPTH 256
/* Patterns that one with groups may stand for. */
#define MAX_ALTERNATIVES 256u
/* Lock files count since cargo 1.84, before that for packages with a program. */
#define MINOR_LOCKFILE 84
/* Before, cargo read git by libgit2: files came in the order of the index. */
#define MINOR_GITOXIDE 82

struct lister {
	struct arena *mem;
	const char *root;
	/** Patterns of `include`, or those of `exclude`. */
	struct ignore *rules;
	bool has_include;
	bool lockfile;
	VEC(struct pkglist_file) files;
	/** Of nested packages, as found. */
	VEC(struct span) nested;
	/** Entries that the walk has come to. */
	size_t visited;
	bool too_many;
	/** One that cannot be read; empty if there is none. */
	struct span strange_rule;
};

static bool exists(const char *dir, const char *name)
{
	CLEANUP_STR struct str path = STR_INIT;
	path_join(&path, dir, name);
	return access(path.buf, F_OK) == 0;
}

static int read_manifest(const char *dir, struct arena *mem, struct toml_value **ret, struct err *err)
{
	struct span text;
	CLEANUP_CLOSE int fd = fsio_open_root(dir, err);
	int code = fd < 0 ? fd : fsio_read(fd, "Cargo.toml", TOML_MAX_BYTES, mem, &text, NULL, err);
	if (code == FSIO_MISSING)
		return err_set(err, ENOENT, "there is no Cargo.toml in %s", dir);
	if (code == 0)
		code = toml_parse(mem, text, ret, err);
	return code < 0 ? err_wrap(err, "%s/Cargo.toml", dir) : code;
}

/* package.<key>, which may be inherited from the workspace. */
static const struct toml_value *package_value(
	const struct toml_value *doc, const struct toml_value *workspace, const char *key)
{
	const struct toml_value *package = toml_get(doc, "package");
	const struct toml_value *value =
		toml_member(package != NULL ? package : toml_get(doc, "project"), span_of(key));
	bool inherited = false;
	if (toml_bool(toml_get(value, "workspace"), &inherited) && inherited)
		return toml_member(toml_get(workspace, "workspace.package"), span_of(key));
	return value;
}

/* The end of the group that `s` begins with, and its first comma outside inner groups; s.len if there is none. */
static size_t group_end(struct span s, size_t *ret_comma)
{
	unsigned depth = 0;
	*ret_comma = s.len;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '\\')
			i++;
		else if (c == '{')
			depth++;
		else if (c == ',' && depth == 1 && *ret_comma == s.len)
			*ret_comma = i;
		else if (c == '}' && --depth == 0)
			return i;
	}
	return s.len;
}

static size_t group_start(struct span s)
{
	size_t i = 0;
	while (i < s.len && s.ptr[i] != '{')
		i += s.ptr[i] == '\\' ? 2 : 1;
	return i < s.len ? i : s.len;
}

/*
 * One pattern, or as many as its groups stand for ("{a,b}c": "ac", "bc"), which git's own patterns do not have.
 * False where there are too many, or a group has no end.
 */
static bool add_rule(struct lister *l, struct span pattern, unsigned *room)
{
	size_t start = group_start(pattern), comma;
	if (start == pattern.len) {
		ignore_add(l->rules, pattern);
		return true;
	}
	struct span group = span_skip(pattern, start);
	size_t end = group_end(group, &comma);
	if (end >= group.len)
		return false;
	struct span inside = span_make(group.ptr + 1, end - 1), after = span_skip(group, end + 1);
	for (bool more = true; more;) {
		/* Counted as if the rest were a group of its own. */
		struct span rest = span_of(arena_printf(l->mem, "{%.*s}", SPAN_ARG(inside)));
		size_t whole = group_end(rest, &comma);
		more = comma < whole;
		struct span first = span_make(inside.ptr, more ? comma - 1 : inside.len);
		inside = span_skip(inside, first.len + 1);
		if ((*room)-- == 0)
			return false;
		if (!add_rule(l,
			    span_of(arena_printf(l->mem, "%.*s%.*s%.*s", (int)start, pattern.ptr,
				    SPAN_ARG(first), SPAN_ARG(after))),
			    room))
			return false;
	}
	return true;
}

static size_t add_rules(struct lister *l, const struct toml_value *patterns)
{
	size_t count = 0;
	struct span text;
	toml_each (item, patterns) {
		if (!toml_string(item, &text))
			continue;
		unsigned room = MAX_ALTERNATIVES;
		if (!add_rule(l, text, &room))
			l->strange_rule = text;
		count++;
	}
	return count;
}

static bool has_program(const char *root, const struct toml_value *doc)
{
	return exists(root, "src/main.rs") || exists(root, "src/bin") || exists(root, "examples") ||
		toml_get(doc, "bin") != NULL || toml_get(doc, "example") != NULL;
}

/* cargo's filter: does the path count? */
static bool wanted(const struct lister *l, struct span relative, bool is_dir)
{
	if (span_eq_str(relative, "Cargo.lock"))
		return l->lockfile;
	if (span_eq_str(relative, "Cargo.toml"))
		return true;
	if (l->has_include)
		return is_dir || ignore_match_above(l->rules, relative, false) == IGNORE_YES;
	return ignore_match_above(l->rules, relative, is_dir) != IGNORE_YES;
}

static void add_file(struct lister *l, const char *path, const struct stat *st)
{
	if (l->files.len >= PKGLIST_MAX_FILES) {
		l->too_many = true;
		return;
	}
	struct pkglist_file *file = vec_add(&l->files);
	*file = (struct pkglist_file){.path = path};
	if (st != NULL)
		file->mtime = st->st_mtim;
}

struct above {
	const struct above *up;
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

static bool is_above(const struct above *a, const struct stat *st)
{
	for (; a != NULL; a = a->up) {
		if (a->dev == st->st_dev && a->ino == st->st_ino)
			return true;
	}
	return false;
}

/* The walk's root is the package's, or (with git) a directory in it that git does not look into. */
struct walk {
	struct lister *l;
	bool package_root;
};

static void walk_dir(const struct walk *w, const char *path, const struct stat *st, const struct above *up);

/* What an entry is, links followed. */
struct entry {
	struct stat st;
	bool is_link, resolved, is_dir;
};

static bool look_at(const char *path, struct entry *e)
{
	if (lstat(path, &e->st) < 0)
		return false;
	e->is_link = S_ISLNK(e->st.st_mode);
	e->resolved = !e->is_link || stat(path, &e->st) == 0;
	e->is_dir = e->resolved && S_ISDIR(e->st.st_mode);
	return true;
}

/* A dangling link is listed, with no time; what is neither file nor link is not. */
static void list_entry(struct lister *l, const char *path, const struct entry *e)
{
	if (!e->resolved)
		add_file(l, path, NULL);
	else if (S_ISREG(e->st.st_mode))
		add_file(l, path, &e->st);
}

static bool is_entered(const struct walk *w, const char *path, const char *name, const struct above *here,
	const struct entry *e)
{
	if (exists(path, "Cargo.toml") ||
		(w->package_root && here->depth == 1 && strcmp(name, "target") == 0))
		return false;
	return here->depth < MAX_DEPTH && !(e->is_link && is_above(here, &e->st));
}

static void walk_entry(const struct walk *w, const char *path, const char *name, const struct above *here)
{
	struct entry e;
	struct span below = path_below(span_of(path), span_of(w->l->root));
	if (!look_at(path, &e) || !wanted(w->l, below, e.is_dir))
		return;
	if (!e.is_dir)
		list_entry(w->l, path, &e);
	else if (is_entered(w, path, name, here, &e))
		walk_dir(w, path, &e.st, here);
}

static void walk_dir(const struct walk *w, const char *path, const struct stat *st, const struct above *up)
{
	struct above here = {
		.up = up, .dev = st->st_dev, .ino = st->st_ino, .depth = up != NULL ? up->depth + 1 : 1};
	DIR *dir = opendir(path);
	const struct dirent *entry;
	while (dir != NULL && !w->l->too_many && (entry = readdir(dir)) != NULL) {
		w->l->too_many = ++w->l->visited > PKGLIST_MAX_FILES;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		walk_entry(w, arena_printf(w->l->mem, "%s/%s", path, entry->d_name), entry->d_name, &here);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

static void walk(struct lister *l, const char *path, bool package_root)
{
	const struct walk w = {.l = l, .package_root = package_root};
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		walk_dir(&w, path, &st, NULL);
}

static bool is_nested(const struct lister *l, struct span path)
{
	for (size_t i = 0; i < l->nested.len; i++) {
		if (path_has_prefix(path, l->nested.data[i]))
			return true;
	}
	return false;
}

/* A Cargo.toml below the root makes its directory another package: what was listed of it goes. */
static void drop_nested(struct lister *l, struct span dir)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->files.len; i++) {
		if (!path_has_prefix(span_of(l->files.data[i].path), dir))
			l->files.data[kept++] = l->files.data[i];
	}
	l->files.len = kept;
	*vec_add(&l->nested) = dir;
}

/* One path that git tracks or does not ignore. */
static void add_from_git(void *to, const char *relative)
{
	struct lister *l = to;
	struct span below = span_of(relative);
	const char *path = arena_printf(l->mem, "%s/%s", l->root, relative);
	struct span dir = path_dir(span_of(path));
	if (span_eq_str(path_base(below), "Cargo.toml") && !span_eq_str(below, "Cargo.toml")) {
		drop_nested(l, dir);
		return;
	}
	struct entry e;
	if (is_nested(l, span_of(path)) || !look_at(path, &e))
		return;
	if (e.is_dir)
		walk(l, path, false);
	else if (wanted(l, below, false))
		list_entry(l, path, &e);
}

static int list_files(struct lister *l, const struct pkglist_options *options,
	const struct toml_value *exclude, bool *ret_by_git, struct err *err)
{
	int code = PKGLIST_UNTRACKED;
	if (!l->has_include)
		(void)add_rules(l, exclude);
	if (!l->has_include && options->git != NULL)
		code = options->git->list(options->git->ctx, l->root, add_from_git, l, err);
	*ret_by_git = code == 0;
	if (code != PKGLIST_UNTRACKED)
		return code;
	if (!l->has_include) {
		/* Only without git: names with a dot in front do not count. They come first, patterns may take back. */
		l->rules = ignore_free(l->rules);
		l->rules = ignore_new();
		ignore_add(l->rules, SPAN_LIT(".*"));
		(void)add_rules(l, exclude);
	}
	l->files.len = l->nested.len = 0;
	walk(l, l->root, true);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct pkglist_file *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static void take_files(const struct lister *l, bool by_git, unsigned minor, struct pkglist *ret)
{
	*ret = (struct pkglist){.root = arena_strdup(l->mem, l->root),
		.file = vec_copy(l->mem, &l->files),
		.count = l->files.len,
		.by_git = by_git};
	if (by_git && minor != 0 && minor < MINOR_GITOXIDE)
		qsort(ret->file, ret->count, sizeof(*ret->file), by_path);
}

int pkglist_read(const struct pkglist_options *options, const char *root, struct arena *mem,
	struct pkglist *ret, struct err *err)
{
	struct toml_value *doc, *workspace = NULL;
	int code = read_manifest(root, mem, &doc, err);
	if (code < 0)
		return code;
	if (options->workspace_root != NULL && strcmp(options->workspace_root, root) != 0)
		(void)read_manifest(options->workspace_root, mem, &workspace, NULL);
	if (workspace == NULL)
		workspace = doc;
	struct lister l = {.mem = mem, .root = root, .rules = ignore_new()};
	bool by_git = false;
	l.has_include = add_rules(&l, package_value(doc, workspace, "include")) != 0;
	l.lockfile = options->minor == 0 || options->minor >= MINOR_LOCKFILE || has_program(root, doc);
	code = list_files(&l, options, package_value(doc, workspace, "exclude"), &by_git, err);
	if (code >= 0 && l.strange_rule.len != 0)
		code = err_set(err, EBADMSG, "the pattern \"%.*s\" in %s/Cargo.toml cannot be read",
			SPAN_ARG(l.strange_rule), root);
	if (code >= 0 && l.too_many)
		code = err_set(err, E2BIG, "%s holds more than %zu files", root, PKGLIST_MAX_FILES);
	if (code >= 0)
		take_files(&l, by_git, options->minor, ret);
	l.rules = ignore_free(l.rules);
	vec_release(&l.files);
	vec_release(&l.nested);
	return code < 0 ? code : 0;
}

static const char *newest_text(const struct pkglist *list, const struct pkglist_file *file, struct arena *mem)
{
	struct span name = {"", 0};
	struct timespec t = {.tv_sec = 0};
	if (file != NULL) {
		name = path_below(span_of(file->path), span_of(list->root));
		t = file->mtime;
	}
	return arena_printf(mem, "%lld.%09lds (%.*s)", (long long)t.tv_sec, (long)t.tv_nsec, SPAN_ARG(name));
}

const char *pkglist_newest(const struct pkglist *list, struct span recorded, struct arena *mem)
{
	const struct pkglist_file *newest = NULL;
	const struct timespec zero = {.tv_sec = 0};
	for (size_t i = 0; i < list->count; i++) {
		const struct timespec t = newest != NULL ? newest->mtime : zero;
		if (timespec_cmp(list->file[i].mtime, t) > 0)
			newest = &list->file[i];
	}
	for (size_t i = 0; newest != NULL && i < list->count; i++) {
		if (timespec_cmp(list->file[i].mtime, newest->mtime) != 0)
			continue;
		const char *text = newest_text(list, &list->file[i], mem);
		if (span_eq_str(recorded, text))
			return text;
	}
	return newest_text(list, newest, mem);
}
