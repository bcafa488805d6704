/*
 * The link named `cargo` that makes a directory on PATH a place for the shim.
 */
#ifndef STEADY_CORE_SHIMLINK_H
#define STEADY_CORE_SHIMLINK_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

/** Returned, as a positive condition, where there was nothing to remove. */
#define SHIMLINK_MISSING 1

/**
 * Where the link goes if nobody says: XDG_DATA_HOME/cargo-steady/shim, else ~/.local/share/cargo-steady/shim. Not the cache: a
 * directory of programs must not come back from an archive. In mem; NULL where the environment names no place.
 */
const char *shimlink_directory(struct arena *mem);
/**
 * Makes directory/cargo a link to this program (as PATH names it, so that an upgrade is followed), replacing a link to
 * another cargo-steady, and makes the directory if it is missing. Both results in mem. -EEXIST if another cargo is there.
 */
int shimlink_install(const char *directory, struct arena *mem, const char **ret_link,
	const char **ret_program, struct err *err);
/** Removes the link, and the directory if it is then empty and the one of shimlink_directory. -EEXIST if it is not a shim. */
int shimlink_remove(const char *directory, struct arena *mem, const char **ret_link, struct err *err);

#endif
