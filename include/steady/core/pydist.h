/*
 * What is installed in a Python environment.
 *
 *	struct pydist *dist = pydist_read(&env, "/ws", contents, mem);	asks `contents` for files
 *	contents_settle(contents, progress);
 *	pydist_finish(dist, &seen);			seen.digest, seen.text
 *
 * One line for each distribution: its name, its version, and a digest of the lines of its RECORD that carry a hash. Left out
 * is what differs when the same wheel is installed again, or elsewhere: scripts (with the interpreter's
 * path in them), compiled files, INSTALLER, REQUESTED, direct_url.json, uv_*. What no RECORD answers for
 * (files put there by hand, distributions of operating systems) is hashed itself, as long as it is not too much. The first
 * line is the interpreter.
 *
 * Where a .pth or .egg-link file, or setuptools' finder of an editable installation, leads out of the environment, all that
 * lies there is hashed: every file, the names, links and what lies behind them; whatever comes to be there later is a change.
 * Left out are __pycache__ and .pyc, hidden directories, node_modules, and directories that are caches or environments by
 * what lies in them (CACHEDIR.TAG, pyvenv.cfg). What can be compared with nothing: an editable installation whose .pth runs
 * other code than that finder, a finder that is not as setuptools writes it, and trees that are too large.
 *
 * A project of the workspace that cargo builds (its pyproject.toml, setup.py or setup.cfg says so; or it has only a
 * Cargo.toml) is left out: its build cannot need it, its own build writes into it, and a script says which of its files it
 * reads as for any file of the package. Not so in an environment that shares its name with others.
 *
 * Sources: PEP 376, 427, 610, 660; what pip and uv write.
 */
#ifndef STEADY_CORE_PYDIST_H
#define STEADY_CORE_PYDIST_H

#include "steady/core/contents.h"
#include "steady/core/observe.h"
#include "steady/core/pyenv.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

struct pydist;

/** Everything lives in mem; `env` must not have a `why`. */
struct pydist *pydist_read(
	const struct pyenv *env, const char *workspace_root, struct contents *contents, struct arena *mem);
/** Fills *ret; releases what is not in mem. */
void pydist_finish(struct pydist *dist, struct observation *ret);

/** In words for people, what differs between two such texts: "cffi 1.16.0 -> 1.17.1 in the Python environment". In mem. */
const char *pydist_difference(struct span before, struct span now, struct arena *mem);

/** The environment as one text and back, for those who pass a path on. */
const char *pydist_key(const struct pyenv *env, struct arena *mem);
void pydist_from_key(const char *key, struct arena *mem, struct pyenv *ret);

#endif
