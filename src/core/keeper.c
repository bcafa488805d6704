#include "steady/core/keeper.h"

#include "steady/core/freshfacts.h"
#include "steady/core/journal.h"
#include "steady/core/lost.h"
#include "steady/core/mark.h"
#include "steady/core/place.h"
#include "steady/core/precalculated.h"
#include "steady/core/stash.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As cargo writes it, see https://bford.info/cachedir/. */
#define CACHEDIR_TAG                                                                                         \
	"Signature: 8a477f597d28d172789f06886806bc55\n"                                                      \
	"# This file is a cache directory tag created by cargo.\n"                                           \
	"# For information about cache directory tags see https://bford.info/cachedir/\n"

#define MAX_PROFILES 64

/* A target directory besides the build directory; before the first build it may not be there. */
static bool has_other_target(const struct location *where)
{
	struct stat st;
	return strcmp(where->target_dir, where->build_dir) != 0 && stat(where->target_dir, &st) == 0;
}

static int load(struct keeper *k, struct err *err)
{
	const struct location *where = k->where;
	const struct unitfiles_options files = {
		.workspace_root = where->workspace_root,
		.target_dir = has_other_target(where) ? where->target_dir : NULL,
	};
	int code = target_load_whole(where->build_dir, k->profile, &k->target, err);
	if (code == 0)
		code = unitfiles_open(k->target, &files, &k->files, err);
	if (code == 0)
		unitfiles_preload(k->files);
	return code;
}

static void unload(struct keeper *k)
{
	k->files = unitfiles_free(k->files);
	k->target = target_free(k->target);
}

/* Brings stashed outputs back, and looks again if there were any. */
static int unstash(struct keeper *k, const char *stash, struct err *err)
{
	int code = stash_bring_back(stash, k->target, k->files, &k->unstashed, err);
	if (code < 0 || k->unstashed == 0)
		return code;
	unload(k);
	return load(k, err);
}

int keeper_open(const struct keeper_options *options, struct keeper **ret, struct err *err)
{
	const struct location *where = options->where;
	CLEANUP_KEEPER struct keeper *k = xcalloc(1, sizeof(*k));
	k->where = where;
	k->profile = options->profile;
	k->read_only = options->read_only;
	k->recovered = JOURNAL_NONE;
	CLEANUP_CLOSE int fd = fsio_open_root(where->build_dir, err);
	int code = fd < 0 ? fd : options->read_only ? 0 : journal_recover(fd, &k->recovered, err);
	if (code >= 0)
		code = load(k, err);
	if (code >= 0 && options->stash != NULL && !options->read_only)
		code = unstash(k, options->stash, err);
	if (code < 0)
		return code;
	k->observer = observer_new(&(struct observer_options){
		.workspace_root = where->workspace_root,
		.minor = freshfacts_minor(k->target),
		.digests = options->digests,
	});
	place_pass_over_cargos(observer_ways(k->observer), k->target, where->build_dir);
	*ret = TAKE_PTR(k);
	return 0;
}

struct keeper *keeper_close(struct keeper *k)
{
	if (k == NULL)
		return NULL;
	(void)recording_free(k->recording);
	(void)stamps_plan_free(k->plan);
	(void)rewrite_plan_free(k->rehash);
	(void)verification_free(k->verification);
	(void)observer_free(k->observer);
	(void)adoption_free(k->adoption);
	k->unadopted_files = unitfiles_free(k->unadopted_files);
	k->unadopted = target_free(k->unadopted);
	unload(k);
	free(k);
	return NULL;
}

void keeper_cleanup(struct keeper **k)
{
	*k = keeper_close(*k);
}

int keeper_adopt(struct keeper *k, const struct alias *alias, struct err *err)
{
	const struct adopt_request request = {
		.target = k->target, .files = k->files, .alias = alias, .brief = true};
	if (k->adoption != NULL || !adopt_is_needed(k->target))
		return 0;
	int code = adopt_look(&request, &k->adoption, err);
	if (code < 0 || k->read_only || !adoption_changes(k->adoption))
		return code;
	code = rewrite_apply(k->target, k->adoption->plan, err);
	if (code < 0)
		return code;
	k->unadopted = TAKE_PTR(k->target);
	k->unadopted_files = TAKE_PTR(k->files);
	return load(k, err);
}

int keeper_verify(struct keeper *k, const struct progress *progress, struct err *err)
{
	const struct verify_request request = {k->target, k->files, k->observer, progress};
	int code = verify(&request, &k->verification, err);
	if (code < 0)
		return code;
	k->plan = stamps_make_plan(k->target, k->files, k->verification);
	k->rehash = precalculated_plan(k->target, k->verification);
	return 0;
}

