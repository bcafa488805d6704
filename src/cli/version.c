#include "steady/cli/version.h"

#include "steady/core/gitrepo.h"

#include <cjson/cJSON.h>
#include <xxhash.h>

const char *version_string(void)
{
	return STEADY_VERSION;
}

void version_print(struct ui *ui, bool verbose)
{
	ui_line(ui, "cargo-steady %s", version_string());
	if (!verbose)
		return;
	CLEANUP_ARENA struct arena *mem = arena_new();
	unsigned hash = XXH_versionNumber();
	ui_line(ui, "release: %s", version_string());
	ui_line(ui, "libgit2: %s", gitrepo_library(mem));
	ui_line(ui, "cJSON: %s", cJSON_Version());
	ui_line(ui, "xxHash: %u.%u.%u", hash / 10000, hash / 100 % 100, hash % 100);
}
