#include "steady/core/asidewhy.h"

#include "steady/core/aside.h"
#include "steady/core/keeper.h"

#include <string.h>

static bool is_aside(const struct explain *e, struct unitfiles *files, size_t unit)
{
	struct timespec mtime;
	const struct unit_files *f = unitfiles_get(files, unit);
	return f->reference_state == REFERENCE_MISSING && aside_look(e->target, f, &mtime) == ASIDE_USABLE;
}

/* The units of both targets have the same order, unless something changed in between. */
static bool is_same_unit(const struct unit *a, const struct unit *b)
{
	return strcmp(a->directory, b->directory) == 0 && strcmp(a->base, b->base) == 0;
}

static const char *reason_of(const struct keeper *k, size_t unit, struct arena *mem)
{
	const struct unit_verdict *v = &k->verification->unit[unit];
	if (verdict_stays(v->verdict))
		return "set aside by an earlier `cargo steady restore`; the next one puts it back, nothing has changed";
	if (!v->bound)
		return "set aside by an earlier `cargo steady restore`, which had no proof of what it was built from";
	return arena_printf(mem, "set aside by `cargo steady restore`: %s", v->reason);
}

int asidewhy_find(struct explain *explain, struct unitfiles *files, const struct location *where,
	struct digestcache *digests, struct err *err)
{
	bool any = false;
	for (size_t c = 0; c < explain->ncause && !any; c++)
		any = is_aside(explain, files, explain->cause[c].unit);
	if (!any)
		return 0;
	CLEANUP_KEEPER struct keeper *k = NULL;
	int code = keeper_open(
		&(struct keeper_options){.where = where, .read_only = true, .digests = digests}, &k, err);
	if (code == 0)
		code = keeper_verify(k, NULL, err);
	if (code < 0)
		return code;
	explain->aside = arena_array(explain->mem, explain->target->count, sizeof(*explain->aside));
	for (size_t c = 0; c < explain->ncause; c++) {
		size_t unit = explain->cause[c].unit;
		if (unit < k->target->count &&
			is_same_unit(&k->target->unit[unit], &explain->target->unit[unit]) &&
			is_aside(explain, files, unit))
			explain->aside[unit] = reason_of(k, unit, explain->mem);
	}
	return 0;
}
