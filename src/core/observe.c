#include "steady/core/observe.h"

#include "steady/core/contents.h"
#include "steady/core/fileset.h"
#include "steady/core/gitwatch.h"
#include "steady/core/listing.h"
#include "steady/core/mtimewalk.h"
#include "steady/core/pkggit.h"
#include "steady/core/pkgview.h"
#include "steady/core/pydist.h"
#include "steady/core/pyscripts.h"
#include "steady/core/venvlink.h"
#include "steady/core/way.h"
#include "steady/util/fsio.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One question and its answer. */
struct watch {
	struct observation seen;
	enum input_kind kind;
	const char *path;
	/** It was listed as a regular file. */
	bool is_file;
	const struct content *content;
	/* Of the kinds that need more; most are files. */
	struct listing *listing;
	struct pkgview *package;
	struct fileset *set;
	/* The program behind INPUT_INTERPRETER. */
	struct venvlink *link;
	struct pydist *installed;
};

struct observer {
	struct arena *mem;
	struct contents *contents;
	struct ways *ways;
	struct pkggit *git;
	struct pkglist_options package_options;
	const char *workspace_root;
	struct strmap *known;
	VEC(struct watch *) all;
	/** Those before this one are answered. */
	size_t answered;
};

struct observer *observer_new(const struct observer_options *options)
{
	struct observer *o = xcalloc(1, sizeof(*o));
	o->mem = arena_new();
	o->contents = contents_new(options->digests);
	o->ways = ways_new(options->workspace_root);
	o->workspace_root = arena_strdup(o->mem, options->workspace_root);
	o->known = strmap_new_borrowing();
	o->git = pkggit_new();
	o->package_options = (struct pkglist_options){
		.workspace_root = o->workspace_root,
		.git = pkggit_lister(o->git),
		.minor = options->minor,
	};
	return o;
}

struct observer *observer_free(struct observer *o)
{
	if (o == NULL)
		return NULL;
	vec_each (watch, &o->all) {
		if ((*watch)->listing != NULL)
			listing_release((*watch)->listing);
		if ((*watch)->set != NULL)
			fileset_release((*watch)->set);
	}
	vec_release(&o->all);
	(void)strmap_free(o->known);
	(void)pkggit_free(o->git);
	(void)ways_free(o->ways);
	(void)contents_free(o->contents);
	(void)arena_free(o->mem);
	free(o);
	return NULL;
}

void observer_cleanup(struct observer **o)
{
	*o = observer_free(*o);
}

static struct watch *want(struct observer *o, enum input_kind kind, const char *path)
{
	CLEANUP_STR struct str key = STR_INIT;
	str_add_char(&key, (char)kind);
	str_add(&key, path);
	struct watch *known = strmap_get(o->known, str_span(&key));
	if (known != NULL)
		return known;
	struct watch *watch = arena_alloc(o->mem, sizeof(*watch));
	const char *kept = arena_strndup(o->mem, key.buf, key.len);
	watch->kind = kind;
	watch->path = kept + 1;
	(void)strmap_put(o->known, span_make(kept, key.len), watch);
	*vec_add(&o->all) = watch;
	return watch;
}

const struct observation *observer_want(struct observer *o, enum input_kind kind, const char *path)
{
	return &want(o, kind, path)->seen;
}

const struct observation *observer_want_file(struct observer *o, const char *path)
{
	struct watch *watch = want(o, INPUT_FILE, path);
	watch->is_file = true;
	return &watch->seen;
}

/*
 * What a macro may have embedded: everything in the package but what tools keep there for themselves (directories with
 * a dot in front, save sqlx's), what cargo makes, and other packages.
 */
static bool is_data(const char *path, bool is_directory, const void *ctx)
{
	const char *package = ctx;
	CLEANUP_STR struct str full = STR_INIT;
	if (!is_directory)
		return strcmp(path, "Cargo.lock") != 0;
	struct span name = path_base(span_of(path));
	if (span_eq_str(name, "node_modules") || span_eq_str(name, ".git"))
		return false;
	if (path[0] == '.' && strchr(path, '/') == NULL && strcmp(path, ".sqlx") != 0)
		return false;
	str_printf(&full, "%s/%s/CACHEDIR.TAG", package, path);
	if (access(full.buf, F_OK) == 0)
		return false;
	str_clear(&full);
	str_printf(&full, "%s/%s/Cargo.toml", package, path);
	return access(full.buf, F_OK) != 0;
}

static void prepare_environment(struct observer *o, struct watch *w)
{
	struct pyenv env;
	pydist_from_key(w->path, o->mem, &env);
	w->installed = pydist_read(&env, o->workspace_root, o->contents, o->mem);
}