int keeper_restore(struct keeper *k, struct err *err)
{
	int code = stamps_invalidate(k->target, k->plan, err);
	if (code == 0)
		code = rewrite_apply(k->target, k->rehash, err);
	if (code == 0)
		code = stamps_settle(k->target, k->plan, err);
	if (code == 0)
		code = lost_rebind(k->target, k->files, k->verification, err);
	return code < 0 ? code : mark_leave(k->target->fd, k->where->workspace_root, k->profile, err);
}

static bool is_wanted(const struct unit *u, const void *ctx)
{
	const struct keeper_wanted *wanted = ctx;
	if (wanted->profile != NULL && strcmp(u->place->profile, wanted->profile) != 0)
		return false;
	bool any = wanted->npackage == 0;
	for (size_t i = 0; i < wanted->npackage; i++)
		any |= strcmp(u->package, wanted->package[i]) == 0;
	return any;
}

/* Of more profiles than any project has, nothing is known. */
static size_t read_marks(struct keeper *k, struct recording_mark *mark)
{
	const int fd = k->target->fd;
	const char *root = k->where->workspace_root;
	size_t count = 0;
	for (size_t i = 0; i < k->target->count; i++) {
		const char *profile = k->target->unit[i].place->profile;
		bool known = count == MAX_PROFILES;
		for (size_t n = 0; n < count; n++)
			known |= strcmp(mark[n].profile, profile) == 0;
		if (known)
			continue;
		struct recording_mark *m = &mark[count++];
		m->profile = profile;
		m->marked = mark_read(fd, root, profile, &m->left);
		k->marked |= m->marked;
		m->in_environment = mark_is_of_environment(fd, root, profile);
	}
	return count;
}

int keeper_record(struct keeper *k, const struct keeper_wanted *wanted, const struct progress *progress,
	struct err *err)
{
	struct recording_request request = {
		.target = k->target,
		.files = k->files,
		.observer = k->observer,
		.progress = progress,
		.wanted = is_wanted,
		.ctx = wanted,
	};
	struct recording_mark marks[MAX_PROFILES];
	request.mark = marks;
	request.nmark = read_marks(k, marks);
	return recording_make(&request, &k->recording, err);
}

/* A directory and those above it that are missing. */
static int make_directories(const char *path, struct err *err)
{
	CLEANUP_STR struct str at = STR_INIT;
	struct span rest = span_of(path);
	while (rest.len != 0) {
		size_t len = span_find(span_skip(rest, 1), '/') + 1;
		str_add_span(&at, span_make(rest.ptr, len));
		rest = span_skip(rest, len);
		if (mkdir(at.buf, 0777) < 0 && errno != EEXIST)
			return err_sys(err, errno, "cannot make the directory %s", at.buf);
	}
	return 0;
}

static int make_target_dir(const char *path, struct err *err)
{
	struct stat st;
	bool there = stat(path, &st) == 0;
	int code = there ? 0 : make_directories(path, err);
	CLEANUP_CLOSE int fd = code < 0 ? code : fsio_open_root(path, err);
	if (fd < 0)
		return fd;
	const struct file_meta meta = {.mode = 0644, .unsynced = true};
	return there ? 0 : fsio_replace(fd, "CACHEDIR.TAG", SPAN_LIT(CACHEDIR_TAG), &meta, err);
}

int keeper_make(const struct location *where, struct err *err)
{
	return make_target_dir(where->build_dir, err);
}

/* Does the directory hold nothing but files whose names begin so? */
static bool holds_only(int dirfd, const char *const *name, size_t count, struct arena *mem)
{
	struct dir_list list = {.count = 0};
	if (dirfd < 0 || fsio_list(dirfd, count, mem, &list, NULL) < 0)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		bool known = false;
		for (size_t n = 0; n < count; n++)
			known |= span_starts(span_of(list.entry[i].name), span_of(name[n]));
		if (!known)
			return false;
	}
	return true;
}

void keeper_unmake(const char *build_dir)
{
	static const char *const made[] = {"CACHEDIR.TAG", STEADY_STATE_DIR}, *const mark[] = {"mark"};
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int fd = fsio_open_root(build_dir, NULL);
	CLEANUP_CLOSE int state = fsio_open_root(arena_printf(mem, "%s/" STEADY_STATE_DIR, build_dir), NULL);
	if (!holds_only(fd, made, COUNT_OF(made), mem) || !holds_only(state, mark, COUNT_OF(mark), mem))
		return;
	(void)fsio_remove_tree(fd, STEADY_STATE_DIR, NULL);
	(void)fsio_unlink(fd, made[0], NULL);
	(void)rmdir(build_dir);
}

int keeper_prepare(const struct location *where, struct err *err)
{
	int code = make_target_dir(where->build_dir, err);
	CLEANUP_CLOSE int fd = code < 0 ? code : fsio_open_root(where->build_dir, err);
	return fd < 0 ? fd : mark_leave(fd, where->workspace_root, NULL, err);
}
