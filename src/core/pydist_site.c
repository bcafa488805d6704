/* What is installed in one directory of packages. */
#include "pydist_priv.h"

#include "steady/format/json.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_RECORD ((size_t)64 * 1024 * 1024)
#define MAX_ENTRIES ((size_t)100000)
/* Making __pycache__ changes the directory's time: no later than this before the clock's next tick. */
#define TICK_NS 20000000L

/* Values of the map of what RECORDs answer for. */
static char covered_by_other, covered_by_own, covered_by_editable;

struct site {
	struct pydist *dist;
	const char *path;
	/** First components of the paths in RECORDs. */
	struct strmap *covered;
	struct span last;
	/** All the paths in RECORDs; NULL unless the path is pinned, for nobody else has to find what was dropped among them. */
	struct strmap *claimed;
};

static const char *below(const struct site *s, const char *name)
{
	return arena_printf(s->dist->mem, "%s/%s", s->path, name);
}

struct origin {
	bool editable, own;
};

static int unhex(char c)
{
	return c >= '0' && c <= '9'                      ? c - '0'
		: (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							 : -1;
}

/* The path of file://[localhost]/path, its escapes undone; empty for any other URL. */
static void path_of_url(struct span url, struct str *out)
{
	if (!span_starts(url, SPAN_LIT("file://")))
		return;
	url = span_skip(url, strlen("file://"));
	url = span_skip(url, span_find(url, '/'));
	for (size_t i = 0; i < url.len; i++) {
		int high = i + 2 < url.len ? unhex(url.ptr[i + 1]) : -1;
		int low = i + 2 < url.len ? unhex(url.ptr[i + 2]) : -1;
		if (url.ptr[i] == '%' && high >= 0 && low >= 0) {
			str_add_char(out, (char)(unsigned char)(high * 16 + low));
			i += 2;
		} else {
			str_add_char(out, url.ptr[i]);
		}
	}
	while (out->len > 1 && out->buf[out->len - 1] == '/')
		out->buf[--out->len] = '\0';
}

/* PEP 610: where it was installed from, if not from an index. */
static void read_origin(struct site *s, const char *directory, struct origin *ret)
{
	CLEANUP_JSON struct cJSON *json = NULL;
	CLEANUP_STR struct str path = STR_INIT;
	struct span text, url;
	*ret = (struct origin){.own = false};
	const char *file = below(s, arena_printf(s->dist->mem, "%s/direct_url.json", directory));
	int code = pydist_read_file(s->dist, file, PYDIST_MAX_SMALL, &text);
	if (code == FSIO_MISSING)
		return;
	if (code < 0 || json_parse(text, PYDIST_MAX_SMALL, &json, NULL) < 0) {
		pydist_give_up(s->dist, arena_printf(s->dist->mem, "holds %s, which cannot be read", file));
		return;
	}
	const struct cJSON *info = cJSON_GetObjectItemCaseSensitive(json, "dir_info");
	ret->editable = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(info, "editable"));
	if (info != NULL && json_string(cJSON_GetObjectItemCaseSensitive(json, "url"), &url))
		path_of_url(url, &path);
	if (path.len != 0)
		ret->own = ret->editable ? pydist_is_own(s->dist, str_span(&path))
					 : pydist_is_project(s->dist, str_span(&path));
}

static void cover(struct site *s, struct span path, const struct origin *origin)
{
	struct span first = span_make(path.ptr, span_find(path, '/'));
	/* Most lines begin as the one before. */
	if (span_eq(first, s->last))
		return;
	s->last = first;
	(void)strmap_put(s->covered, first,
		origin->own                ? &covered_by_own
			: origin->editable ? &covered_by_editable
					   : &covered_by_other);
}

static void read_lines(
	struct site *s, struct span text, struct pydist_item *item, size_t at, const struct origin *origin)
{
	struct pydist *dist = s->dist;
	struct pyrecord_line line;
	while (pyrecord_next(&text, &line)) {
		if (path_is_inside(line.path))
			cover(s, line.path, origin);
		if (s->claimed != NULL)
			(void)strmap_put(s->claimed, line.path, &covered_by_other);
		if (origin->own || line.passed_over)
			continue;
		if (line.hash.len != 0) {
			pyrecord_add(&item->sum, line.both);
			continue;
		}
		if (dist->budget == 0) {
			pydist_give_up(dist, "holds too many files that no RECORD has a hash of");
			return;
		}
		dist->budget--;
		const char *path = arena_printf(dist->mem, "%s/%.*s", s->path, SPAN_ARG(line.path));
		*vec_add(&dist->unhashed) =
			(struct pydist_unhashed){at, line.path, contents_want(dist->contents, path)};
	}
}

