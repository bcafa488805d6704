/*
 * The interpreter that the user's environment names, as pyo3 looks for it.
 *
 *	const char *path[USERPYTHON_MAX];
 *	size_t count = userpython_find(mem, path);
 *
 * PYO3_PYTHON; else bin/python of VIRTUAL_ENV or of CONDA_PREFIX (of none where both are set); else `python`, then
 * `python3` on PATH. Only these may be run: never a path that stands in a cache.
 *
 * Source: pyo3-build-config, impl_.rs: find_interpreter, get_env_interpreter (0.17 to 0.29).
 */
#ifndef STEADY_CORE_USERPYTHON_H
#define STEADY_CORE_USERPYTHON_H

#include "steady/util/base.h"
#include "steady/util/mem.h"

#define USERPYTHON_MAX ((size_t)2)

/**
 * Fills in absolute paths, best first, and returns how many there are: the first one that answers as a Python 3 is meant.
 * None of them is run. A relative path is taken for none: nobody knows where a build script stands when it looks.
 */
size_t userpython_find(struct arena *mem, const char *ret_path[USERPYTHON_MAX]);

#endif
