/*
 * Files of the work tree that a build script has rustc link: libraries that lie ready in a directory it names
 * (rustc-link-search), objects and linker scripts (rustc-link-arg). cargo tracks none of them.
 *
 * Source: The Cargo Book, Build Scripts, "cargo::rustc-link-arg" and those that follow.
 */
#ifndef STEADY_CORE_LINKFILES_H
#define STEADY_CORE_LINKFILES_H

#include "steady/core/unitfiles.h"
#include "steady/util/mem.h"

#include <stddef.h>

/**
 * Absolute paths in mem, some perhaps twice; their number. Left out is what lies outside of the work tree and the package, in
 * the build directory, and what changed while the script ran: it made that itself.
 */
size_t linkfiles_of(
	const struct unitfiles *files, const struct unit_files *run, struct arena *mem, const char ***ret);

#endif
