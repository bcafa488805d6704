/*
 * cargo's own command line, as far as the shim must understand it: what is asked for, and where.
 *
 *	struct cargoargs args;
 *	cargoargs_parse(argv, &args);
 *	if (args.kind == CARGO_NOTHING || args.doubt != NULL)
 *		... the real cargo, with nothing changed ...
 *
 * Understood: `+toolchain`, options before the subcommand, joined short options, values behind `=` or in the next word,
 * `--`, and that what follows the first operand of `run` and `rustc` belongs to the program or compiler. Aliases of
 * one letter are cargo's; those of the user's configuration are expanded by cargoargs_expand before.
 *
 * Sources: cargo's src/bin/cargo/cli.rs (options, builtin aliases), src/bin/cargo/commands/ (each subcommand),
 * util/command_prelude.rs (the shared options), core/profiles.rs (which directory a profile has).
 */
#ifndef STEADY_CLI_CARGOARGS_H
#define STEADY_CLI_CARGOARGS_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

enum cargo_kind {
	/** Builds nothing: metadata, fmt, help, ... */
	CARGO_NOTHING,
	/** build, check, rustc, doc, clippy, ...: ends when all is built. */
	CARGO_BUILD,
	/** test and bench: runs programs of the user's when all is built. */
	CARGO_TEST,
	/** run: becomes the program. */
	CARGO_RUN,
	/** A program `cargo-...` of somebody else's, which may build. */
	CARGO_EXTERNAL,
};

struct cargoargs {
	enum cargo_kind kind;
	/** As written; NULL if there is none. Points into argv, as all strings here. */
	const char *subcommand;
	/** Its position in argv; 0 if there is none. */
	size_t at;
	/** -C, --target-dir, --manifest-path (or what `install --path` means, then `package_dir`); NULL if not given. */
	const char *directory, *target_dir, *manifest_path, *package_dir;
	/** The directory of the profile: "debug", "release", ...; NULL where that cannot be told (CARGO_EXTERNAL). */
	const char *profile;
	bool quiet;
	unsigned verbose;
	/** Value of --color, or NULL. */
	const char *color;
	/** What is not understood well enough to change anything, or NULL. Static. */
	const char *doubt;
};

void cargoargs_parse(const char *const argv[], struct cargoargs *ret);
/** Is the name one of cargo's own subcommands, which no alias can replace? (One letter is an alias of cargo's.) */
bool cargoargs_is_builtin(const char *name);
/** argv with the subcommand at `at` replaced by the words, for a further parse; in mem. */
const char *const *cargoargs_expand(
	const char *const argv[], size_t at, const struct span *word, size_t count, struct arena *mem);

#endif
