#include "steady/core/aside.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

static char *beside(struct arena *mem, const char *path, struct span name)
{
	struct span dir = path_dir(span_of(path));
	return arena_printf(mem, "%.*s/" ASIDE_PREFIX "%.*s", SPAN_ARG(dir), SPAN_ARG(name));
}

char *aside_path_of_run(struct arena *mem, const struct unit *run)
{
	const char *output = unit_output_path(mem, run);
	return beside(mem, output, path_base(span_of(output)));
}

char *aside_path(struct arena *mem, const struct unit_files *files)
{
	if (files->reference.path == NULL)
		return NULL;
	if (files->unit->kind == UNIT_RUN_BUILD_SCRIPT)
		return aside_path_of_run(mem, files->unit);
	return beside(mem, files->reference.path, span_of(files->unit->base));
}

static bool can_be_read(struct arena *mem, const struct unit *u, struct span bytes)
{
	if (u->kind == UNIT_RUN_BUILD_SCRIPT)
		return true;
	const struct fingerprint *fp = u->fingerprint;
	bool has_method = fp != NULL && fp->nlocal != 0 && fp->local[0].kind == LOCAL_CHECK_DEP_INFO &&
		fp->local[0].method != METHOD_ABSENT;
	struct depinfo info;
	return depinfo_parse(mem, bytes, has_method, &info, NULL) == 0;
}

enum aside_state aside_look(
	const struct target *t, const struct unit_files *files, struct timespec *ret_mtime)
{
	if (files->unit->kind != UNIT_RUN_BUILD_SCRIPT && !files->unit->has_aside)
		return ASIDE_NONE;
	CLEANUP_ARENA struct arena *mem = arena_new();
	const char *path = aside_path(mem, files);
	struct span bytes;
	struct stat st;
	if (path == NULL)
		return ASIDE_NONE;
	int code = fsio_read(t->fd, path, DEPINFO_MAX_BYTES, mem, &bytes, &st, NULL);
	if (code == FSIO_MISSING)
		return ASIDE_NONE;
	if (code < 0 || !can_be_read(mem, files->unit, bytes))
		return ASIDE_DAMAGED;
	*ret_mtime = st.st_mtim;
	return ASIDE_USABLE;
}
