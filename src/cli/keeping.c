#include "steady/cli/keeping.h"

#include "steady/cli/targets.h"
#include "steady/core/home.h"

#include <errno.h>

int keeping_locate(const struct call *call, struct location *ret, struct err *err)
{
	int code = targets_locate_existing(call, ret, err);
	if (code < 0)
		return code;
	if (ret->workspace_root == NULL) {
		(void)err_set(err, ENOENT, "there is no Cargo.toml here or above");
		return err_hint(
			err, "run it inside the workspace, or name its manifest with --manifest-path");
	}
	return code;
}

struct digestcache *keeping_digests(struct arena *mem, const struct location *where)
{
	const char *home;
	int fd = home_dir(mem, &home, NULL) == 0 ? home_open(home, "digests", NULL) : -1;
	return digestcache_open(fd, where->workspace_root);
}

void keeping_say_recovered(struct ui *ui, enum journal_outcome outcome)
{
	switch (outcome) {
	case JOURNAL_NONE:
		break;
	case JOURNAL_FINISHED:
		ui_status(ui, "Finished", "a change that had been interrupted");
		break;
	case JOURNAL_DROPPED:
		ui_warn(ui,
			"a change that had been interrupted was given up, since the target directory changed "
			"after it; cargo rebuilds what does not fit");
		break;
	case JOURNAL_UNDONE:
		ui_detail(ui, "Removed", "what a change left that never began");
		break;
	}
}

const char *keeping_count(struct arena *mem, size_t count, const char *singular)
{
	return arena_printf(mem, "%zu %s%s", count, singular, count == 1 ? "" : "s");
}
