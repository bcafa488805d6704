#include "steady/core/way.h"

#include "steady/util/fsio.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/str.h"
#include "steady/util/strmap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as Linux follows. */
#define MAX_LINKS 40
/* After questions about so many files of one directory it is listed, if it has no more entries than this. */
#define ASKED_OFTEN 2
#define MAX_LISTED ((size_t)4096)

/* What lies at a path: nothing, something that ends a way, or a step. */
struct place {
	bool is_step;
	struct way_step step;
};

/* Where a directory's path, as it was given, leads to. */
struct lead {
	/** The directory without links, "" for the root. */
	const char *at;
	/** What is visited on the way, itself included. */
	VEC(const struct way_step *) step;
	unsigned asked;
	/** Its entries, if it was asked about often. */
	bool tried_to_list;
	struct dir_list list;
};

struct ways {
	struct arena *mem;
	const char *root;
	/** Paths without links to places and to known entries, and directories' paths to leads. */
	struct strmap *known, *lists, *leads;
};

struct ways *ways_new(const char *root)
{
	struct ways *w = xcalloc(1, sizeof(*w));
	w->mem = arena_new();
	w->root = arena_strdup(w->mem, root);
	w->known = strmap_new();
	w->lists = strmap_new();
	w->leads = strmap_new();
	return w;
}

static int free_lead(struct span key, void *value, void *ctx)
{
	struct lead *lead = value;
	(void)key;
	(void)ctx;
	vec_release(&lead->step);
	return 0;
}

struct ways *ways_free(struct ways *w)
{
	if (w == NULL)
		return NULL;
	(void)strmap_each(w->leads, free_lead, NULL);
	(void)strmap_free(w->leads);
	(void)strmap_free(w->lists);
	(void)strmap_free(w->known);
	(void)arena_free(w->mem);
	free(w);
	return NULL;
}

static struct place *look(struct ways *w, const char *path)
{
	struct place *place = arena_alloc(w->mem, sizeof(*place));
	struct stat st;
	if (lstat(path, &st) < 0 || !(S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)))
		return place;
	place->is_step = true;
	place->step = (struct way_step){
		.kind = S_ISDIR(st.st_mode) ? WAY_DIRECTORY : WAY_LINK,
		.path = arena_strdup(w->mem, path),
		.mtime = st.st_mtim,
		.ctime = st.st_ctim,
	};
	if (place->step.kind == WAY_LINK) {
		char text[PATH_MAX];
		ssize_t len = readlink(path, text, sizeof(text) - 1);
		place->is_step = len > 0;
		place->step.text = arena_strndup(w->mem, text, len > 0 ? (size_t)len : 0);
	}
	return place;
}

static const struct place *place_at(struct ways *w, const struct str *path)
{
	struct place *known = strmap_get(w->known, str_span(path));
	if (known == NULL) {
		known = look(w, path->buf);
		(void)strmap_put(w->known, str_span(path), known);
	}
	return known;
}

void ways_pass_over(struct ways *w, const char *directory)
{
	(void)strmap_put(w->known, span_of(directory), arena_alloc(w->mem, sizeof(struct place)));
}

void ways_know(
	struct ways *w, const char *directory, const struct dir_list *list, const struct way_step *times)
{
	struct span path = span_of(directory);
	(void)strmap_put(w->lists, path, (void *)(uintptr_t)list);
	if (times == NULL || strmap_get(w->known, path) != NULL)
		return;
	struct place *place = arena_alloc(w->mem, sizeof(*place));
	place->is_step = true;
	place->step = *times;
	place->step.kind = WAY_DIRECTORY;
	place->step.path = arena_strdup(w->mem, directory);
	(void)strmap_put(w->known, path, place);
}

/* Cuts the first component off *rest. */
static struct span next_component(struct span *rest)
{
	while (rest->len != 0 && rest->ptr[0] == '/')
		*rest = span_skip(*rest, 1);
	size_t len = span_find(*rest, '/');
	struct span component = span_make(rest->ptr, len);
	*rest = span_skip(*rest, len);
	return component;
}

static void go_up(struct str *at)
{
	size_t len = path_dir(str_span(at)).len;
	at->len = len == 1 ? 0 : len; /* "" stands for the root directory */
	at->buf[at->len] = '\0';
}

struct walk {
	/** Where we are, without links; "" for the root directory. */
	struct str at;
	/** What is still to be gone. */
	struct str rest;
	unsigned links;
};

static void follow_link(struct walk *walk, const char *text)
{
	struct str longer = STR_INIT;
	str_add(&longer, text);
	str_add_char(&longer, '/');
	str_add_span(&longer, str_span(&walk->rest));
	str_release(&walk->rest);
	walk->rest = longer;
	if (text[0] == '/')
		str_clear(&walk->at);
	else
		go_up(&walk->at);
}

/* Directories above the root of the workspace are the same for everything in it. */
static bool is_above(const struct ways *w, const struct way_step *step)
{
	return path_has_prefix(span_of(w->root), span_of(step->path));
}

