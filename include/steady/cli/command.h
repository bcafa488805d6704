/*
 * Commands: one array, from which come dispatch, help, completions and the check of the manual pages.
 *
 * To add the command `thing`, write src/cli/cmd_thing.c:
 *
 *	struct thing_args { enum report_format format; };
 *	static const struct opt thing_opts[] = {{"format", ...}, OPT_END};
 *	static int thing_run(const struct call *call, struct err *err) {
 *		const struct thing_args *args = call->args;
 *		...
 *	}
 *	const struct command command_thing = {
 *		.name = "thing", .summary = "Do the thing", .opts = thing_opts,
 *		.args_size = sizeof(struct thing_args), .reads_target = true, .run = thing_run};
 *
 * and then three lines: its file in src/cli/CMakeLists.txt, its declaration in commands.h, its address in the
 * array of command.c. The lint tests then ask for the page man/cargo-steady-thing.1.scd, its lines in
 * man/CMakeLists.txt and cargo-steady.1.scd, and a word in README.md.
 */
#ifndef STEADY_CLI_COMMAND_H
#define STEADY_CLI_COMMAND_H

#include "steady/cli/opt.h"
#include "steady/cli/ui.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

/** What the program exits with. Part of the interface: documented in cargo-steady(1). */
enum steady_exit {
	STEADY_EXIT_DONE = 0,
	/** --check found work. */
	STEADY_EXIT_FOUND = 1,
	STEADY_EXIT_USAGE = 2,
	/** No workspace, an unreadable target directory, a full disk. */
	STEADY_EXIT_ENVIRONMENT = 3,
	/** Records were rejected under --strict. */
	STEADY_EXIT_REJECTED = 4,
	STEADY_EXIT_INTERNAL = 70,
};

/** --target-dir and --manifest-path; NULL where not given. */
struct target_args {
	const char *target_dir;
	const char *manifest_path;
};

/** One invocation of a command. All of it lives until run returns. */
struct call {
	struct ui *ui;
	const struct command *command;
	/** The struct that the command's options were stored in. */
	const void *args;
	/** Not NULL if the command reads_target. */
	const struct target_args *target;
	const char *const *operand;
	size_t operands;
	struct arena *mem;
};

struct command {
	const char *name;
	/** A phrase in the imperative, without a final stop. */
	const char *summary;
	/** Paragraphs for --help, separated by an empty line; may be NULL. */
	const char *details;
	/** How the operands are written in the usage line, such as "<SHELL>"; NULL if there are none. */
	const char *operand;
	/** The operands' possible values with '|' between them, for completion; NULL if any. */
	const char *operand_values;
	unsigned min_operands, max_operands;
	/** NULL if there are none besides the common ones. */
	const struct opt *opts;
	size_t args_size;
	/** What the args struct holds before parsing; NULL for zeros. */
	const void *defaults;
	/** Takes --target-dir and --manifest-path. */
	bool reads_target;
	/**
	 * The work. Returns an exit status, or a negative errno value, which becomes STEADY_EXIT_ENVIRONMENT.
	 * A filled record is shown as an error, with STEADY_EXIT_USAGE followed by the usage line.
	 */
	int (*run)(const struct call *call, struct err *err);
};

/** All commands in the order of the help text, then NULL. */
extern const struct command *const steady_commands[];
/** The program itself, for its help and its own options. */
extern const struct command steady_program;
/** Options that every command has, and those of commands that read a target directory. */
extern const struct opt steady_common_opts[];
extern const struct opt steady_target_opts[];

/** NULL if there is none of that name. */
const struct command *command_find(struct span name);
/** Fills the record with the complaint about an unknown command. */
int command_unknown(const char *name, struct err *err);
/**
 * Runs argv (argc words and a NULL; argv[0] is the program, argv[1] perhaps "steady" as cargo passes it) and
 * returns the exit status. Nothing but ui is touched outside the command itself.
 */
int command_main(struct ui *ui, const char *const *argv);

#endif
