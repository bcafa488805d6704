#include "steady/core/inputs.h"

#include "steady/core/aliaspath.h"
#include "steady/core/datadirs.h"
#include "steady/core/gitreaders.h"
#include "steady/core/gitwatch.h"
#include "steady/core/globs.h"
#include "steady/core/linkfiles.h"
#include "steady/core/macros.h"
#include "steady/core/moved.h"
#include "steady/core/observe.h"
#include "steady/core/packagestamp.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ENVIRONMENT "the Python environment"

struct gatherer {
	struct unitfiles *files;
	const struct target *t;
	struct ways *ways;
	struct arena *mem;
	const struct unit_files *u;
	bool reads_directories, reads_git;
	VEC(struct unit_input) found;
	/** Kind and path of what is found already. */
	struct strmap *seen;
	/** OUT_DIRs of the unit and of its script's runs, absolute. */
	VEC(const char *) own;
	const char *why;
};

static struct unit_input *add(struct gatherer *g, enum input_kind kind, bool compared, const char *path)
{
	CLEANUP_STR struct str key = STR_INIT;
	str_add_char(&key, (char)kind);
	str_add(&key, path);
	size_t known = (size_t)(uintptr_t)strmap_get(g->seen, str_span(&key));
	if (known != 0) {
		g->found.data[known - 1].compared |= compared;
		return &g->found.data[known - 1];
	}
	struct unit_input *added = vec_add(&g->found);
	*added = (struct unit_input){.kind = kind, .compared = compared, .path = arena_strdup(g->mem, path)};
	(void)strmap_put(g->seen, str_span(&key), (void *)(uintptr_t)g->found.len);
	return added;
}

static bool is_below(const char *path, const char *dir, const char *name)
{
	CLEANUP_STR struct str prefix = STR_INIT;
	path_join(&prefix, dir, name);
	return path_has_prefix(span_of(path), str_span(&prefix));
}

/* What cargo does not look at either, and what the bindings of other units cover. */
static bool is_settled(const struct gatherer *g, const char *path)
{
	const char *home = unitfiles_cargo_home(g->files);
	/* Most paths lie elsewhere, which is cheaper to see. */
	if (home != NULL && path_has_prefix(span_of(path), span_of(home)) &&
		(is_below(path, home, "registry") || is_below(path, home, "git")))
		return true;
	for (size_t i = 0; i < g->own.len; i++) {
		if (path_has_prefix(span_of(path), span_of(g->own.data[i])))
			return true;
	}
	return false;
}

struct links {
	struct gatherer *g;
	size_t count;
};

static void add_link(const struct way_step *step, void *ctx)
{
	struct links *links = ctx;
	if (step->kind != WAY_LINK)
		return;
	links->count++;
	(void)add(links->g, INPUT_LINK, false, step->path);
}

/* The links on the way to the path; how many there are. *ret_is_file (may be NULL): it ends in a regular file. */
static size_t add_links(struct gatherer *g, const char *path, bool *ret_is_file)
{
	struct links links = {g, 0};
	int end = ways_follow(g->ways, path, add_link, &links);
	if (end < 0)
		g->why = arena_printf(g->mem, "%s leads in circles", path);
	if (ret_is_file != NULL)
		*ret_is_file = end == WAYS_FILE;
	return links.count;
}

static void add_file(struct gatherer *g, const char *path, bool compared)
{
	if (is_settled(g, path))
		return;
	bool is_file;
	(void)add_links(g, path, &is_file);
	add(g, INPUT_FILE, compared, path)->is_file |= is_file;
}

/* The OUT_DIR of a script's run, the unit's own or that of its package; and where it was when the compiler named its files. */
static void note_out_dir(struct gatherer *g, const struct unit *run)
{
	const char *then = moved_build_dir(g->files, g->u, g->mem);
	if (then != NULL)
		*vec_add(&g->own) = arena_printf(g->mem, "%s/%s", then, unit_out_dir(g->mem, run));
	*vec_add(&g->own) =
		arena_printf(g->mem, "%s/%s", unitfiles_build_dir(g->files), unit_out_dir(g->mem, run));
}

static void note_out_dirs(struct gatherer *g)
{
	const struct unit *u = g->u->unit;
	if (u->kind == UNIT_RUN_BUILD_SCRIPT)
		note_out_dir(g, u);
	for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
		const struct unit *dep = u->dep[d] == UNIT_NONE ? NULL : &g->t->unit[u->dep[d]];
		if (dep != NULL && dep->kind == UNIT_RUN_BUILD_SCRIPT)
			note_out_dir(g, dep);
	}
}

