#include "steady/core/way.h"

#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/str.h"
#include "steady/util/strmap.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as Linux follows. */
#define MAX_LINKS 40

/* What lies at a path: nothing, something that ends a way, or a step. */
struct place {
	bool is_step;
	struct way_step step;
};

struct ways {
	struct arena *mem;
	const char *root;
	struct strmap *known;
};

struct ways *ways_new(const char *root)
{
	struct ways *w = xcalloc(1, sizeof(*w));
	w->mem = arena_new();
	w->root = arena_strdup(w->mem, root);
	w->known = strmap_new();
	return w;
}

struct ways *ways_free(struct ways *w)
{
	if (w == NULL)
		return NULL;
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

int ways_follow(
	struct ways *w, const char *path, void (*visit)(const struct way_step *step, void *ctx), void *ctx)
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
	str_release(&walk.at);
	str_release(&walk.rest);
	return walk.links > MAX_LINKS ? -ELOOP : 0;
}
