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
#include "steady/util/digest.h"
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
	/**
	 * The interpreter behind all environments, without links: where sys.executable leads to, and where that is an
	 * environment's copy of it, what the pyvenv.cfg beside it names. "" where it did not say.
	 */
	const char *base;
	/** sys.executable: another one where `executable` is a script that starts it. "" where it did not say. */
	const char *told;
	/** "x86_64-linux-gnu"; "" where unknown. */
	const char *multiarch;
	/** The file of the shared library that it runs from (LIBDIR/INSTSONAME); "" if there is none. */
	const char *library;
	/** Where packages lie in an environment of it, below its directory; "" where it did not say. ':' between several.
	 */
	const char *site_packages;
	/** Where its own packages lie, which environments with include-system-site-packages see; absolute, ':' between
	 * them. */
	const char *system_site;
};

/**
 * Runs `executable` (-I -S -B, for at most ten seconds) and hears who it is. Strings live in mem.
 * -ENOENT if there is none; other errors where it does not answer as a Python does.
 */
int interpreter_ask(const char *executable, struct arena *mem, struct interpreter *ret, struct err *err);

/**
 * As interpreter_ask, but an interpreter that answered before is not run again: answers are kept below the home
 * directory (home.h), by real path, size, times and inode of the program, and the `home` of the environment's
 * pyvenv.cfg, which chooses its library. What is a script that starts some interpreter (pyenv's shims) is asked each time.
 */
int interpreter_known(const char *executable, struct arena *mem, struct interpreter *ret, struct err *err);

/** The answer in the form in which it was given: JSON. 0, or -EPROTO with *ret untouched. */
int interpreter_parse(struct span answer, struct arena *mem, struct interpreter *ret);

/**
 * Who it is, whatever it is called: implementation, full version, ABI, debug build, pointer width, base program, library
 * and platform. Not its times: a reinstalled image has others.
 */
void interpreter_identity(const struct interpreter *i, struct digest *ret);

/** The environment directory of an interpreter's path, which lies in bin or Scripts of it; empty if it does not. */
struct span interpreter_env_dir(struct span executable);

/**
 * The directories with packages that an environment of this interpreter has, absolute, with ':' between them: those that
 * are there, and where pyvenv.cfg says so the user's and the base's, in site.py's order. `env_dir` NULL: of no environment,
 * the user's and the base's. "" if there is none. Whether the user's count, and where they lie, is told by PYTHONNOUSERSITE,
 * PYTHONUSERBASE and HOME, and not where a program has other rights than its caller.
 */
const char *interpreter_site(const struct interpreter *i, const char *env_dir, struct arena *mem);

/** The value of a key in the pyvenv.cfg of an environment directory (or of dir/bin), NULL if it is not there. */
const char *interpreter_env_key(const char *env_dir, const char *key, struct arena *mem);

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