/* What can be asked before files are read. */
static void prepare(struct observer *o, struct watch *w)
{
	switch (w->kind) {
	case INPUT_FILE:
	case INPUT_ABSENT:
	case INPUT_SIDE:
	case INPUT_GIT:
		w->content = w->is_file ? contents_want_file(o->contents, w->path)
					: contents_want(o->contents, w->path);
		break;
	case INPUT_TREE:
		w->listing = arena_alloc(o->mem, sizeof(*w->listing));
		listing_walk(o->mem, o->contents, w->path, w->listing);
		break;
	case INPUT_PACKAGE:
	case INPUT_BESIDE:
		w->package = pkgview_list(&o->package_options, o->contents, o->mem, w->path,
			w->kind == INPUT_BESIDE ? pyscripts_is_beside : NULL);
		break;
	case INPUT_DATA:
		w->listing = arena_alloc(o->mem, sizeof(*w->listing));
		w->listing->filter = is_data;
		w->listing->ctx = w->path;
		w->listing->names_of_rust = true;
		listing_walk(o->mem, o->contents, w->path, w->listing);
		break;
	case INPUT_GLOB:
		w->set = arena_alloc(o->mem, sizeof(*w->set));
		fileset_of_globs(w->set, o->mem, o->contents, o->workspace_root, w->path);
		break;
	case INPUT_INTERPRETER:
		w->link = arena_alloc(o->mem, sizeof(*w->link));
		if (venvlink_read(o->mem, w->path, w->link) && w->link->is_copy)
			w->content = contents_want(o->contents, w->link->program);
		break;
	case INPUT_ENVIRONMENT:
		prepare_environment(o, w);
		break;
	default:
		break;
	}
}

static struct timespec newer(struct timespec a, struct timespec b)
{
	return timespec_cmp(a, b) >= 0 ? a : b;
}

static void answer_stamps(struct watch *w)
{
	w->seen.mtime = w->content->mtime;
	w->seen.youngest = newer(w->content->mtime, w->content->ctime);
}

static void answer_file(struct watch *w)
{
	const struct content *c = w->content;
	switch (c->state) {
	case CONTENT_FILE:
		w->seen.state = OBSERVED;
		w->seen.size = c->size;
		w->seen.digest = c->digest;
		answer_stamps(w);
		break;
	case CONTENT_MISSING:
		w->seen.state = OBSERVED_MISSING;
		break;
	case CONTENT_DIRECTORY:
		w->seen.state = OBSERVED_OTHER;
		break;
	case CONTENT_UNREADABLE:
		w->seen.state = OBSERVED_UNREADABLE;
		w->seen.why = c->error == EINVAL ? "it is no regular file"
			: c->error == EBUSY      ? "it changed while it was read"
						 : strerror(c->error);
		break;
	}
}

static void answer_absent(struct watch *w)
{
	w->seen.state = w->content->state == CONTENT_MISSING ? OBSERVED : OBSERVED_OTHER;
}

/* A file has the bytes that its script left, or another script's (of another profile). A directory must be there. */
static void answer_side(struct watch *w)
{
	if (w->content->state == CONTENT_DIRECTORY)
		w->seen.state = OBSERVED;
	else
		answer_file(w);
}

static void answer_link(struct observer *o, struct watch *w)
{
	struct stat st;
	char text[PATH_MAX];
	if (lstat(w->path, &st) < 0) {
		w->seen.state = OBSERVED_MISSING;
		return;
	}
	ssize_t len = S_ISLNK(st.st_mode) ? readlink(w->path, text, sizeof(text)) : -1;
	if (len < 0) {
		w->seen.state = OBSERVED_OTHER;
		return;
	}
	(void)o;
	w->seen.state = OBSERVED;
	w->seen.size = (uint64_t)len;
	w->seen.digest = digest_of(span_make(text, (size_t)len));
	w->seen.mtime = st.st_mtim;
	w->seen.youngest = newer(st.st_mtim, st.st_ctim);
}

static void answer_tree(struct observer *o, struct watch *w)
{
	struct listing *list = w->listing;
	listing_finish(o->mem, list);
	w->seen.mtime = list->mtime;
	w->seen.youngest = list->youngest;
	w->seen.size = list->size;
	w->seen.digest = list->digest;
	w->seen.why = list->why;
	w->seen.state = list->why != NULL               ? OBSERVED_UNREADABLE
		: list->top->state == CONTENT_DIRECTORY ? OBSERVED
		: list->top->state == CONTENT_MISSING   ? OBSERVED_MISSING
							: OBSERVED_OTHER;
	listing_release(list);
}

