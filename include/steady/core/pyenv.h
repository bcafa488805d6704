/*
 * Which Python environment a build script sees.
 *
 *	struct pyenv_values values = {...};		what cargo recorded, and so compares itself
 *	struct pyenv env;
 *	pyenv_find(mem, &values, &env);
 *	if (env.why == NULL)
 *		... env.site: where its packages lie ...
 *
 * The interpreter is looked for as pyo3-build-config does: PYO3_PYTHON, else that of VIRTUAL_ENV or of CONDA_PREFIX (of
 * neither where both are set), else `python`, then `python3` on PATH. A variable that the script registered has the value
 * that cargo recorded, since cargo runs the script again for any other; the rest have their values of now. An alias
 * (core/alias.h) stands for the environment that is named now, or for that of STEADY_SITE.
 *
 * Where packages lie is told by pyvenv.cfg and the names of directories, as Python's site.py has them. Only a program with
 * none of these, a wrapper script such as pyenv's, is run to hear which interpreter it starts, and only if the variables of
 * now name it. Limit: PYTHONPATH counts only where pip isolates a build with it, and where the environment is pinned.
 *
 * Sources: pyo3-build-config's impl_.rs (find_interpreter, get_env_interpreter), CPython's site.py and getpath.py, Debian's
 * dist-packages, pip's build_env.py.
 */
#ifndef STEADY_CORE_PYENV_H
#define STEADY_CORE_PYENV_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

/** The first five are those whose registration shows that a script sees the environment. */
enum pyenv_variable {
	PYENV_PYO3_PYTHON,
	PYENV_PYTHON_SYS_EXECUTABLE,
	PYENV_VIRTUAL_ENV,
	PYENV_CONDA_PREFIX,
	PYENV_PYO3_CONFIG_FILE,
	PYENV_PATH,
};
#define PYENV_TELLING PYENV_PATH
#define PYENV_VARIABLES (PYENV_PATH + 1)

/** The variable of that name; false if it is none of them. */
bool pyenv_variable(struct span name, enum pyenv_variable *ret);

struct pyenv_values {
	/** Registered: `value` is what cargo recorded, NULL for unset. */
	bool known[PYENV_VARIABLES];
	const char *value[PYENV_VARIABLES];
	/** Run nothing: a wrapper's environment is not told. */
	bool quiet;
};

struct pyenv {
	/** The interpreter's path, and the same without links. NULL: there is no Python, which is an environment too. */
	const char *named, *program;
	/** Directories of packages, absolute. */
	const char **site;
	size_t nsite;
	/** Directories that are this environment's alone: a text that holds one of them is good for no other. */
	const char **root;
	size_t nroot;
	/** It was named by an alias or a throw-away path: cargo cannot tell one such environment from another. */
	bool pinned;
	/** The values themselves name it, by no alias: it is this environment and no other. */
	bool told;
	/** `named` is no interpreter of a known place: perhaps a script that starts one. */
	bool wrapper;
	/** Why it cannot be told, or NULL. */
	const char *why;
};

/** Everything returned lives in mem. */
void pyenv_find(struct arena *mem, const struct pyenv_values *values, struct pyenv *ret);

/** How a record spells where the environment lies (INPUT_ENVIRONMENT_PATH), in mem. */
const char *pyenv_place(const struct pyenv *env, struct arena *mem);

/**
 * The variable of Python's that [env] of cargo's configuration in the directory (NULL: the current one) gives another value
 * than this process has, or NULL. Then scripts do not run with what the process says, and older cargos do not compare it.
 */
const char *pyenv_configured(struct arena *mem, const char *dir);

/** Do this process's variables name an environment that is one of many with one name? */
bool pyenv_is_pinned(void);

#endif
