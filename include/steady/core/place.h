/*
 * Proof by the file system that a unit was built in this place, from what lies here.
 *
 *	if (place_is_certain(target, root, build_dir, &why) && place_built_here(all, files, &start, &why) &&
 *			place_older(ways, mem, path, seen, start, &why))
 *		...
 *
 * cargo writes invoked.timestamp when it starts a unit and gives the reference the same mtime when it is done, so in
 * place the former has mtime = ctime, and the latter exactly that mtime and a later ctime. Archives, copies and clones
 * change ctime, and nobody can set it: nothing that travelled passes. An input that was there unchanged when the unit
 * started has mtime and ctime before that, and so have the links on the way to it, and each directory on the way or the
 * one that it lies in: a directory that took another's place has a new ctime, and so has the one in which that happened.
 * (Where only its own ctime is new, other names came or went in it; a file that got a name in it has a new ctime.) What a
 * unit was told to write to is named in its files: that must be the directory that is there, so that neither a target
 * directory nor a work tree that was renamed passes.
 *
 * Limits: a page that is written through mmap later than its first dirtying; two work trees renamed to each other's
 * place, the target directory moved between them, and something added to it since, before `restore` saw any of it; a
 * build into this target directory from a copy of the sources elsewhere, by CARGO_TARGET_DIR, without `restore` there,
 * that leaves nothing which core/birthplace.h could know it by (tests and scripts only).
 */
#ifndef STEADY_CORE_PLACE_H
#define STEADY_CORE_PLACE_H

#include "steady/core/observe.h"
#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/**
 * Can the file system speak for this tree at all: a build directory at its default place, a local file system, one
 * mount, no linked worktrees that could share it, no mark of another work tree, and directories that were not renamed
 * since something was last added to them? If not, *ret_why says why not.
 */
bool place_is_certain(
	const struct target *t, const char *workspace_root, const char *build_dir, const char **ret_why);

/** Tells `ways` of the directories of the build directory that cargo writes to all the time. */
void place_pass_over_cargos(struct ways *ways, const struct target *t, const char *build_dir);

/** When the unit was started, if it was built here and not touched since. `all` holds `files`. */
bool place_built_here(const struct unitfiles *all, const struct unit_files *files, struct timespec *ret_start,
	const char **ret_why);

/** A script's run that was over within a tick of the clock: then its output proves nothing. */
bool place_is_fast_script(const struct unit_files *run);
/** Is this the unit that compiled the script, built here and done by `start`? It stands for a fast run. */
bool place_stands_for(const struct unitfiles *all, const struct unit_files *script, struct timespec start);

/**
 * Was the input there, as it is, before `start`? Its own stamps in `seen`, and the ways to it. *ret_why (in mem)
 * names what was not.
 */
bool place_older(struct ways *ways, struct arena *mem, const char *path, const struct observation *seen,
	struct timespec start, const char **ret_why);

#endif
