#include "steady/core/pkgview.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void leave_out(struct pkglist *list, pkgview_filter *filter)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct span path = span_of(list->file[i].path), root = span_of(list->root);
		if (!path_has_prefix(path, root) || filter(path_below(path, root).ptr))
			list->file[kept++] = list->file[i];
	}
	list->count = kept;
}

struct pkgview *pkgview_list(const struct pkglist_options *options, struct contents *contents,
	struct arena *mem, const char *root, pkgview_filter *filter)
{
	struct pkgview *view = arena_alloc(mem, sizeof(*view));
	struct err err = ERR_INIT;
	if (pkglist_read(options, root, mem, &view->list, &err) < 0) {
		view->why = arena_strdup(mem, err.msg);
		return view;
	}
	if (filter != NULL)
		leave_out(&view->list, filter);
	view->content = arena_array(mem, view->list.count, sizeof(*view->content));
	for (size_t i = 0; i < view->list.count; i++)
		view->content[i] = contents_want(contents, view->list.file[i].path);
	return view;
}

static void newest(struct timespec *max, struct timespec t)
{
	if (timespec_cmp(t, *max) > 0)
		*max = t;
}

static void count_step(const struct way_step *step, void *ctx)
{
	newest(ctx, step->ctime);
}

static int by_path(const void *a, const void *b)
{
	return strcmp((*(const struct content *const *)a)->path, (*(const struct content *const *)b)->path);
}

/* One file: its name, what it is, a link's text, the contents. */
static const char *add_file(struct str *text, const struct content *c, const char *root, struct arena *mem)
{
	char link[PATH_MAX];
	ssize_t len = readlink(c->path, link, sizeof(link));
	if (c->state == CONTENT_UNREADABLE)
		return arena_printf(mem, "%s: %s", c->path, strerror(c->error));
	str_printf(text, "%d", (int)c->state);
	str_add(text, c->path + strlen(root));
	str_add_char(text, '\0');
	if (len > 0)
		str_add_mem(text, link, (size_t)len);
	str_add_char(text, '\0');
	if (c->state == CONTENT_FILE)
		str_add_mem(text, c->digest.byte, sizeof(c->digest.byte));
	return NULL;
}

void pkgview_finish(const struct pkgview *view, struct arena *mem, struct ways *ways, struct observation *ret)
{
	CLEANUP_STR struct str text = STR_INIT;
	const size_t count = view->list.count;
	ret->why = view->why;
	const struct content **sorted = xcalloc(count + 1, sizeof(const struct content *));
	if (count != 0)
		memcpy(sorted, view->content, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_path);
	for (size_t i = 0; i < count && ret->why == NULL; i++) {
		const struct content *c = sorted[i];
		ret->why = add_file(&text, c, view->list.root, mem);
		ret->size += c->size;
		newest(&ret->mtime, c->mtime);
		newest(&ret->youngest, c->mtime);
		newest(&ret->youngest, c->ctime);
		if (ways_follow(ways, c->path, count_step, &ret->youngest) < 0)
			ret->why = arena_printf(mem, "%s leads in circles", c->path);
	}
	/* What was listed must be what was read: the stamps in cargo's text are those of the list. */
	for (size_t i = 0; i < count && ret->why == NULL; i++) {
		if (timespec_cmp(view->list.file[i].mtime, view->content[i]->mtime) != 0)
			ret->why = arena_printf(mem, "%s changed while it was read", view->list.file[i].path);
	}
	free(sorted);
	ret->digest = digest_of(str_span(&text));
	ret->package = view->why == NULL ? &view->list : NULL;
	ret->state = ret->why != NULL ? OBSERVED_UNREADABLE : OBSERVED;
}
