#include "steady/core/place.h"

#include "steady/core/mark.h"
#include "steady/core/way.h"
#include "steady/util/fsio.h"
#include "steady/util/mount.h"
#include "steady/util/path.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROOT_OUTPUT ((size_t)64 * 1024)

/* Does the repository have linked worktrees, or is this one of them? */
static bool shares_repository(const char *workspace_root)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	for (struct span at = span_of(workspace_root); at.len > 1; at = path_dir(at)) {
		struct stat st;
		const char *git = arena_printf(mem, "%.*s/.git", SPAN_ARG(at));
		if (lstat(git, &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode))
			return true;
		return lstat(arena_printf(mem, "%s/worktrees", git), &st) == 0;
	}
	return false;
}

/* Renaming a directory changes its ctime alone, adding a name both its times. */
static bool is_renamed(const char *dir)
{
	struct stat st;
	return lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || timespec_cmp(st.st_ctim, st.st_mtim) != 0;
}

static bool holds_renamed(const struct target *t, const char *build_dir)
{
	CLEANUP_STR struct str path = STR_INIT;
	bool renamed = is_renamed(build_dir);
	for (size_t i = 0; !renamed && i < t->nplace; i++) {
		path_join(&path, build_dir, t->place[i].path);
		renamed = is_renamed(path.buf);
	}
	return renamed;
}

/* A mark that is not of this work tree, or came along with something else. */
static bool holds_foreign_mark(const struct target *t, const char *workspace_root)
{
	return !mark_is_own_or_none(t->fd, workspace_root);
}

bool place_is_certain(
	const struct target *t, const char *workspace_root, const char *build_dir, const char **ret_why)
{
	CLEANUP_STR struct str default_place = STR_INIT;
	path_join(&default_place, workspace_root, "target");
	*ret_why = NULL;
	if (strcmp(default_place.buf, build_dir) != 0)
		*ret_why = "the build directory is not at its default place";
	else if (shares_repository(workspace_root))
		*ret_why = "the repository has linked worktrees";
	else if (!mount_is_local(workspace_root) || !mount_is_local(build_dir))
		*ret_why = "the file system is not known to be a local one";
	else if (!mount_is_same(workspace_root, build_dir))
		*ret_why = "sources and build directory lie on two mounts";
	else if (holds_foreign_mark(t, workspace_root))
		*ret_why = "the build directory was used with another work tree";
	else if (holds_renamed(t, build_dir))
		*ret_why = "the build directory was not made in this place";
	return *ret_why == NULL;
}

void place_pass_over_cargos(struct ways *ways, const struct target *t, const char *build_dir)
{
	static const char *const below[] = {"", "/build", "/deps", "/examples"};
	CLEANUP_STR struct str path = STR_INIT;
	ways_pass_over(ways, build_dir);
	for (size_t i = 0; i < t->nplace; i++) {
		const struct profile_dir *place = &t->place[i];
		str_clear(&path);
		str_printf(&path, "%s/%s", build_dir, place->triple != NULL ? place->triple : place->path);
		ways_pass_over(ways, path.buf);
		for (size_t n = 0; n < COUNT_OF(below); n++) {
			str_clear(&path);
			str_printf(&path, "%s/%s%s", build_dir, place->path, below[n]);
			ways_pass_over(ways, path.buf);
		}
	}
}

static bool is_directory(const char *path, const struct stat *same_as)
{
	struct stat st;
	return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
		st.st_dev == same_as->st_dev && st.st_ino == same_as->st_ino;
}

/* cargo's root-output names the OUT_DIR that the script was given. */
static const char *told_script(const struct unitfiles *all, const struct unit *u, struct arena *mem)
{
	struct span text;
	const char *file = u->layout == LAYOUT_NEW ? "run/root-output" : "root-output";
	CLEANUP_CLOSE int fd = fsio_open_root(unitfiles_build_dir(all), NULL);
	const char *path = arena_printf(mem, "%s/%s", unit_run_dir(mem, u), file);
	return fd >= 0 && fsio_read(fd, path, MAX_ROOT_OUTPUT, mem, &text, NULL, NULL) == 0 ? text.ptr : "";
}

/* Does the compiler's .d file name the directory by the path on which it was just read? Then it is that directory. */
static bool was_told_this_path(const struct unitfiles *all, const struct unit_files *f)
{
	if (f->unit->kind == UNIT_RUN_BUILD_SCRIPT || !f->has_rustc || f->rustc.noutput == 0)
		return false;
	struct span told = path_dir(f->rustc.output[0]);
	struct span build = span_of(unitfiles_build_dir(all));
	return path_has_prefix(told, build) &&
		span_eq(path_below(told, build), path_dir(span_of(f->rustc_file.path)));
}

