/*
 * Files of the work tree that a build script has rustc link: libraries that lie ready in a directory it names
 * (rustc-link-search), objects and linker scripts (rustc-link-arg); and those that the flags of a unit name (RUSTFLAGS,
 * `rustflags` in cargo's configuration). cargo tracks none of them.
 *
 * Source: The Cargo Book, Build Scripts, "cargo::rustc-link-arg" and those that follow; The rustc book, Codegen Options.
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

/** The same of what the flags of a compiled unit (-L, -C link-arg, link-args, linker) name. */
size_t linkfiles_of_flags(
	const struct unitfiles *files, const struct unit_files *unit, struct arena *mem, const char ***ret);

#endif
