/*
 * Everything on disk that belongs to one unit of a build directory, besides its hash file and JSON.
 *
 *	struct unitfiles_options options = {.workspace_root = "/ws"};
 *	struct unitfiles *files = NULL;
 *	if (unitfiles_open(target, &options, &files, &err) < 0)
 *		...
 *	unitfiles_preload(files);                  optional: reads all units, on several threads
 *	const struct unit_files *f = unitfiles_get(files, i);
 *	files = unitfiles_free(files);             before target_free
 *
 * Units are read when they are asked for; each file is read once. Nothing is written, nothing outside the
 * build directory is read except that `Cargo.toml` files are looked at to find package roots. A file that is
 * absent or not to be trusted (no regular file, too large) is a state, not an error. One thread at a time.
 *
 * Sources: cargo's core/compiler: fingerprint/mod.rs (what a unit is compared with), build_runner/
 * compilation_files.rs (where outputs lie), custom_build.rs (BuildDeps, BuildOutput::parse).
 */
#ifndef STEADY_CORE_UNITFILES_H
#define STEADY_CORE_UNITFILES_H

#include "steady/core/target.h"
#include "steady/format/buildoutput.h"
#include "steady/format/depinfo.h"
#include "steady/format/rustcdep.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/str.h"

#include <sys/stat.h>

/** Where a unit's package comes from, as far as the files tell. */
enum package_origin {
	/** Nothing on disk tells. */
	ORIGIN_UNKNOWN,
	/** A path package below the workspace root: its sources are inputs. */
	ORIGIN_WORKSPACE,
	/** A path package elsewhere. */
	ORIGIN_PATH,
	/** A registry or git package below CARGO_HOME: cargo takes it for immutable. */
	ORIGIN_CARGO_HOME,
	/** Vendored, or a package of another place that cargo does not look into. */
	ORIGIN_OTHER,
};

struct unit_file {
	/** Relative to the build directory, below which it is opened without following links; NULL if the
	 * unit has none. */
	const char *path;
	bool present;
	/** Of the thing itself, valid if present. */
	struct stat st;
};

struct unit_output {
	struct unit_file file;
	/** The path is relative to the target directory (doc units), which may be another one. */
	bool in_target_dir;
	bool is_rmeta, is_rlib;
};

enum reference_state {
	/** Units of this kind have none (doc). */
	REFERENCE_NONE,
	REFERENCE_MISSING,
	/** There, but no regular file, too large, or cargo could not parse it. */
	REFERENCE_DAMAGED,
	REFERENCE_READ,
};

struct unit_files {
	const struct unit *unit;

	/** What cargo compares inputs with: dep-info of what is compiled, `output` or `run/stdout` of a
	 * script's run. */
	enum reference_state reference_state;
	struct unit_file reference;
	/** Valid for REFERENCE_READ of a compiled unit. */
	struct depinfo depinfo;
	/** Valid for REFERENCE_READ of a script's run. */
	struct build_output output;
	/**
	 * Of a script's run: rerun-if-changed paths and rerun-if-env-changed names as cargo derives them from
	 * `output`: the old OUT_DIR replaced by the present one, the package root (where known) and its slash
	 * cut off in front. A path relative to the package root, or absolute.
	 */
	struct span *rerun_path;
	size_t nrerun_path;
	struct span *rerun_env;
	size_t nrerun_env;
	/** The directories of rustc-link-search, without their kind, the old OUT_DIR replaced too. */
	struct span *link_search;
	size_t nlink_search;

	/** Written when cargo starts the unit. Units that share a directory share it. */
	struct unit_file invoked;

	/**
	 * What cargo expects the unit to leave behind: the files named in rustc's .d file, less that file
	 * itself; of a script's run its `output`; of a doc unit its index.html. Debug information is not
	 * among them.
	 */
	struct unit_output *outputs;
	size_t noutput;
	/** There is no .d file to say so: outputs are what was found under the unit's names (at least one
	 * expected). */
	bool outputs_guessed;

	/** rustc's .d file; `rustc` is valid if it is present and could be parsed (has_rustc). */
	struct unit_file rustc_file;
	bool has_rustc;
	struct rustcdep rustc;

	enum package_origin origin;
	/** Absolute, as cargo would spell it; NULL if not known. Of a script's run that of its script. */
	const char *package_root;
	/** The crate's root source as the .d file has it (relative to the workspace root, or absolute), or
	 * NULL. */
	const char *main_source;
};

struct unitfiles_options {
	/** Absolute. */
	const char *workspace_root;
	/** Where doc/ lies; NULL: the build directory. */
	const char *target_dir;
	/** NULL: CARGO_HOME or ~/.cargo. */
	const char *cargo_home;
};

struct unitfiles;

/** The target must outlive the result. -ENOENT if target_dir is given and cannot be opened. */
int unitfiles_open(const struct target *t, const struct unitfiles_options *options, struct unitfiles **ret,
	struct err *err);
/** Accepts NULL, returns NULL. */
struct unitfiles *unitfiles_free(struct unitfiles *f);
void unitfiles_cleanup(struct unitfiles **f);
#define CLEANUP_UNITFILES CLEANUP(unitfiles_cleanup)

/** Reads what belongs to every unit now. */
void unitfiles_preload(struct unitfiles *f);
/** Never NULL; `i` is the unit's index in the target. */
const struct unit_files *unitfiles_get(struct unitfiles *f, size_t i);

/** Absolute paths without a trailing slash, as used for all the above. */
const char *unitfiles_workspace_root(const struct unitfiles *f);
const char *unitfiles_build_dir(const struct unitfiles *f);
/** Everything was read after this time. */
struct timespec unitfiles_began(const struct unitfiles *f);
/** Is the target directory the build directory? */
bool unitfiles_same_dirs(const struct unitfiles *f);
const char *unitfiles_cargo_home(const struct unitfiles *f);

/**
 * The absolute path of an input in a dep-info file; `out` is replaced. False if it is relative to a package
 * root that is not known.
 */
bool unitfiles_depinfo_path(const struct unitfiles *f, const struct unit_files *u,
	const struct depinfo_file *file, struct str *out);
/** The same for a path of rerun_path. */
bool unitfiles_rerun_path(const struct unit_files *u, struct span path, struct str *out);

const char *package_origin_name(enum package_origin origin);

#endif