static void gather_depinfo(struct gatherer *g)
{
	const struct depinfo *info = &g->u->depinfo;
	CLEANUP_STR struct str path = STR_INIT;
	for (size_t i = 0; i < info->nfile; i++) {
		if (!unitfiles_depinfo_path(g->files, g->u, &info->file[i], &path)) {
			g->why = "the package's directory is not known";
			return;
		}
		add_file(g, path.buf, true);
	}
}

/* What the compiler named, where that is another way than cargo's canonical one: links on it are inputs. */
static void gather_rustc(struct gatherer *g)
{
	const struct rustcdep *rustc = &g->u->rustc;
	struct str path = STR_INIT, normal = STR_INIT;
	for (size_t i = 0; i < rustc->nfile; i++) {
		const char *name = arena_strndup(g->mem, rustc->file[i].ptr, rustc->file[i].len);
		path_join(&path, unitfiles_workspace_root(g->files), name);
		if (is_settled(g, path.buf))
			continue;
		path_normalize(&normal, str_span(&path));
		bool direct = add_links(g, path.buf, NULL) == 0;
		(void)add(g, INPUT_FILE, false, direct ? normal.buf : path.buf);
	}
	str_release(&path);
	str_release(&normal);
}

/* Where the macros found files beside the package, or in packages that are data themselves, as templates are. */
static void gather_neighbours(struct gatherer *g)
{
	CLEANUP_STR struct str normal = STR_INIT;
	const char **dir;
	struct span *path = arena_array(g->mem, g->found.len, sizeof(*path));
	size_t count = 0;
	for (size_t i = 0; i < g->found.len; i++) {
		const struct unit_input *input = &g->found.data[i];
		path_normalize(&normal, span_of(input->path));
		if (input->kind == INPUT_FILE && !span_ends(str_span(&normal), SPAN_LIT(".rs")) &&
			!path_has_prefix(str_span(&normal), span_of(unitfiles_build_dir(g->files))))
			path[count++] = span_of(arena_strdup(g->mem, normal.buf));
	}
	for (size_t i = 0; i < count; i++) {
		struct span dir_of = path_dir(path[i]);
		if (span_eq_str(path_base(path[i]), "Cargo.toml"))
			(void)add(g, INPUT_DATA, false, arena_strndup(g->mem, dir_of.ptr, dir_of.len));
	}
	count = datadirs_of(g->u->package_root, path, count, g->mem, &dir);
	for (size_t i = 0; i < count; i++)
		(void)add(g, INPUT_DATA, false, dir[i]);
}

/* Only of packages whose sources are inputs: the others do not change. */
static void gather_data(struct gatherer *g)
{
	if (g->u->origin == ORIGIN_CARGO_HOME)
		return;
	if (g->u->package_root == NULL) {
		g->why = "the package's directory is not known";
		return;
	}
	(void)add(g, INPUT_DATA, false, g->u->package_root);
	gather_neighbours(g);
	/* sqlx looks here as well. */
	const char *queries = arena_printf(g->mem, "%s/.sqlx", unitfiles_workspace_root(g->files));
	if (observer_kind_of(queries) == INPUT_TREE)
		(void)add(g, INPUT_TREE, false, queries);
}

/* What the flags have the linker read. */
static void gather_flags(struct gatherer *g)
{
	const char **path;
	if (g->u->unit->kind == UNIT_DOC || g->u->origin == ORIGIN_CARGO_HOME || g->u->origin == ORIGIN_OTHER)
		return;
	size_t count = linkfiles_of_flags(g->files, g->u, g->mem, &path);
	for (size_t i = 0; i < count; i++)
		add_file(g, path[i], false);
}

static void gather_compiled(struct gatherer *g)
{
	if (g->u->reference_state != REFERENCE_READ) {
		g->why = g->u->reference_state == REFERENCE_MISSING ? "its dep-info file is missing"
								    : "its dep-info file cannot be read";
		return;
	}
	if (!g->u->has_rustc) {
		g->why = "the compiler's .d file is missing";
		return;
	}
	gather_depinfo(g);
	gather_rustc(g);
	gather_flags(g);
	if (g->reads_directories && g->found.len != 0)
		gather_data(g);
}

/* What lies in one of our aliases is the same as long as its path is. */
static bool is_of_alias(const char *path)
{
	return strstr(path, "/" ALIAS_DIRECTORY "/") != NULL && alias_is(path);
}

static void gather_watched(struct gatherer *g, const char *path)
{
	if (is_settled(g, path) || is_of_alias(path))
		return;
	(void)add_links(g, path, NULL);
	enum input_kind kind = observer_kind_of(path);
	if (kind != INPUT_ABSENT && gitwatch_knows(g->mem, unitfiles_workspace_root(g->files), path))
		kind = INPUT_GIT;
	if (span_eq_str(path_base(span_of(path)), "pyvenv.cfg"))
		(void)add(g, INPUT_INTERPRETER, false, path);
	(void)add(g, kind, true, path);
}

