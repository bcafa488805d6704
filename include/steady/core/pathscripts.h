/*
 * Build scripts that may run the interpreter by a path that was compiled into them.
 *
 * pyo3-build-config before 0.29 compiles the interpreter's path into its library, and so into every build script that links
 * it. pyo3's own scripts get it from their dependency's metadata instead, and most others ask for version and ABI alone. But
 * one that asks for `executable`, or has a Python script run, needs the path as long as the library is not built again.
 */
#ifndef STEADY_CORE_PATHSCRIPTS_H
#define STEADY_CORE_PATHSCRIPTS_H

#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/**
 * Could this run of a script have been started with a path from its own binary, or any later one? Told by the sources of
 * the script, and of libraries that stand between it and pyo3-build-config; what cannot be read counts as asking.
 */
bool pathscripts_ask(const struct target *t, struct unitfiles *files, size_t run);

#endif
