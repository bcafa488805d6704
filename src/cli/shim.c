#include "steady/cli/shim.h"

#include "steady/cli/cargoargs.h"
#include "steady/cli/shimsteps.h"
#include "steady/cli/streams.h"
#include "steady/cli/termconfig.h"
#include "steady/cli/ui.h"
#include "steady/core/cargoenv.h"
#include "steady/core/realcargo.h"
#include "steady/util/path.h"
#include "steady/util/str.h"
#include "steady/util/supervise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As a shell says it: the command was not found, or cannot be run. */
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_RUN 126
/* So often may an alias stand for another one. */
#define MAX_ALIASES 8

bool shim_is_meant(const char *const argv[])
{
	return argv[0] != NULL && span_eq_str(path_base(span_of(argv[0])), "cargo");
}

static bool is_switched_off(void)
{
	static const char *const words[] = {"off", "0", "no", "false"};
	const char *value = getenv("STEADY_SHIM");
	for (size_t i = 0; value != NULL && i < COUNT_OF(words); i++) {
		if (strcmp(value, words[i]) == 0)
			return true;
	}
	return false;
}

/* argv for the real cargo. rustup's looks at the name; a path of ours must not reach anybody. */
static const char **words_for(const char *const argv[], const char *path, struct arena *mem)
{
	size_t count = 0;
	while (argv[count] != NULL)
		count++;
	const char **out = arena_array(mem, count + 1, sizeof(*out));
	memcpy(out, argv, count * sizeof(*out));
	if (strchr(argv[0], '/') != NULL)
		out[0] = path;
	return out;
}

/* Tools that were told to call the shim as $CARGO: cargo would take that for its own path, and compile it into crates. */
static void forget_own_path(void)
{
	const char *cargo = getenv("CARGO");
	if (cargo != NULL && cargo[0] == '/' && realcargo_is_shim(cargo))
		(void)unsetenv("CARGO");
}

static int fail(struct ui *ui, const struct err *err, int status)
{
	ui_fail(ui, err);
	return status;
}

/* What the user's configuration makes of a subcommand that is not cargo's, in mem; argv if it is no alias. */
static const char *const *without_alias(
	const char *const argv[], const struct cargoargs *args, struct arena *mem)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	CLEANUP_CARGOENV struct cargoenv *env = NULL;
	CLEANUP_STR struct str start = STR_INIT;
	if (cwd == NULL)
		return argv;
	path_join(&start, cwd, args->directory != NULL ? args->directory : "");
	const struct cargoenv_options options = {.cwd = start.buf, .cargo_home = locate_cargo_home(mem)};
	struct span *word;
	size_t count;
	if (cargoenv_load(&options, &env, NULL) < 0 || !cargoenv_alias(env, args->subcommand, &word, &count))
		return argv;
	return cargoargs_expand(argv, args->at, word, count, mem);
}

static void understand(const char *const argv[], struct arena *mem, struct cargoargs *ret)
{
	cargoargs_parse(argv, ret);
	for (int i = 0; i < MAX_ALIASES; i++) {
		if (ret->subcommand == NULL || cargoargs_is_builtin(ret->subcommand))
			return;
		const char *const *expanded = without_alias(argv, ret, mem);
		if (expanded == argv)
			return;
		argv = expanded;
		cargoargs_parse(argv, ret);
	}
	ret->doubt = "aliases of aliases of aliases";
}

static void settle_ui(struct ui *ui, const struct cargoargs *args)
{
	struct ui_options options = {.quiet = args->quiet, .verbose = args->verbose, .color = UI_AUTO};
	options.color_given = args->color != NULL;
	if (args->color != NULL && strcmp(args->color, "always") == 0)
		options.color = UI_ALWAYS;
	if (args->color != NULL && strcmp(args->color, "never") == 0)
		options.color = UI_NEVER;
	if (args->kind != CARGO_NOTHING)
		termconfig_read(args->directory, &options);
	ui_configure(ui, &options);
}

/* Runs cargo with what belongs around it. True if *ret_status is the end of it, false if it is to be become. */
static bool run_with_steps(struct shim *shim, const char *path, const char *const words[], int *ret_status)
{
	struct err err = ERR_INIT;
	int status;
	streams_ignore_sigpipe();
	shimsteps_before(shim);
	streams_restore_sigpipe();
	if (!shim->ready || shim->args->kind == CARGO_RUN || shim->args->kind == CARGO_EXTERNAL)
		return false;
	if (supervise(path, words, &status, &err) < 0) {
		*ret_status = fail(shim->ui, &err, EXIT_NOT_RUN);
		return true;
	}
	streams_ignore_sigpipe();
	shimsteps_after(shim);
	streams_restore_sigpipe();
	*ret_status = supervise_end(status);
	return true;
}

static bool is_logged(void)
{
	const char *value = getenv("STEADY_LOG");
	return value != NULL && strcmp(value, "debug") == 0;
}

int shim_main(const char *const argv[])
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct err err = ERR_INIT;
	struct cargoargs args;
	struct realcargo real;
	struct ui ui;
	int status;
	ui_init(&ui, stdout, stderr);
	if (realcargo_find(argv, mem, &real, &err) < 0)
		return fail(&ui, &err, EXIT_NOT_FOUND);
	forget_own_path();
	if (setenv(REALCARGO_VISITED, real.visited, 1) < 0)
		return fail(&ui, &err, EXIT_NOT_RUN);
	const char **words = words_for(argv, real.path, mem);
	if (!is_switched_off()) {
		understand(argv, mem, &args);
		settle_ui(&ui, &args);
		struct shim shim = {.mem = mem, .ui = &ui, .args = &args, .log = is_logged()};
		shimsteps_log(&shim, "%s stands behind; %s", real.path,
			args.doubt != NULL                   ? args.doubt
				: args.kind == CARGO_NOTHING ? "nothing is built"
							     : args.subcommand);
		if (args.kind != CARGO_NOTHING && args.doubt == NULL &&
			run_with_steps(&shim, real.path, words, &status))
			return status;
	}
	(void)supervise_become(real.path, words, &err);
	return fail(&ui, &err, EXIT_NOT_RUN);
}