static void gather_package(struct gatherer *g)
{
	if (g->u->package_root == NULL)
		g->why = "the package's directory is not known";
	else
		(void)add(g, INPUT_PACKAGE, false, g->u->package_root);
}

static void gather_precalculated(struct gatherer *g)
{
	const struct fingerprint *fp = g->u->unit->fingerprint;
	for (size_t i = 0; i < fp->nlocal; i++) {
		if (fp->local[i].kind == LOCAL_PRECALCULATED && packagestamp_is(fp->local[i].text))
			gather_package(g);
	}
}

static void gather_head(struct gatherer *g)
{
	if (!g->reads_git || g->u->origin == ORIGIN_CARGO_HOME || g->u->package_root == NULL)
		return;
	const char *head = gitreaders_head(g->mem, g->u->package_root);
	if (head != NULL)
		(void)add(g, INPUT_GIT, false, head);
}

/* What the script has rustc link, without anybody watching it. */
static void gather_linked(struct gatherer *g)
{
	const char **path;
	size_t count = linkfiles_of(g->files, g->u, g->mem, &path);
	for (size_t i = 0; i < count; i++)
		add_file(g, path[i], false);
}

/*
 * A script that watches what it wrote itself (shadow-rs in release builds) wants to run on every build. Stamps that a
 * transport cuts off must not keep it from that.
 */
static bool watches_own_output(struct gatherer *g, const char *path)
{
	struct stat st;
	for (size_t i = 0; i < g->own.len; i++) {
		if (path_has_prefix(span_of(path), span_of(g->own.data[i])) && stat(path, &st) == 0 &&
			timespec_cmp(st.st_mtim, g->u->reference.st.st_mtim) > 0)
			return true;
	}
	return false;
}

static void gather_run(struct gatherer *g)
{
	if (g->u->reference_state != REFERENCE_READ) {
		g->why = g->u->reference_state == REFERENCE_MISSING ? "the script's output is missing"
								    : "the script's output cannot be read";
		return;
	}
	gather_precalculated(g);
	/* Of a vendored package cargo compares the version alone; people patch them where they lie. */
	if (g->u->origin == ORIGIN_OTHER && g->u->nrerun_path == 0)
		gather_package(g);
	gather_head(g);
	gather_linked(g);
	CLEANUP_STR struct str path = STR_INIT;
	for (size_t i = 0; i < g->u->nrerun_path; i++) {
		if (!unitfiles_rerun_path(g->u, g->u->rerun_path[i], &path)) {
			g->why = "the package's directory is not known";
			return;
		}
		if (watches_own_output(g, path.buf)) {
			g->why = "cargo runs its script on every build, since it watches what it writes";
			return;
		}
		gather_watched(g, path.buf);
	}
}

static void gather(struct gatherer *g)
{
	const struct unit *u = g->u->unit;
	if (u->fingerprint == NULL) {
		g->why = "it has no fingerprint of a known form";
		return;
	}
	note_out_dirs(g);
	if (u->kind == UNIT_RUN_BUILD_SCRIPT)
		gather_run(g);
	else if (u->kind == UNIT_DOC && g->u->reference_state == REFERENCE_NONE)
		gather_precalculated(g);
	else if (u->kind != UNIT_OTHER)
		gather_compiled(g);
	else
		g->why = "it is a unit of an unknown kind";
}

void inputs_prepare(struct inputs_context *ret, struct unitfiles *files, const struct target *target,
	struct ways *ways, struct arena *mem)
{
	struct inputs_context context = {.files = files, .target = target, .ways = ways};
	context.reads_directories = macros_find(target, mem);
	context.reads_git = gitreaders_find(target, mem);
	context.python = pyscripts_find(target, files, mem);
	context.globs = globs_read(mem, unitfiles_workspace_root(files), &context.globs_why);
	*ret = context;
}

bool inputs_takes_globs(const struct inputs_context *context, size_t unit)
{
	enum package_origin origin = unitfiles_get(context->files, unit)->origin;
	return origin == ORIGIN_WORKSPACE || origin == ORIGIN_PATH || origin == ORIGIN_UNKNOWN;
}

static void gather_globs(struct gatherer *g, const struct inputs_context *context, size_t unit)
{
	if (!inputs_takes_globs(context, unit))
		return;
	if (context->globs_why != NULL)
		g->why = context->globs_why;
	else if (context->globs != NULL)
		(void)add(g, INPUT_GLOB, false, context->globs);
}