/* One *.dist-info; without a RECORD it is left to what is hashed itself. */
static void read_distribution(struct site *s, const char *directory)
{
	struct pydist *dist = s->dist;
	struct span name, version, text;
	struct origin origin;
	struct stat st;
	if (!pyrecord_name(span_of(directory), &name, &version))
		return;
	const char *record = below(s, arena_printf(dist->mem, "%s/RECORD", directory));
	int code = pydist_read_file(dist, record, MAX_RECORD, &text);
	if (code == FSIO_MISSING)
		return;
	if (code < 0) {
		pydist_give_up(dist, arena_printf(dist->mem, "holds %s, which cannot be read", record));
		return;
	}
	if (stat(below(s, directory), &st) == 0)
		pydist_newest(dist, &st);
	read_origin(s, directory, &origin);
	struct pydist_item item = {.name = arena_strndup(dist->mem, name.ptr, name.len),
		.version = arena_strndup(dist->mem, version.ptr, version.len)};
	s->last = SPAN_LIT("");
	cover(s, span_of(directory), &origin);
	read_lines(s, text, &item, dist->item.len, &origin);
	if (!origin.own)
		*vec_add(&dist->item) = item;
}

/* A line that is code, which is not run here, and is part of what is compared. */
static bool is_code(struct span line)
{
	return span_starts(line, SPAN_LIT("import ")) || span_starts(line, SPAN_LIT("import\t"));
}

/* It may lead anywhere if it holds a path, or belongs to an editable installation; setuptools' finder is read for itself. */
static void judge_code(struct site *s, const char *name, struct span line, bool editable)
{
	struct pydist *dist = s->dist;
	if (editable && !span_starts(line, SPAN_LIT("import __editable__")))
		pydist_give_up(
			dist, arena_printf(dist->mem, "holds %s, whose editable installation is code", name));
	else if (dist->env->pinned && span_find(line, '/') != line.len)
		pydist_give_up(
			dist, arena_printf(dist->mem, "holds %s, whose code may lead elsewhere", name));
}

/* Another directory of packages, or one of modules. */
static void follow_path(struct site *s, const char *path)
{
	struct pydist *dist = s->dist;
	struct span base = path_base(span_of(path));
	for (size_t i = 0; i < dist->nsite; i++) {
		if (strcmp(dist->site[i], path) == 0)
			return;
	}
	bool of_packages = span_eq_str(base, "site-packages") || span_eq_str(base, "dist-packages") ||
		path_has_prefix(span_of(path), span_of(s->path));
	if (!of_packages)
		pydist_add_tree(dist, path);
	else if (dist->nsite == PYENV_MAX_SITES)
		pydist_give_up(dist, "has too many directories of packages");
	else
		dist->site[dist->nsite++] = path;
}

/* A line of a .pth file: another directory, a comment, or code. */
static void follow_path_line(struct site *s, const char *name, struct span line, bool editable)
{
	struct pydist *dist = s->dist;
	CLEANUP_STR struct str path = STR_INIT, normal = STR_INIT;
	line = span_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return;
	if (is_code(line)) {
		judge_code(s, name, line, editable);
		return;
	}
	path_join(&path, s->path, arena_strndup(dist->mem, line.ptr, line.len));
	path_normalize(&normal, str_span(&path));
	/* One that is missing now may be there next time. */
	if (!pydist_is_in_own(dist, str_span(&normal)))
		follow_path(s, arena_strdup(dist->mem, normal.buf));
}

static void follow_paths(struct site *s, const char *name, bool editable)
{
	struct span text, line;
	int code = pydist_read_file(s->dist, below(s, name), PYDIST_MAX_SMALL, &text);
	if (code < 0)
		pydist_give_up(s->dist, arena_printf(s->dist->mem, "holds %s, which cannot be read", name));
	while (code == 0 && span_next_line(&text, &line))
		follow_path_line(s, name, line, editable);
}

/* For trees that are hashed themselves: whatever is not compiled, as long as it is not too much. */
static bool is_counted(const char *path, bool is_directory, const void *ctx)
{
	size_t *budget = (size_t *)(uintptr_t)ctx;
	if (!is_directory && span_ends(span_of(path), SPAN_LIT(".pyc")))
		return false;
	if (*budget != 0)
		--*budget;
	return *budget != 0;
}

/* Wheels may hold empty directories (cffi.libs), which uv makes and pip does not; a name with a dot cannot be imported. */
static bool is_empty_shell(struct site *s, const char *name)
{
	struct dir_list list = {.count = 0};
	if (strchr(name, '.') == NULL)
		return false;
	CLEANUP_CLOSE int fd = fsio_open_root(below(s, name), NULL);
	return fd >= 0 && fsio_list(fd, MAX_ENTRIES, s->dist->mem, &list, NULL) == 0 && list.count == 0;
}