/* Is the directory that the compiler, or the script, was told to write to the one that is there? */
static bool was_told_this_place(const struct unitfiles *all, const struct unit_files *f)
{
	if (was_told_this_path(all, f))
		return true;
	CLEANUP_ARENA struct arena *mem = arena_new();
	const struct unit *u = f->unit;
	const char *told, *here;
	struct stat st;
	if (u->kind == UNIT_RUN_BUILD_SCRIPT) {
		told = told_script(all, u, mem);
		here = unit_out_dir(mem, u);
	} else {
		if (!f->has_rustc || f->rustc.noutput == 0)
			return false;
		struct span dir = path_dir(f->rustc.output[0]);
		told = arena_strndup(mem, dir.ptr, dir.len);
		dir = path_dir(span_of(f->rustc_file.path));
		here = arena_strndup(mem, dir.ptr, dir.len);
	}
	here = arena_printf(mem, "%s/%s", unitfiles_build_dir(all), here);
	return stat(here, &st) == 0 && is_directory(told, &st);
}

/* By a clock that was ahead, or was set back since: what is edited now would be older. */
static bool is_of_the_future(const struct stat *st)
{
	struct timespec now;
	return clock_gettime(CLOCK_REALTIME, &now) < 0 || timespec_cmp(st->st_ctim, now) > 0;
}

/* What lies there was made before the unit was started (the compiler may link metadata that it has already). */
static bool has_older_outputs(const struct unit_files *files)
{
	if (files->unit->kind == UNIT_RUN_BUILD_SCRIPT || files->unit->kind == UNIT_DOC)
		return false;
	for (size_t n = 0; n < files->noutput; n++) {
		const struct unit_output *output = &files->outputs[n];
		if (output->file.present && !output->is_rmeta && !output->in_target_dir &&
			timespec_cmp(output->file.st.st_mtim, files->invoked.st.st_mtim) < 0)
			return true;
	}
	return false;
}

bool place_built_here(const struct unitfiles *all, const struct unit_files *files, struct timespec *ret_start,
	const char **ret_why)
{
	const struct stat *invoked = &files->invoked.st;
	const struct stat *reference = &files->reference.st;
	*ret_why = "it was not built in this place, or was touched since";
	if (!files->invoked.present || timespec_cmp(invoked->st_mtim, invoked->st_ctim) != 0)
		return false;
	if (is_of_the_future(invoked)) {
		*ret_why = "it was built at a time that lies in the future";
		return false;
	}
	if (files->reference_state == REFERENCE_NONE) {
		*ret_start = invoked->st_mtim;
		return true;
	}
	if (files->reference_state != REFERENCE_READ ||
		timespec_cmp(reference->st_mtim, invoked->st_mtim) != 0)
		return false;
	/* A script may be done within one tick of the clock. */
	int later = timespec_cmp(reference->st_ctim, reference->st_mtim);
	if (later < 0 || (later == 0 && files->unit->kind != UNIT_RUN_BUILD_SCRIPT))
		return false;
	if (!was_told_this_place(all, files))
		return false;
	if (has_older_outputs(files)) {
		*ret_why = "its outputs are of an older build";
		return false;
	}
	*ret_start = invoked->st_mtim;
	return true;
}

bool place_is_fast_script(const struct unit_files *run)
{
	return run->unit->kind == UNIT_RUN_BUILD_SCRIPT &&
		timespec_cmp(run->reference.st.st_ctim, run->reference.st.st_mtim) <= 0;
}

/* cargo starts the script in the very tick in which it is done with compiling it. */
bool place_stands_for(const struct unitfiles *all, const struct unit_files *script, struct timespec start)
{
	struct timespec script_start;
	const char *why;
	return script->unit->kind == UNIT_BUILD_SCRIPT &&
		place_built_here(all, script, &script_start, &why) &&
		timespec_cmp(script->reference.st.st_ctim, start) <= 0;
}

struct way_check {
	struct timespec start;
	const struct way_step *newer;
};

/* Has no name changed since in the directory that the step lies in? Then it is the directory that was there. */
static bool kept_its_name(const struct way_step *step, struct timespec start)
{
	CLEANUP_STR struct str parent = STR_INIT;
	struct stat st;
	if (step->kind != WAY_DIRECTORY)
		return false;
	str_add_span(&parent, path_dir(span_of(step->path)));
	return lstat(parent.buf, &st) == 0 && timespec_cmp(st.st_ctim, start) < 0 &&
		mount_dates_renames(step->path);
}

static void check_step(const struct way_step *step, void *ctx)
{
	struct way_check *check = ctx;
	if (check->newer == NULL && timespec_cmp(step->ctime, check->start) >= 0 &&
		!kept_its_name(step, check->start))
		check->newer = step;
}

bool place_older(struct ways *ways, struct arena *mem, const char *path, const struct observation *seen,
	struct timespec start, const char **ret_why)
{
	struct way_check check = {start, NULL};
	if (seen->state != OBSERVED) {
		*ret_why = arena_printf(mem, "%s %s", path,
			seen->state == OBSERVED_MISSING ? "is missing"
				: seen->why != NULL     ? seen->why
							: "is not what it was");
		return false;
	}
	if (timespec_cmp(seen->youngest, start) >= 0) {
		*ret_why = arena_printf(mem, "%s was changed after the unit was started", path);
		return false;
	}
	/* Patterns (core/globs.h) are no path. */
	if (path[0] != '/')
		return true;
	if (ways_follow(ways, path, check_step, &check) < 0 || check.newer != NULL) {
		*ret_why = arena_printf(mem, "%s was changed after the unit was started",
			check.newer != NULL ? check.newer->path : path);
		return false;
	}
	return true;
}
