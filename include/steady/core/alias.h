/*
 * A small virtual environment that stands in for throw-away ones: its path depends on nothing but who the interpreter is.
 *
 *	HOME/python-alias/cpython-3.12.4-x86_64-linux-gnu-1a2b3c4d/
 *		pyvenv.cfg
 *		bin/python, python3, python3.12 -> the base interpreter
 *		lib/python3.12/site-packages/steady.pth		adds the directories that STEADY_SITE names
 *
 * The name ends with 8 digits of the interpreter's identity; a free-threaded build is cpython-3.13.1t-..., a debug build
 * cpython-3.12.4d-... The files' times are always the same, for cargo compares that of pyvenv.cfg: equal path, equal
 * bytes.
 *
 * An alias is made in a directory beside its place, tried there, and renamed: it is there wholly or not at all, and of
 * two makers the second uses what the first one made. Every use compares all of it: names, bytes, links, owner, modes.
 */
#ifndef STEADY_CORE_ALIAS_H
#define STEADY_CORE_ALIAS_H

#include "steady/core/interpreter.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

struct alias {
	/** The environment's directory, as VIRTUAL_ENV would name it. */
	const char *dir;
	/** dir/bin/python. */
	const char *python;
	/** The alias's own, where its .pth file lies; nothing is ever installed there. */
	const char *site_packages;
	/** The base interpreter; `executable` is what alias_get was asked about. */
	struct interpreter who;
};

/** Returned where there can be no alias: a positive condition, with *ret_why. */
#define ALIAS_NONE 1

/**
 * The alias of the interpreter that `executable` (a path) leads to. Call it only with what the user's environment or
 * command line names: an interpreter that is not known yet is run, and so is its new alias. Otherwise it costs some
 * fifty system calls. Strings live in mem.
 *
 * 0: *ret is checked and usable. ALIAS_NONE: *ret_why (in mem) says why not; what was found by trying is remembered for a day.
 * Negative: `executable` is not there or does not answer as a Python does.
 */
int alias_get(
	const char *executable, struct arena *mem, struct alias *ret, const char **ret_why, struct err *err);

#endif
