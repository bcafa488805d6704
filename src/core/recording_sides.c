#include "recording_priv.h"

#include "steady/core/pkggit.h"
#include "steady/core/place.h"
#include "steady/core/recordset.h"
#include "steady/core/sides.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct side_list {
	VEC(const char *) path;
	struct strmap *known;
};

static void add_side(struct side_list *list, const char *path)
{
	if (strmap_get(list->known, span_of(path)) != NULL)
		return;
	*vec_add(&list->path) = path;
	(void)strmap_put(list->known, span_of(path), list);
}

/* A script that writes only what has changed left its files in an earlier run: that run's record names them. */
static void keep_sides(struct recorder *rec, size_t i, struct side_list *list)
{
	const struct record *old = recordset_get(rec->r->records, i)->record;
	struct pkggit *git = observer_git(rec->rq->observer);
	if (old == NULL)
		return;
	for (size_t n = 0; n < old->ninput && list->path.len < SIDES_MAX; n++) {
		if (old->input[n].kind != INPUT_SIDE)
			continue;
		const char *path = inputs_path(rec->rq->files, rec->mem, &old->input[n]);
		int known = pkggit_ask(git, path, NULL);
		if (known >= 0 && known != PKGGIT_TRACKED)
			add_side(list, path);
	}
}

static void append_sides(struct recorder *rec, size_t i, const struct side_list *list)
{
	struct candidate *c = &rec->candidate[i];
	size_t before = c->inputs.count, count = before + list->path.len;
	struct unit_input *item = arena_array(rec->mem, count, sizeof(*item));
	const struct observation **seen = arena_array(rec->mem, count, sizeof(*seen));
	for (size_t n = 0; n < count; n++) {
		item[n] = n < before ? c->inputs.item[n]
				     : (struct unit_input){INPUT_SIDE, false, list->path.data[n - before]};
		seen[n] =
			n < before ? c->seen[n] : observer_want(rec->rq->observer, INPUT_SIDE, item[n].path);
	}
	c->inputs.item = item;
	c->inputs.count = count;
	c->seen = seen;
}

/* When the script of an own package ran, if it will perhaps be recorded. */
static bool script_ran(const struct recorder *rec, size_t i, struct timespec *ret_start)
{
	const char *why;
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	return rec->candidate[i].seen != NULL && files->unit->kind == UNIT_RUN_BUILD_SCRIPT &&
		inputs_takes_globs(&rec->context, i) && rec->candidate[i].inputs.why == NULL &&
		place_built_here(rec->rq->files, files, ret_start, &why);
}

/* How much of the path is the root of the package whose script ran, if it ran when the file appeared; 0 if not. */
static size_t claim_of(const struct recorder *rec, size_t i, const char *path, struct timespec appeared)
{
	struct timespec start;
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	if (!script_ran(rec, i, &start) || timespec_cmp(appeared, start) < 0 ||
		timespec_cmp(appeared, files->reference.st.st_ctim) > 0 || files->package_root == NULL ||
		!path_has_prefix(span_of(path), span_of(files->package_root)))
		return 0;
	return strlen(files->package_root);
}

/* Of scripts that ran at the same time the author is the one in whose package the file lies, if there is one. */
static bool is_anothers(const struct recorder *rec, size_t i, const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return false;
	size_t own = claim_of(rec, i, path, st.st_ctim);
	for (size_t other = 0; other < rec->t->count; other++) {
		if (claim_of(rec, other, path, st.st_ctim) > own)
			return true;
	}
	return false;
}

/* What scripts wrote into the workspace itself. */
void recording_gather_sides(struct recorder *rec)
{
	struct sides_options options = {.workspace_root = unitfiles_workspace_root(rec->rq->files),
		.build_dir = unitfiles_build_dir(rec->rq->files)};
	struct timespec start;
	for (size_t i = 0; i < rec->t->count; i++) {
		if (script_ran(rec, i, &start) &&
			(options.since.tv_sec == 0 || timespec_cmp(start, options.since) < 0))
			options.since = start;
	}
	if (options.since.tv_sec == 0)
		return;
	CLEANUP_SIDES struct sides *sides = sides_find(&options);
	for (size_t i = 0; i < rec->t->count; i++) {
		const char **path;
		if (!script_ran(rec, i, &start))
			continue;
		struct side_list list = {.known = strmap_new()};
		keep_sides(rec, i, &list);
		size_t count = sides_between(sides, observer_git(rec->rq->observer), rec->mem, start,
			unitfiles_get(rec->rq->files, i)->reference.st.st_ctim, &path);
		for (size_t n = 0; n < count; n++) {
			if (!is_anothers(rec, i, path[n]))
				add_side(&list, path[n]);
		}
		append_sides(rec, i, &list);
		(void)strmap_free(list.known);
		vec_release(&list.path);
	}
}
