/*
 * Which variables a build gets instead of those that name a throw-away environment.
 *
 *	PYO3_PYTHON, PYTHON_SYS_EXECUTABLE	the alias's bin/python, whatever name the front end used
 *	VIRTUAL_ENV				the alias's directory
 *	PYO3_CONFIG_FILE			a copy under our home directory, named after its bytes
 *	STEADY_SITE				the site-packages of the environment that was named
 *	PYTHONDONTWRITEBYTECODE			1: what scripts import from watched directories stays clean
 *
 * One environment is meant: that of PYO3_PYTHON, else of PYTHON_SYS_EXECUTABLE, else VIRTUAL_ENV, whichever is set
 * first. If that is no throw-away one (or PYO3_CROSS_LIB_DIR is set: what lies there is read and not watched), nothing is replaced; variables that name another environment stay as they are.
 * Two environments are never mixed: where something is replaced, so is an inherited STEADY_SITE; elsewhere it stays, for
 * only an alias reads it; so it does where an alias of another home directory is replaced by ours.
 */
#ifndef STEADY_CORE_SWAP_H
#define STEADY_CORE_SWAP_H

#include "steady/core/alias.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

/** What the called cargo will do with its environment. */
enum swap_use {
	/** build, check, rustc...: only compilers and build scripts see it. */
	SWAP_BUILDS,
	/** run, test, bench: the project's own programs see it too, so only what PYO3_PYTHON forces is replaced. */
	SWAP_RUNS,
};

/** What the decision rests on; `ctx` is passed to each. */
struct swap_facts {
	void *ctx;
	/** The value of a variable, NULL if it is not set. */
	const char *(*lookup)(void *ctx, const char *name);
	/** As alias_get. */
	int (*get)(void *ctx, const char *executable, struct arena *mem, struct alias *ret,
		const char **ret_why, struct err *err);
	/** Does the path lie in a throw-away environment? As ephemeral_env. */
	bool (*ephemeral)(void *ctx, const char *path, struct arena *mem, const char **ret_env);
	/** The stable copy of a PYO3_CONFIG_FILE that lies in a throw-away directory; NULL to leave it as it is. */
	const char *(*config)(void *ctx, const char *file, const struct alias *alias, struct arena *mem);
};

struct swap_change {
	const char *name;
	/** NULL: the variable is taken away. */
	const char *value;
};

#define SWAP_MAX 8

struct swap {
	struct swap_change change[SWAP_MAX];
	size_t count;
	/** The environment that is replaced, NULL if none is. */
	const char *env_dir;
	/** Its alias, if there is an env_dir. */
	struct alias alias;
	/** Why a throw-away environment stays (no alias), or NULL. One line. */
	const char *why;
};

/** The changes, which may be none; strings live in mem. Never fails: what is in doubt stays as it is. */
void swap_decide(const struct swap_facts *facts, enum swap_use use, struct arena *mem, struct swap *ret);

/** The facts as they are: getenv, alias_get, ephemeral_env, and copies below the home directory. */
extern const struct swap_facts swap_environment;

#endif
