/*
 * Which runs of build scripts see the Python environment.
 *
 * In front ends that build in throw-away environments PYO3_PYTHON has a new value each time, and so cargo ran every script
 * that registers it in every environment: by accident, but scripts rely on it. Where the value stays (an alias, or an
 * environment that is made anew at its path) that is lost. So what is installed is an input of each script's run that
 * registers PYO3_PYTHON, PYTHON_SYS_EXECUTABLE, VIRTUAL_ENV, CONDA_PREFIX or PYO3_CONFIG_FILE, or has such a run below it
 * (scripts ask pyo3-build-config, and register nothing themselves). PyO3's own crates from a registry are excepted: they ask
 * the interpreter who it is, and import nothing.
 */
#ifndef STEADY_CORE_PYSCRIPTS_H
#define STEADY_CORE_PYSCRIPTS_H

#include "steady/core/pyenv.h"
#include "steady/core/unitfiles.h"
#include "steady/format/record.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

struct pyscript {
	/** NULL: the unit does not see the environment. */
	const struct pyenv *env;
	/** How an observer is asked for it (INPUT_ENVIRONMENT); NULL if env->why. */
	const char *key;
	/** As pyenv_place. */
	const char *place;
	/** A path package whose script cargo ran each time by that accident: all of the package's files are inputs. */
	bool beside;
	/** And that script starts git itself, as far as its sources tell: the commit that is checked out is an input. */
	bool git;
};

/** One for each unit, in mem. */
struct pyscript *pyscripts_find(const struct target *t, struct unitfiles *files, struct arena *mem);

/** The unit's script printed the environment's path, or left it in OUT_DIR: the name of the file, in mem; else NULL. What
 * cannot be read counts as holding it. The path of the interpreter itself does not, where an alias takes its place. */
const char *pyscripts_held(
	const struct target *t, const struct unit_files *files, const struct pyenv *env, struct arena *mem);

/** Has the record the inputs of a script that sees the environment? */
bool pyscript_is_covered(const struct pyscript *script, const struct record *record);

/** Is the file of a package one that its script may have read (INPUT_BESIDE), and not what Python's build tools leave? */
bool pyscripts_is_beside(const char *path);

#endif
