#include "recording_priv.h"

#include "steady/core/pkggit.h"
#include "steady/core/place.h"
#include "steady/core/recordset.h"
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
		item[n] = (struct unit_input){.kind = INPUT_SIDE, .path = side->path};
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

/* When the script of an own package ran, if it may get a record. */
static bool script_ran(const struct recorder *rec, size_t i, struct script_run *ret)
{
	const char *why;
	const struct unit_files *files = unitfiles_get(rec->rq->files, i);
	*ret = (struct script_run){i, {.end = files->reference.st.st_ctim, .package = files->package_root}};
	return rec->candidate[i].is_new && files->unit->kind == UNIT_RUN_BUILD_SCRIPT &&
		inputs_takes_globs(&rec->context, i) &&
		place_built_here(rec->rq->files, files, &ret->when.start, &why);
}

void recording_seek_sides(struct recorder *rec)
{
	const char **package = arena_array(rec->mem, rec->t->count, sizeof(*package));
	struct sides_options *walks = &rec->walks;
	*walks = (struct sides_options){.workspace_root = unitfiles_workspace_root(rec->rq->files),
		.build_dir = unitfiles_build_dir(rec->rq->files),
		.package = package};
	for (size_t i = 0; i < rec->t->count; i++) {
		struct script_run run;
		if (!script_ran(rec, i, &run))
			continue;
		if (rec->run.len == 0 || timespec_cmp(run.when.start, walks->since) < 0)
			walks->since = run.when.start;
		add_package(walks, package, run.when.package);
		*vec_add(&rec->run) = run;
	}
	if (rec->run.len == 0)
		return;
	rec->r->sides = sides_find(walks);
	sides_tell(rec->r->sides, observer_ways(rec->rq->observer));
}

/* How much of the path is the root of the package whose script ran, if it ran when the file appeared; 0 if not. */
static size_t claim_of(const struct sides_run *run, const char *path, struct timespec appeared)
{
	if (timespec_cmp(appeared, run->start) < 0 || timespec_cmp(appeared, run->end) > 0 ||
		run->package == NULL || !path_has_prefix(span_of(path), span_of(run->package)))
		return 0;
	return strlen(run->package);
}

/* Of scripts that ran at the same time the author is the one in whose package the file lies, if there is one. */
static bool is_anothers(const struct recorder *rec, const struct script_run *run, const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return false;
	size_t own = claim_of(&run->when, path, st.st_ctim);
	for (size_t i = 0; i < rec->run.len; i++) {
		if (claim_of(&rec->run.data[i].when, path, st.st_ctim) > own)
			return true;
	}
	return false;
}

static void gather_of(struct recorder *rec, const struct script_run *run)
{
	const char **path;
	struct side_list list = {.known = strmap_new()};
	size_t count =
		sides_between(rec->r->sides, observer_git(rec->rq->observer), rec->mem, &run->when, &path);
	for (size_t n = 0; n < count; n++) {
		if (!is_anothers(rec, run, path[n]))
			add_side(&list, path[n], NULL);
	}
	keep_sides(rec, run->unit, &list);
	append_sides(rec, run->unit, &list);
	(void)strmap_free(list.known);
	vec_release(&list.side);
}

/* What scripts wrote into the workspace and into their packages. */
void recording_gather_sides(struct recorder *rec)
{
	/* Of scripts that will not be recorded nobody asks. */
	size_t kept = 0;
	vec_each (run, &rec->run) {
		if (rec->candidate[run->unit].inputs.why == NULL)
			rec->run.data[kept++] = *run;
	}
	rec->run.len = kept;
	if (kept != 0)
		sides_date(rec->r->sides, observer_changed, rec->rq->observer);
	vec_each (run, &rec->run)
		gather_of(rec, run);
	vec_release(&rec->run);
}
