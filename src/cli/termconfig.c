#include "steady/cli/termconfig.h"

#include "steady/core/cargoenv.h"
#include "steady/core/locate.h"
#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <unistd.h>

void termconfig_read(const char *directory, struct ui_options *options)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	CLEANUP_CARGOENV struct cargoenv *env = NULL;
	CLEANUP_STR struct str start = STR_INIT;
	if (options->quiet || options->verbose != 0 || cwd == NULL)
		return;
	path_join(&start, cwd, directory != NULL ? directory : "");
	const struct cargoenv_options where = {.cwd = start.buf, .cargo_home = locate_cargo_home(mem)};
	if (cargoenv_load(&where, &env, NULL) < 0)
		return;
	options->config_quiet = cargoenv_term(env, "quiet");
	options->config_verbose = cargoenv_term(env, "verbose");
}
