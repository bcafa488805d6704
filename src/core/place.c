#include "steady/core/place.h"

#include "steady/core/way.h"
#include "steady/util/fsio.h"
#include "steady/util/mount.h"
#include "steady/util/path.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool place_is_certain(const char *workspace_root, const char *build_dir, const char **ret_why)
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

bool place_built_here(const struct unit_files *files, struct timespec *ret_start, const char **ret_why)
{
	const struct stat *invoked = &files->invoked.st;
	const struct stat *reference = &files->reference.st;
	*ret_why = "it was not built in this place, or was touched since";
	if (!files->invoked.present || timespec_cmp(invoked->st_mtim, invoked->st_ctim) != 0)
		return false;
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
	*ret_start = invoked->st_mtim;
	return true;
}

bool place_is_fast_script(const struct unit_files *run)
{
	return run->unit->kind == UNIT_RUN_BUILD_SCRIPT &&
		timespec_cmp(run->reference.st.st_ctim, run->reference.st.st_mtim) <= 0;
}

bool place_stands_for(const struct unit_files *script, struct timespec start)
{
	struct timespec script_start;
	const char *why;
	return script->unit->kind == UNIT_BUILD_SCRIPT && place_built_here(script, &script_start, &why) &&
		timespec_cmp(script->reference.st.st_ctim, start) < 0;
}

struct way_check {
	struct timespec start;
	const struct way_step *newer;
};

static void check_step(const struct way_step *step, void *ctx)
{
	struct way_check *check = ctx;
	if (check->newer == NULL && timespec_cmp(step->ctime, check->start) >= 0)
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
