#include "steady/core/moved.h"

#include "steady/core/inputs.h"
#include "steady/core/runtexts.h"
#include "steady/core/unitorder.h"
#include "steady/format/rustcmeta.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* What is looked for: where the work tree was. */
struct old_place {
	const struct record *record;
	/** The directory that was moved as a whole, where that is more than the work tree; else empty. */
	struct span moved;
	/** Paths in here may begin with it. */
	struct span build_dir;
};

/* Would moving it have moved this as well? Then it was not moved. */
static bool holds_what_stayed(const struct moved *m, struct span dir)
{
	const char *home = unitfiles_cargo_home(m->files);
	return path_has_prefix(span_of(unitfiles_workspace_root(m->files)), dir) ||
		(home != NULL && path_has_prefix(span_of(home), dir));
}

/* /old/repo of /old/repo/rust, if the tree is in /new/repo2/rust now: a script may know its neighbours as well. */
static struct old_place old_place(const struct moved *m, const struct record *record)
{
	struct span was = record->root, is = span_of(unitfiles_workspace_root(m->files));
	struct old_place place = {record, SPAN_LIT(""), span_of(unitfiles_build_dir(m->files))};
	while (was.len > 1 && is.len > 1 && span_eq(path_base(was), path_base(is))) {
		was = path_dir(was);
		is = path_dir(is);
		if (was.len <= 1 || holds_what_stayed(m, was))
			break;
		place.moved = was;
	}
	return place;
}

static bool is_of_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		c == '-' || c == '.';
}

/* Is there a path in the directory, other than those of the build directory? */
static bool holds_path_in(struct span text, struct span dir, struct span except)
{
	while (dir.len != 0) {
		text = span_skip(text, span_find_span(text, dir));
		if (text.len == 0)
			break;
		bool longer = text.len > dir.len && is_of_name(text.ptr[dir.len]);
		if (!longer && !span_starts(text, except))
			return true;
		text = span_skip(text, dir.len);
	}
	return false;
}

static bool text_holds(struct span text, const void *ctx)
{
	const struct old_place *old = ctx;
	const struct record *record = old->record;
	if (record->root.len > 1 && span_find_span(text, record->root) != text.len)
		return true;
	if (record->real_root.len > 1 && span_find_span(text, record->real_root) != text.len)
		return true;
	return holds_path_in(text, old->moved, old->build_dir);
}

struct own_output {
	const struct old_place *old;
	const struct rustcdep *rustc;
};

/* Every library names its source files; that is not meant. */
static bool output_holds(struct span text, const void *ctx)
{
	const struct own_output *own = ctx;
	const struct record *record = own->old->record;
	const struct span moved = own->old->moved;
	if (record->root.len > 1 && rustcmeta_holds(text, record->root, false, own->rustc))
		return true;
	if (record->real_root.len > 1 && rustcmeta_holds(text, record->real_root, false, own->rustc))
		return true;
	return moved.len != 0 && !path_has_prefix(own->old->build_dir, moved) &&
		rustcmeta_holds(text, moved, false, own->rustc);
}

/* Absolute inputs below the old root are looked at there by cargo, wherever the tree has gone. */
static const char *depinfo_holds(const struct unit_files *f, const struct old_place *old)
{
	for (size_t i = 0; i < f->depinfo.nfile; i++) {
		if (f->depinfo.file[i].root == DEPINFO_BUILD && text_holds(f->depinfo.file[i].path, old))
			return f->reference.path;
	}
	for (size_t i = 0; i < f->rustc.nenv; i++) {
		if (text_holds(f->rustc.env[i].value, old))
			return f->rustc_file.path;
	}
	return NULL;
}

/* What the script wrote into the work tree lies in the new one as it was. */
static const char *side_holds(const struct moved *m, const struct old_place *old, struct arena *mem)
{
	CLEANUP_CLOSE int top = fsio_open_root("/", NULL);
	for (size_t i = 0; i < old->record->ninput; i++) {
		if (old->record->input[i].kind != INPUT_SIDE)
			continue;
		const char *path = inputs_path(m->files, mem, &old->record->input[i]);
		CLEANUP_FREE char *real = realpath(path, NULL);
		if (top < 0 || real == NULL || runtexts_file(top, real + 1, text_holds, old))
			return path;
	}
	return NULL;
}

static const char *script_holds(
	const struct moved *m, const struct unit_files *f, const struct old_place *old, struct arena *mem)
{
	const char *found = runtexts_find(m->t, f, text_holds, old, mem);
	return found != NULL ? found : side_holds(m, old, mem);
}

const char *moved_build_dir(const struct unitfiles *files, const struct unit_files *f, struct arena *mem)
{
	struct stat told_st, here_st;
	if (!f->has_rustc || f->rustc.noutput == 0)
		return NULL;
	struct span told = path_dir(f->rustc.output[0]), here = path_dir(span_of(f->rustc_file.path));
	const char *build = unitfiles_build_dir(files);
	const char *now = arena_printf(mem, "%s/%.*s", build, SPAN_ARG(here));
	const char *then = arena_strndup(mem, told.ptr, told.len);
	if (strcmp(then, now) == 0 || !span_ends(told, here) || told.len < here.len + 2 || then[0] != '/')
		return NULL;
	if (stat(then, &told_st) == 0 && stat(now, &here_st) == 0 && told_st.st_dev == here_st.st_dev &&
		told_st.st_ino == here_st.st_ino)
		return NULL;
	return arena_strndup(mem, told.ptr, told.len - here.len - 1);
}

struct old_dir {
	struct span path;
	const struct rustcdep *rustc;
};

static bool output_holds_dir(struct span text, const void *ctx)
{
	const struct old_dir *old = ctx;
	return rustcmeta_holds(text, old->path, true, old->rustc);
}

/* Does it know the path of its OUT_DIR, and not only the sources in there that it includes? */
bool moved_holds_build_dir(struct moved *m, size_t unit, struct arena *mem)
{
	const struct unit_files *f = unitfiles_get(m->files, unit);
	const char *dir = moved_build_dir(m->files, f, mem);
	bool knows = false;
	for (size_t i = 0; dir != NULL && i < f->rustc.nenv; i++)
		knows |= span_find_span(f->rustc.env[i].value, span_of(dir)) != f->rustc.env[i].value.len;
	if (!knows)
		return false;
	const struct old_dir old = {span_of(dir), &f->rustc};
	for (size_t i = 0; i < f->noutput; i++) {
		if (!f->outputs[i].in_target_dir &&
			runtexts_file(m->t->fd, f->outputs[i].file.path, output_holds_dir, &old))
			return true;
	}
	return f->noutput == 0;
}

const char *moved_find(struct moved *m, size_t unit, const struct record *record, struct arena *mem)
{
	const struct unit_files *f = unitfiles_get(m->files, unit);
	const struct old_place old = old_place(m, record);
	if (f->unit->kind == UNIT_RUN_BUILD_SCRIPT)
		return script_holds(m, f, &old, mem);
	if (f->reference_state != REFERENCE_READ || !f->has_rustc)
		return f->reference_state == REFERENCE_NONE ? NULL : f->reference.path;
	const char *found = depinfo_holds(f, &old);
	if (found != NULL)
		return found;
	if (m->above_macro == NULL)
		find_macros(m);
	const struct own_output own = {&old, &f->rustc};
	for (size_t i = 0; m->above_macro[unit] && i < f->noutput; i++) {
		if (!f->outputs[i].in_target_dir &&
			runtexts_file(m->t->fd, f->outputs[i].file.path, output_holds, &own))
			return f->outputs[i].file.path;
	}
	return NULL;
}
