/*
 * The environment as cargo will see it: the process's variables, and what `[env]`, `[build]`, `[alias]` and
 * `[term]` of its configuration files add.
 *
 *	struct cargoenv *env = NULL;
 *	if (cargoenv_load(&options, &env, &err) < 0)
 *		...
 *	bool set = cargoenv_get(env, SPAN_LIT("CC"), true, &value);
 *	env = cargoenv_free(env);
 *
 * Files are those cargo reads from a directory: .cargo/config or .cargo/config.toml there and in each directory above,
 * then CARGO_HOME's; the nearest says what holds. `include` is not followed (a warning). Nothing is executed.
 *
 * Sources: cargo's util/context/mod.rs (env_config, walk_tree), util/context/schema.rs (EnvConfigValue),
 * core/compiler/build_context/target_info.rs (extra_args, rustflags_from_env).
 */
#ifndef STEADY_CORE_CARGOENV_H
#define STEADY_CORE_CARGOENV_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

struct cargoenv_options {
	/** Absolute: where cargo will be started. */
	const char *cwd;
	/** Absolute; NULL if there is none. */
	const char *cargo_home;
	/** "NAME=value" strings ended by NULL. NULL: the process's own. */
	char *const *variables;
};

struct cargoenv;

/** A configuration file that cannot be read is a warning: cargo would stop there, and nothing is known of it. */
int cargoenv_load(const struct cargoenv_options *options, struct cargoenv **ret, struct err *err);
/** Accepts NULL, returns NULL. */
struct cargoenv *cargoenv_free(struct cargoenv *env);
void cargoenv_cleanup(struct cargoenv **env);
#define CLEANUP_CARGOENV CLEANUP(cargoenv_cleanup)

/**
 * The value of a variable: with `config` that of [env] if it is forced or the process has none. False if it is not set,
 * or no UTF-8 (then cargo takes it as not set).
 */
bool cargoenv_get(const struct cargoenv *env, struct span name, bool config, struct span *ret);
/**
 * The RUSTFLAGS that cargo will use for units that get any. False if the files set flags for targets or in several
 * places, which needs more than reading to put together.
 */
bool cargoenv_rustflags(const struct cargoenv *env, struct span **ret_flags, size_t *ret_count);
/**
 * The words that a subcommand is an alias for: of CARGO_ALIAS_..., else of the nearest file's [alias]. False if it is none.
 */
bool cargoenv_alias(const struct cargoenv *env, const char *name, struct span **ret_words, size_t *ret_count);
/**
 * `quiet` or `verbose` of [term], CARGO_TERM_... before the files, of which the nearest says what holds. False if nothing
 * sets it.
 */
bool cargoenv_term(const struct cargoenv *env, const char *key);
/** What could not be read, or NULL. */
const char *cargoenv_warning(const struct cargoenv *env);

#endif
