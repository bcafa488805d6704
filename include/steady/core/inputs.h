/*
 * The inputs of a unit: what it was built from, as far as the files of its build directory tell.
 *
 *	struct unit_inputs in;
 *	inputs_of(&context, mem, i, &in);
 *	if (in.why != NULL)
 *		... they cannot be told, so nothing can be proven ...
 *
 * Listed are the files of cargo's dep-info, those of rustc's own .d file where they are reached by another way, paths
 * of rerun-if-changed, whole packages where cargo compares those, and every symbolic link on the way to one of them.
 * Not listed is what nobody changes or what belongs to another unit: packages below CARGO_HOME, the unit's own
 * OUT_DIR.
 *
 * Sources: cargo's core/compiler/fingerprint/mod.rs and dep_info.rs, custom_build.rs.
 */
#ifndef STEADY_CORE_INPUTS_H
#define STEADY_CORE_INPUTS_H

#include "steady/core/pyscripts.h"
#include "steady/core/unitfiles.h"
#include "steady/core/way.h"
#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

struct unit_input {
	enum input_kind kind;
	/** cargo compares its mtime with the unit's reference. */
	bool compared;
	/** INPUT_FILE: its directory was listed, and then it was a regular file. */
	bool is_file;
	/** Absolute, or as observer_want takes it. */
	const char *path;
};

struct unit_inputs {
	struct unit_input *item;
	size_t count;
	/** The unit has inputs that its hash does not cover and no file shows: values of variables that rustc read and that were set. */
	bool has_env;
	/** Why the inputs cannot be told, or NULL. */
	const char *why;
};

struct inputs_context {
	struct unitfiles *files;
	const struct target *target;
	struct ways *ways;
	/** For each unit: its macros may read directories (core/macros.h). */
	const bool *reads_directories;
	/** For each unit: below it is what reads git's repository (core/gitreaders.h). */
	const bool *reads_git;
	/** For each unit: the Python environment that its script sees (core/pyscripts.h). */
	const struct pyscript *python;
	/** The user's patterns (core/globs.h), NULL if there are none; and why they cannot be told, or NULL. */
	const char *globs, *globs_why;
};

/** Fills the context; what it takes lives in mem. */
void inputs_prepare(struct inputs_context *ret, struct unitfiles *files, const struct target *target,
	struct ways *ways, struct arena *mem);
/** Is it a unit of one of the workspace's own packages, which the user's patterns hold for? */
bool inputs_takes_globs(const struct inputs_context *context, size_t unit);

/** Everything returned lives in mem. */
void inputs_of(const struct inputs_context *context, struct arena *mem, size_t unit, struct unit_inputs *ret);

struct observer;
/** Asks the observer for it. */
const struct observation *inputs_want(struct observer *o, const struct unit_input *input);

/** Where a path lies, and what remains of it there: how a record spells it. */
enum input_root inputs_root_of(const struct unitfiles *files, const char *path, struct span *ret_rest);
/** The absolute path of a record's input; `out` is replaced. */
void inputs_full_path(const struct unitfiles *files, const struct input *input, struct str *out);
/** The same in mem. */
const char *inputs_path(const struct unitfiles *files, struct arena *mem, const struct input *input);

/** What the observer is asked for a record's input: the absolute path, or what stands for the environment of the unit now; false
 * if that cannot be told. *out is replaced. */
bool inputs_question(
	const struct inputs_context *context, size_t unit, const struct input *input, struct str *out);
/** The input's name in messages. */
const char *inputs_title(enum input_kind kind, const char *path);

#endif