/* Something that no RECORD answers for. */
static void add_loose(struct site *s, const char *name)
{
	struct pydist *dist = s->dist;
	struct pydist_item item = {.name = arena_strdup(dist->mem, name)};
	struct stat st;
	if (stat(below(s, name), &st) < 0 || is_empty_shell(s, name))
		return;
	if (S_ISDIR(st.st_mode)) {
		item.listing = arena_alloc(dist->mem, sizeof(*item.listing));
		item.listing->filter = is_counted;
		item.listing->ctx = &dist->budget;
		listing_walk(dist->mem, dist->contents, below(s, name), item.listing);
	} else {
		item.content = contents_want(dist->contents, below(s, name));
	}
	if (dist->budget != 0)
		dist->budget--;
	if (dist->budget == 0)
		pydist_give_up(dist, "holds too many files that no RECORD answers for");
	*vec_add(&dist->item) = item;
}

struct dropping {
	const struct site *s;
	const char *name;
	struct str *path;
};

/* What no RECORD names; directories are entered. */
static bool is_dropped(const char *path, bool is_directory, const void *ctx)
{
	const struct dropping *d = ctx;
	if (is_directory)
		return true;
	if (span_ends(span_of(path), SPAN_LIT(".pyc")))
		return false;
	str_clear(d->path);
	str_printf(d->path, "%s/%s", d->name, path);
	return strmap_get(d->s->claimed, str_span(d->path)) == NULL;
}

/* A file that was put by hand among those of a distribution can be imported as they can. */
static void add_dropped(struct site *s, const char *name)
{
	struct pydist *dist = s->dist;
	CLEANUP_STR struct str path = STR_INIT;
	const struct dropping dropping = {s, name, &path};
	struct stat st;
	if (stat(below(s, name), &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	struct listing *list = arena_alloc(dist->mem, sizeof(*list));
	list->filter = is_dropped;
	list->ctx = &dropping;
	listing_walk(dist->mem, dist->contents, below(s, name), list);
	/* Directories alone hold nothing, and some installers leave empty ones. */
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (list->entry[i].type != LISTED_DIRECTORY)
			list->entry[kept++] = list->entry[i];
	}
	list->count = kept;
	if (kept == 0 && list->why == NULL) {
		listing_release(list);
		return;
	}
	if (kept > dist->budget)
		pydist_give_up(dist, "holds too many files that no RECORD answers for");
	dist->budget -= kept < dist->budget ? kept : dist->budget;
	*vec_add(&dist->item) =
		(struct pydist_item){.name = arena_printf(dist->mem, "%s/*", name), .listing = list};
}

static void visit(struct site *s, const char *name)
{
	struct span text = span_of(name);
	const char *cover_of = strmap_get(s->covered, text);
	if (strcmp(name, "__pycache__") == 0 || span_ends(text, SPAN_LIT(".pyc")))
		return;
	const bool pth = span_ends(text, SPAN_LIT(".pth"));
	if (cover_of == &covered_by_own)
		return;
	if (pth || span_ends(text, SPAN_LIT(".egg-link")))
		follow_paths(s, name, cover_of == &covered_by_editable);
	else if (span_starts(text, SPAN_LIT("__editable__")))
		pydist_add_finder(s->dist, below(s, name));
	if (cover_of == NULL)
		add_loose(s, name);
	else if (s->claimed != NULL && !span_ends(text, SPAN_LIT(".dist-info")))
		add_dropped(s, name);
}

/* A directory changes when something is removed from it, and when __pycache__ is made in it, which says nothing. */
static void count_directory(struct site *s, const struct stat *st)
{
	struct timespec born;
	struct pydist *dist = s->dist;
	const struct content *c = contents_want(dist->contents, s->path);
	*vec_add(&dist->check) = (struct pydist_check){.content = c, .mtime = st->st_mtim};
	if (fsio_birth(below(s, "__pycache__"), &born) && st->st_ctim.tv_sec == born.tv_sec &&
		st->st_ctim.tv_nsec - born.tv_nsec < TICK_NS && st->st_ctim.tv_nsec - born.tv_nsec > -TICK_NS)
		return;
	pydist_newest(dist, st);
}

void pydist_read_site(struct pydist *dist, const char *path)
{
	struct site s = {.dist = dist, .path = path};
	struct dir_list list = {.count = 0};
	struct stat st;
	CLEANUP_CLOSE int fd = fsio_open_root(path, NULL);
	if (fd < 0 || fstat(fd, &st) < 0 || fsio_list(fd, MAX_ENTRIES, dist->mem, &list, NULL) < 0) {
		pydist_give_up(dist, arena_printf(dist->mem, "holds %s, which cannot be listed", path));
		return;
	}
	count_directory(&s, &st);
	s.covered = strmap_new();
	s.claimed = dist->env->pinned ? strmap_new_borrowing() : NULL;
	for (size_t i = 0; i < list.count && dist->why == NULL; i++)
		read_distribution(&s, list.entry[i].name);
	for (size_t i = 0; i < list.count && dist->why == NULL; i++)
		visit(&s, list.entry[i].name);
	s.covered = strmap_free(s.covered);
	s.claimed = strmap_free(s.claimed);
}
