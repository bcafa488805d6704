/*
 * Who an interpreter is, as opposed to where it lies.
 *
 * An interpreter is run only if the user's environment or a command line names it, never because a cache
 * does.
 */
#ifndef STEADY_CORE_INTERPRETER_H
#define STEADY_CORE_INTERPRETER_H

#include "steady/format/pyconfig.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

struct interpreter {
	/** As it was called. */
	const char *executable;
	/** As pyo3 spells it: CPython, PyPy, GraalPy. */
	const char *implementation;
	unsigned major, minor;
	/** The whole sys.version, which names the build too. */
	const char *full_version;
	/** Library directory (LIBDIR) and library (LDLIBRARY) of the build configuration; "" where unknown.
	 */
	const char *lib_dir, *lib_name;
	const char *abi_flags, *platform;
	unsigned pointer_width;
	bool gil_disabled, debug;
};

/**
 * Runs `executable` (-I -S -B, for at most ten seconds) and hears who it is. Strings live in mem.
 * -ENOENT if there is none; other errors where it does not answer as a Python does.
 */
int interpreter_ask(const char *executable, struct arena *mem, struct interpreter *ret, struct err *err);

/** The interpreter of an environment: the first of bin/python, bin/python3, Scripts/python.exe that is there.
 */
int interpreter_of_env(const char *env_dir, struct arena *mem, const char **ret_executable, struct err *err);

/**
 * Could the recorded configuration have come from this interpreter? Everything that is known about both must
 * agree: implementation, version, ABI, debug build, pointer width, library directory. If not, *ret_why says
 * what differs.
 */
bool interpreter_agrees(const struct py_config *recorded, const struct interpreter *now, struct str *ret_why);

/** Do both paths lead to one and the same file (a venv's bin/python is a link to its base)? Neither is run.
 */
bool interpreter_same_file(const char *a, const char *b);

#endif