/* A variable that was not set (pyo3 0.29 asks for one of cargo's own) gave nothing; cargo itself sees one that is set. */
static bool has_env(const struct unit_files *u)
{
	bool any = false;
	if (u->unit->kind == UNIT_RUN_BUILD_SCRIPT || u->reference_state != REFERENCE_READ)
		return false;
	for (size_t i = 0; i < u->depinfo.nenv; i++)
		any |= u->depinfo.env[i].has_value;
	return any;
}

/* What is installed, and where, if the script noted that. */
static void gather_environment(struct gatherer *g, const struct pyscript *script)
{
	if (script->env == NULL || g->why != NULL)
		return;
	if (script->env->why != NULL) {
		g->why = arena_printf(g->mem, ENVIRONMENT " cannot be told: %s", script->env->why);
		return;
	}
	(void)add(g, INPUT_ENVIRONMENT, false, script->key);
	if (pyscripts_held(g->t, g->u, script->env, g->mem) != NULL)
		(void)add(g, INPUT_ENVIRONMENT_PATH, false, script->place);
	if (script->beside && g->u->package_root == NULL)
		g->why = "the package's directory is not known";
	else if (script->beside)
		(void)add(g, INPUT_BESIDE, false, g->u->package_root);
}

void inputs_of(const struct inputs_context *context, struct arena *mem, size_t unit, struct unit_inputs *ret)
{
	struct gatherer g = {.files = context->files,
		.t = context->target,
		.ways = context->ways,
		.mem = mem,
		.u = unitfiles_get(context->files, unit),
		.reads_directories = context->reads_directories[unit],
		.reads_git = context->reads_git[unit] || context->python[unit].git,
		.seen = strmap_new()};
	gather(&g);
	gather_globs(&g, context, unit);
	gather_environment(&g, &context->python[unit]);
	*ret = (struct unit_inputs){.count = g.found.len, .why = g.why};
	ret->item = vec_copy(mem, &g.found);
	ret->has_env = has_env(g.u);
	vec_release(&g.found);
	vec_release(&g.own);
	(void)strmap_free(g.seen);
}

const struct observation *inputs_want(struct observer *o, const struct unit_input *input)
{
	return input->is_file ? observer_want_file(o, input->path)
			      : observer_want(o, input->kind, input->path);
}

enum input_root inputs_root_of(const struct unitfiles *files, const char *path, struct span *ret_rest)
{
	struct span whole = span_of(path);
	struct span build = span_of(unitfiles_build_dir(files));
	struct span workspace = span_of(unitfiles_workspace_root(files));
	if (path_has_prefix(whole, build)) {
		*ret_rest = path_below(whole, build);
		return INPUT_BUILD;
	}
	if (path_has_prefix(whole, workspace)) {
		*ret_rest = path_below(whole, workspace);
		return INPUT_WORKSPACE;
	}
	*ret_rest = whole;
	return INPUT_ABSOLUTE;
}

void inputs_full_path(const struct unitfiles *files, const struct input *input, struct str *out)
{
	const char *root = input->root == INPUT_BUILD ? unitfiles_build_dir(files)
		: input->root == INPUT_WORKSPACE      ? unitfiles_workspace_root(files)
						      : "";
	str_clear(out);
	str_add(out, root);
	str_add(out, root[0] != '\0' && input->path.len != 0 ? "/" : "");
	str_add_span(out, input->path);
}

const char *inputs_path(const struct unitfiles *files, struct arena *mem, const struct input *input)
{
	CLEANUP_STR struct str path = STR_INIT;
	inputs_full_path(files, input, &path);
	return arena_strdup(mem, path.buf);
}

bool inputs_question(
	const struct inputs_context *context, size_t unit, const struct input *input, struct str *out)
{
	const struct pyscript *script = &context->python[unit];
	if (input->kind != INPUT_ENVIRONMENT && input->kind != INPUT_ENVIRONMENT_PATH) {
		inputs_full_path(context->files, input, out);
		return true;
	}
	const char *text = input->kind == INPUT_ENVIRONMENT ? script->key : script->place;
	str_clear(out);
	str_add(out, text != NULL ? text : "");
	return text != NULL;
}

const char *inputs_title(enum input_kind kind, const char *path)
{
	if (kind == INPUT_ENVIRONMENT)
		return ENVIRONMENT;
	if (kind == INPUT_ENVIRONMENT_PATH)
		return "the place of " ENVIRONMENT;
	return kind == INPUT_GLOB ? "what the patterns in " GLOBS_FILE " and " GLOBS_VARIABLE " match" : path;
}
