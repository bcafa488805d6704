/*
 * Which paths lie in a throw-away Python environment: by name, as the front ends make them.
 *
 *	.../builds-v0/.tmpXXXXXX                    uv
 *	.../environments-v0/.tmpXXXXXX              uv 0.2.11 to 0.2.21
 *	.../.tmpXXXXXX/.venv                        uv up to 0.2.10
 *	.../build-env-xxxxxxxx                      pypa/build, cibuildwheel
 *	.../pip-build-env-xxxxxxxx                  pip's venv isolation
 *	.../tmpxxxxxxxx/.venv                       poetry
 *	.../cibw-run-xxxxxxxx/<identifier>/build/venv   cibuildwheel on macOS and Windows
 *	.../python-alias/cpython-<...>-hhhhhhhh     an alias (alias.h) of another home directory than ours
 *
 * X is one of [A-Za-z0-9], x one of [a-z0-9_]: the suffixes that Rust's tempfile and Python's tempfile make.
 * Separators are '/' or '\'. The text searched may be a path, a list of paths or a whole line that holds
 * some.
 */
#ifndef STEADY_CORE_EPHEMERAL_H
#define STEADY_CORE_EPHEMERAL_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

/** Finds the first environment directory at or behind `from` in the text; *ret is its path inside the text.
 */
bool ephemeral_find(struct span text, size_t from, struct span *ret);

/**
 * Is `path` (absolute, an environment's directory or something in it, such as bin/python) in a throw-away environment?
 * It is where it has one of the names above; where it matches a glob of STEADY_EPHEMERAL (':' between them; each stands
 * for an environment's directory); and where it is a virtual environment (pyvenv.cfg) below a directory for temporary
 * files or uv's cache with a component that somebody drew by lot (ephemeral_place). Our own aliases never are. *ret_env,
 * in mem, is the environment's directory.
 */
bool ephemeral_env(const char *path, struct arena *mem, const char **ret_env);

/**
 * Does the path lie below a directory for temporary files (TMPDIR, RUNNER_TEMP, /tmp, /var/tmp, macOS's /var/folders) or
 * uv's cache, with a component drawn by lot in between: .tmpXXXXXX, tmpxxxxxxxx, tmp.XXXXXXXXXX, name-xxxxxxxx, a UUID or
 * 32 hexadecimal digits? /tmp/venv does not. Text only.
 */
bool ephemeral_place(const char *path, struct arena *mem);

#endif
