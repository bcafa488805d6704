/*
 * Where cargo keeps what it builds here, found without running cargo.
 *
 *	struct location where;
 *	if (locate(&request, mem, &where, &err) < 0)
 *		...
 *
 * In this order: --target-dir; CARGO_TARGET_DIR, CARGO_BUILD_TARGET_DIR; build.target-dir of the
 *.cargo/config.toml files that cargo would read from the current directory (and CARGO_HOME's); target/ of the
 * workspace around. The build directory is the same one unless CARGO_BUILD_BUILD_DIR or build.build-dir name
 * another; a --target-dir on our command line means both. Of configuration files these two keys alone are
 * read, and an unreadable file is an error that asks for --target-dir, since guessing would judge the wrong
 * tree.
 *
 * Sources: cargo's reference (configuration: hierarchical structure, config-relative paths),
 * util/context/mod.rs (target_dir, build_dir, CargoBuildTemplate), core/workspace.rs (find_workspace_root).
 */
#ifndef STEADY_CORE_LOCATE_H
#define STEADY_CORE_LOCATE_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

struct locate_request {
	/** Command line; NULL where not given. */
	const char *target_dir, *manifest_path;
	/** Where cargo will be started (its own -C), relative to the current directory; NULL for that one. */
	const char *directory;
	/** Where configuration files are looked for, if not there: `cargo install --path` reads the package's. */
	const char *config_dir;
	/** The command line is cargo's own: its --target-dir leaves a configured build directory where it is. */
	bool of_cargo;
};

struct location {
	/** Absolute; NULL if there is no Cargo.toml around (then a target directory was named). */
	const char *workspace_root;
	/** Absolute. Equal unless a build directory is configured. */
	const char *target_dir, *build_dir;
	/** Somebody named the target directory: then it is an error if it is not there. */
	bool named;
	/** Something worth a warning, such as an `include` that is not followed; or NULL. */
	const char *warning;
};

/** -ENOENT without a workspace; -EBADMSG for a file that cannot be read. Strings live in mem. */
int locate(const struct locate_request *request, struct arena *mem, struct location *ret, struct err *err);

/** CARGO_HOME, or ~/.cargo; NULL if neither is known. */
const char *locate_cargo_home(struct arena *mem);

#endif