static void answer_git(struct observer *o, struct watch *w)
{
	CLEANUP_STR struct str text = STR_INIT;
	struct timespec mtime;
	int code = mtime_recursive(w->path, &mtime, NULL);
	if (code != 0) {
		w->seen.state = code == FSIO_MISSING ? OBSERVED_MISSING : OBSERVED_UNREADABLE;
		w->seen.why = "it cannot be read";
		return;
	}
	if (!gitwatch_read(o->mem, w->path, &text, &w->seen.youngest)) {
		w->seen.state = OBSERVED_UNREADABLE;
		w->seen.why = "what git has there cannot be told";
		return;
	}
	w->seen.state = OBSERVED;
	w->seen.mtime = mtime;
	w->seen.size = text.len;
	w->seen.digest = digest_of(str_span(&text));
}

static void answer_set(struct observer *o, struct watch *w)
{
	struct fileset *set = w->set;
	fileset_finish(o->mem, set);
	w->seen.state = set->why != NULL ? OBSERVED_UNREADABLE : OBSERVED;
	w->seen.why = set->why;
	w->seen.size = set->size;
	w->seen.digest = set->digest;
	w->seen.youngest = set->youngest;
	fileset_release(set);
}

/* The program's name, or a copy's bytes. */
static void answer_interpreter(struct watch *w)
{
	if (w->link->program == NULL) {
		w->seen.state = OBSERVED_MISSING;
		return;
	}
	if (w->link->is_copy) {
		answer_file(w);
	} else {
		w->seen.state = OBSERVED;
		w->seen.size = strlen(w->link->program);
		w->seen.digest = digest_of(span_of(w->link->program));
	}
	w->seen.mtime = (struct timespec){0, 0};
	w->seen.youngest = w->link->youngest;
}

static void answer(struct observer *o, struct watch *w)
{
	switch (w->kind) {
	case INPUT_FILE:
		answer_file(w);
		break;
	case INPUT_ABSENT:
		answer_absent(w);
		break;
	case INPUT_SIDE:
		answer_side(w);
		break;
	case INPUT_LINK:
		answer_link(o, w);
		break;
	case INPUT_TREE:
	case INPUT_DATA:
		answer_tree(o, w);
		break;
	case INPUT_GIT:
		answer_git(o, w);
		break;
	case INPUT_PACKAGE:
		pkgview_finish(w->package, o->mem, o->ways, &w->seen);
		break;
	case INPUT_BESIDE:
		pkgview_finish(w->package, o->mem, o->ways, &w->seen);
		/* cargo does not compare these. */
		w->seen.package = NULL;
		break;
	case INPUT_GLOB:
		answer_set(o, w);
		break;
	case INPUT_INTERPRETER:
		answer_interpreter(w);
		break;
	case INPUT_ENVIRONMENT:
		pydist_finish(w->installed, &w->seen);
		break;
	case INPUT_ENVIRONMENT_PATH:
		w->seen.state = OBSERVED;
		w->seen.size = strlen(w->path);
		w->seen.digest = digest_of(span_of(w->path));
		break;
	}
}

void observer_look(struct observer *o, const struct progress *progress)
{
	for (size_t i = o->answered; i < o->all.len; i++)
		prepare(o, o->all.data[i]);
	contents_settle(o->contents, progress);
	for (; o->answered < o->all.len; o->answered++)
		answer(o, o->all.data[o->answered]);
}

void observer_hint(struct observer *o, const char *path, struct span bytes, const struct stat *st,
	struct timespec read_at)
{
	contents_hint(o->contents, path, bytes, st, read_at);
}

bool observer_changed(const void *ctx, const char *path, struct timespec *ret)
{
	const struct observer *o = ctx;
	const struct content *c = contents_find(o->contents, path);
	if (c == NULL || c->state != CONTENT_FILE)
		return false;
	*ret = c->ctime;
	return true;
}

struct timespec observer_looked(const struct observer *o)
{
	return contents_settled_at(o->contents);
}

void observer_counts(const struct observer *o, size_t *ret_files, uint64_t *ret_bytes)
{
	contents_counts(o->contents, ret_files, ret_bytes);
}

enum input_kind observer_kind_of(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return INPUT_ABSENT;
	return S_ISDIR(st.st_mode) ? INPUT_TREE : INPUT_FILE;
}

struct ways *observer_ways(struct observer *o)
{
	return o->ways;
}

struct pkggit *observer_git(struct observer *o)
{
	return o->git;
}
