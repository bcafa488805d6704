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
 * One of the names above; one that matches a glob of STEADY_EPHEMERAL (':' between them; each stands for the environment's
 * directory). *ret_env, in mem, is the environment's directory.
 */
bool ephemeral_env(const char *path, struct arena *mem, const char **ret_env);

#endif