static void walk_component(struct ways *w, struct walk *walk, struct span name,
	void (*visit)(const struct way_step *, void *), void *ctx)
{
	if (name.len == 0 || span_eq_str(name, "."))
		return;
	if (span_eq_str(name, "..")) {
		go_up(&walk->at);
		return;
	}
	str_add_char(&walk->at, '/');
	str_add_span(&walk->at, name);
	const struct place *place = place_at(w, &walk->at);
	if (!place->is_step)
		return;
	bool last = walk->rest.len == 0;
	if (place->step.kind == WAY_LINK) {
		if (!is_above(w, &place->step))
			visit(&place->step, ctx);
		follow_link(walk, place->step.text);
		walk->links++;
	} else if (!last && !is_above(w, &place->step)) {
		visit(&place->step, ctx);
	}
}

static int follow(struct ways *w, const char *path, struct str *ret_at,
	void (*visit)(const struct way_step *step, void *ctx), void *ctx)
{
	struct walk walk = {STR_INIT, STR_INIT, 0};
	struct span root = span_of(w->root);
	if (path_has_prefix(span_of(path), root)) {
		str_add_span(&walk.at, root);
		str_add_span(&walk.rest, path_below(span_of(path), root));
	} else {
		str_add(&walk.rest, path);
	}
	while (walk.rest.len != 0 && walk.links <= MAX_LINKS) {
		struct span rest = str_span(&walk.rest);
		CLEANUP_STR struct str name = STR_INIT;
		str_add_span(&name, next_component(&rest));
		struct str remaining = STR_INIT;
		str_add_span(&remaining, rest);
		str_release(&walk.rest);
		walk.rest = remaining;
		walk_component(w, &walk, str_span(&name), visit, ctx);
	}
	str_add_span(ret_at, str_span(&walk.at));
	str_release(&walk.at);
	str_release(&walk.rest);
	return walk.links > MAX_LINKS ? -ELOOP : 0;
}

static void note_step(const struct way_step *step, void *ctx)
{
	struct lead *lead = ctx;
	*vec_add(&lead->step) = step;
}

/* Where `dir` leads, which ends in a slash and lies below the root of the workspace or outside; NULL in circles. */
static struct lead *lead_of(struct ways *w, struct span dir)
{
	struct lead *lead = strmap_get(w->leads, dir);
	if (lead != NULL)
		return lead;
	CLEANUP_STR struct str path = STR_INIT;
	CLEANUP_STR struct str at = STR_INIT;
	str_add_span(&path, dir);
	lead = arena_alloc(w->mem, sizeof(*lead));
	if (follow(w, path.buf, &at, note_step, lead) < 0) {
		vec_release(&lead->step);
		return NULL;
	}
	lead->at = arena_strdup(w->mem, at.buf);
	const struct dir_list *list = strmap_get(w->lists, str_span(&at));
	if (list != NULL)
		lead->list = *list;
	lead->tried_to_list = list != NULL;
	(void)strmap_put(w->leads, dir, lead);
	return lead;
}

static void list_entries(struct ways *w, struct lead *lead)
{
	lead->tried_to_list = true;
	CLEANUP_CLOSE int fd = open(lead->at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		(void)fsio_list(fd, MAX_LISTED, w->mem, &lead->list, NULL);
}

static int by_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct dir_entry *)entry)->name);
}

/* Is it listed as a regular file? What is not is looked at by itself. */
static bool is_listed_file(const struct lead *lead, const char *name)
{
	if (lead->list.count == 0)
		return false;
	const struct dir_entry *entry =
		bsearch(name, lead->list.entry, lead->list.count, sizeof(*lead->list.entry), by_name);
	return entry != NULL && entry->type == DT_REG;
}

/* 0 or WAYS_FILE if the way ends here, with neither a directory nor a link; -1 if not. */
static int end_of(struct ways *w, struct lead *lead, const char *name)
{
	if (is_listed_file(lead, name))
		return WAYS_FILE;
	CLEANUP_STR struct str path = STR_INIT;
	str_add(&path, lead->at);
	str_add_char(&path, '/');
	str_add(&path, name);
	const struct place *known = strmap_get(w->known, str_span(&path));
	if (known == NULL && !lead->tried_to_list && ++lead->asked >= ASKED_OFTEN) {
		list_entries(w, lead);
		if (is_listed_file(lead, name))
			return WAYS_FILE;
	}
	return place_at(w, &path)->is_step ? -1 : 0;
}

/* How much of the path is its directory, with the slash, if that can be followed by itself; else 0. */
static size_t directory_len(const struct ways *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL || slash == path || slash[1] == '\0' || strcmp(slash + 1, ".") == 0 ||
		strcmp(slash + 1, "..") == 0)
		return 0;
	struct span dir = span_make(path, (size_t)(slash - path));
	struct span root = span_of(w->root);
	bool is_root = path_has_prefix(span_of(path), root) && !path_has_prefix(dir, root);
	return is_root ? 0 : dir.len + 1;
}

int ways_follow(
	struct ways *w, const char *path, void (*visit)(const struct way_step *step, void *ctx), void *ctx)
{
	size_t len = directory_len(w, path);
	struct lead *lead = len != 0 ? lead_of(w, span_make(path, len)) : NULL;
	int end = lead != NULL ? end_of(w, lead, path + len) : -1;
	if (end >= 0) {
		vec_each (step, &lead->step)
			visit(*step, ctx);
		return end;
	}
	CLEANUP_STR struct str at = STR_INIT;
	return follow(w, path, &at, visit, ctx);
}
