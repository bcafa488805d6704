#include "steady/core/moved.h"

#include "steady/core/runtexts.h"
#include "steady/core/unitorder.h"
#include "steady/format/rustcmeta.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <stdlib.h>
#include <string.h>

struct moved {
	struct arena *mem;
	struct unitfiles *files;
	const struct target *t;
	/** For each unit: a procedural macro is below it. NULL until somebody asks. */
	bool *above_macro;
};

struct moved *moved_new(struct unitfiles *files, const struct target *t)
{
	struct moved *m = xcalloc(1, sizeof(*m));
	m->mem = arena_new();
	m->files = files;
	m->t = t;
	return m;
}

struct moved *moved_free(struct moved *m)
{
	if (m == NULL)
		return NULL;
	(void)arena_free(m->mem);
	free(m);
	return NULL;
}

bool moved_is_elsewhere(const struct moved *m, const struct record *record)
{
	return !span_eq_str(record->root, unitfiles_workspace_root(m->files));
}

/* A library that leaves neither rlib nor rmeta, and that somebody depends on. */
static bool is_macro(const struct unit_files *f)
{
	if (f->unit->kind != UNIT_LIB)
		return false;
	for (size_t i = 0; i < f->noutput; i++) {
		if (f->outputs[i].is_rlib || f->outputs[i].is_rmeta)
			return false;
	}
	return true;
}

static void find_macros(struct moved *m)
{
	m->above_macro = arena_array(m->mem, m->t->count, sizeof(*m->above_macro));
	const size_t *order = unit_order(m->t, m->mem);
	for (size_t n = 0; n < m->t->count; n++) {
		const struct unit *u = &m->t->unit[order[n]];
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
			size_t dep = u->dep[d];
			if (dep == UNIT_NONE || m->above_macro[dep] || is_macro(unitfiles_get(m->files, dep)))
				m->above_macro[order[n]] = true;
		}
	}
}

static bool text_holds(struct span text, const void *ctx)
{
	const struct record *record = ctx;
	if (record->root.len > 1 && span_find_span(text, record->root) != text.len)
		return true;
	return record->real_root.len > 1 && span_find_span(text, record->real_root) != text.len;
}

struct own_output {
	const struct record *record;
	const struct rustcdep *rustc;
};

/* Every library names its source files; that is not meant. */
static bool output_holds(struct span text, const void *ctx)
{
	const struct own_output *own = ctx;
	const struct record *record = own->record;
	if (record->root.len > 1 && rustcmeta_holds(text, record->root, own->rustc))
		return true;
	return record->real_root.len > 1 && rustcmeta_holds(text, record->real_root, own->rustc);
}

/* Absolute inputs below the old root are looked at there by cargo, wherever the tree has gone. */
static const char *depinfo_holds(const struct unit_files *f, const struct record *record)
{
	for (size_t i = 0; i < f->depinfo.nfile; i++) {
		if (f->depinfo.file[i].root == DEPINFO_BUILD && text_holds(f->depinfo.file[i].path, record))
			return f->reference.path;
	}
	for (size_t i = 0; i < f->rustc.nenv; i++) {
		if (text_holds(f->rustc.env[i].value, record))
			return f->rustc_file.path;
	}
	return NULL;
}

const char *moved_find(struct moved *m, size_t unit, const struct record *record, struct arena *mem)
{
	const struct unit_files *f = unitfiles_get(m->files, unit);
	if (f->unit->kind == UNIT_RUN_BUILD_SCRIPT)
		return runtexts_find(m->t, f, text_holds, record, mem);
	if (f->reference_state != REFERENCE_READ || !f->has_rustc)
		return f->reference_state == REFERENCE_NONE ? NULL : f->reference.path;
	const char *found = depinfo_holds(f, record);
	if (found != NULL)
		return found;
	if (m->above_macro == NULL)
		find_macros(m);
	const struct own_output own = {record, &f->rustc};
	for (size_t i = 0; m->above_macro[unit] && i < f->noutput; i++) {
		if (!f->outputs[i].in_target_dir &&
			runtexts_file(m->t->fd, f->outputs[i].file.path, output_holds, &own))
			return f->outputs[i].file.path;
	}
	return NULL;
}
