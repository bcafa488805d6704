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

struct side {
	const char *path;
	/* It counts if it still has this digest; NULL: however it is. */
	const struct digest *only;
};

struct side_list {
	VEC(struct side) side;
	struct strmap *known;
};

static void add_side(struct side_list *list, const char *path, const struct digest *only)
{
	if (strmap_get(list->known, span_of(path)) != NULL)
		return;
	*vec_add(&list->side) = (struct side){path, only};
	(void)strmap_put(list->known, span_of(path), list);
}

/* A script that writes only what has changed left its files in an earlier run: that run's record names them. One that git
 * tracks counts while it is what the script left: other bytes are somebody else's. */
static void keep_sides(struct recorder *rec, size_t i, struct side_list *list)
{
	const struct record *old = recordset_get(rec->r->records, i)->record;
	struct pkggit *git = observer_git(rec->rq->observer);
	if (old == NULL)
		return;
	for (size_t n = 0; n < old->ninput && list->side.len < SIDES_MAX; n++) {
		if (old->input[n].kind != INPUT_SIDE)
			continue;
		const char *path = inputs_path(rec->rq->files, rec->mem, &old->input[n]);
		int known = pkggit_ask(git, path, NULL);
		if (known >= 0)
			add_side(list, path, known == PKGGIT_TRACKED ? &old->input[n].digest : NULL);
	}
}

static void append_sides(struct recorder *rec, size_t i, const struct side_list *list)
{
	struct candidate *c = &rec->candidate[i];
	size_t before = c->inputs.count, count = before + list->side.len;
	struct unit_input *item = arena_array(rec->mem, count, sizeof(*item));
	const struct observation **seen = arena_array(rec->mem, count, sizeof(*seen));
	c->only = arena_array(rec->mem, count, sizeof(*c->only));
	for (size_t n = 0; n < before; n++) {
		item[n] = c->inputs.item[n];
		seen[n] = c->seen[n];
	}
	for (size_t n = before; n < count; n++) {
		const struct side *side = &list->side.data[n - before];
		item[n] = (struct unit_input){INPUT_SIDE, false, side->path};
		seen[n] = observer_want(rec->rq->observer, INPUT_SIDE, side->path);
		c->only[n] = side->only;
	}
	c->inputs.item = item;
	c->inputs.count = count;
	c->seen = seen;
}

bool recording_takes_side(const struct candidate *c, size_t input)
{
	return c->seen[input]->state == OBSERVED &&
		(c->only[input] == NULL || digest_eq(c->only[input], &c->seen[input]->digest));
}

static bool names_side(const struct recorder *rec, const struct record *record, const char *path)
{
	struct span rest;
	enum input_root root = inputs_root_of(rec->rq->files, path, &rest);
	for (size_t n = 0; n < record->ninput; n++) {
		const struct input *input = &record->input[n];
		if (input->kind == INPUT_SIDE && input->root == root && span_eq(input->path, rest))
			return true;
	}
	return false;
}

bool recording_is_written_below(const struct recorder *rec, size_t unit, const char *path)
{
	const struct unit *u = &rec->t->unit[unit];
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		const struct record *record = rec->r->unit[u->dep[d]].record;
		if (rec->t->unit[u->dep[d]].kind == UNIT_RUN_BUILD_SCRIPT && record != NULL &&
			names_side(rec, record, path))
			return true;
	}
	return false;
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

/* The package's root is walked too if no other walk comes there. */
static void add_package(struct sides_options *options, const char **package, const char *root)
{
	if (root == NULL || path_has_prefix(span_of(root), span_of(options->workspace_root)))
		return;
	for (size_t i = 0; i < options->npackage; i++) {
		if (path_has_prefix(span_of(root), span_of(package[i])))
			return;
	}
	package[options->npackage++] = root;
}

/* False if no script ran that will perhaps be recorded. */
static bool plan_walks(struct recorder *rec, struct sides_options *ret)
{
	const char **package = arena_array(rec->mem, rec->t->count, sizeof(*package));
	struct timespec start;
	ret->package = package;
	for (size_t i = 0; i < rec->t->count; i++) {
		if (!script_ran(rec, i, &start))
			continue;
		add_package(ret, package, unitfiles_get(rec->rq->files, i)->package_root);
		if (ret->since.tv_sec == 0 || timespec_cmp(start, ret->since) < 0)
			ret->since = start;
	}
	return ret->since.tv_sec != 0;
}

static void gather_of(struct recorder *rec, size_t i, struct sides *sides, struct timespec start)
{
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	const struct sides_run run = {start, files->reference.st.st_ctim, files->package_root};
	const char **path;
	struct side_list list = {.known = strmap_new()};
	size_t count = sides_between(sides, observer_git(rec->rq->observer), rec->mem, &run, &path);
	for (size_t n = 0; n < count; n++) {
		if (!is_anothers(rec, i, path[n]))
			add_side(&list, path[n], NULL);
	}
	keep_sides(rec, i, &list);
	append_sides(rec, i, &list);
	(void)strmap_free(list.known);
	vec_release(&list.side);
}

/* What scripts wrote into the workspace and into their packages. */
void recording_gather_sides(struct recorder *rec)
{
	struct sides_options options = {.workspace_root = unitfiles_workspace_root(rec->rq->files),
		.build_dir = unitfiles_build_dir(rec->rq->files)};
	struct timespec start;
	if (!plan_walks(rec, &options))
		return;
	CLEANUP_SIDES struct sides *sides = sides_find(&options);
	for (size_t i = 0; i < rec->t->count; i++) {
		if (script_ran(rec, i, &start))
			gather_of(rec, i, sides, start);
	}
}
