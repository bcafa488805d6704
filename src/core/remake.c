#include "steady/core/remake.h"

#include "steady/util/mem.h"
#include "steady/util/span.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_own_script(const struct remake_request *rq, size_t i)
{
	return rq->target->unit[i].kind == UNIT_RUN_BUILD_SCRIPT && inputs_takes_globs(rq->context, i);
}

/* True if there is one. */
static bool mark_direct(const struct remake_request *rq, size_t i, const char *path)
{
	const struct unit *u = &rq->target->unit[i];
	bool found = false;
	for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep == UNIT_NONE || !is_own_script(rq, dep))
			continue;
		rq->remake[dep] = path;
		found = true;
	}
	return found;
}

static void mark_below(const struct remake_request *rq, size_t i, const char *path, bool *seen)
{
	const struct unit *u = &rq->target->unit[i];
	(void)mark_direct(rq, i, path);
	for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep == UNIT_NONE || seen[dep])
			continue;
		seen[dep] = true;
		mark_below(rq, dep, path, seen);
	}
}

void remake_mark(const struct remake_request *request, size_t unit, const char *path)
{
	if (pkggit_ask(request->git, path, NULL) != PKGGIT_IGNORED || mark_direct(request, unit, path))
		return;
	CLEANUP_FREE bool *seen = xcalloc(request->target->count, sizeof(*seen));
	mark_below(request, unit, path, seen);
}

void remake_look(const struct remake_request *request, size_t unit, const struct unit_inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		struct span rest;
		struct stat st;
		const char *path = inputs->item[i].path;
		if (inputs->item[i].kind == INPUT_FILE &&
			inputs_root_of(request->context->files, path, &rest) != INPUT_BUILD &&
			stat(path, &st) < 0 && errno == ENOENT)
			remake_mark(request, unit, path);
	}
}
