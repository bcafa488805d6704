#include "steady/core/birthplace.h"

#include "steady/core/runtexts.h"
#include "steady/format/rustcmeta.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <sys/stat.h>

struct finder {
	const struct target *t;
	struct unitfiles *files;
	struct arena *mem;
	/* Of the unit that is looked at; the directory found, in mem. */
	struct span source;
	const char *found;
};

/* Does the metadata name the directory? Always false, so that it is not taken for an answer of runtexts_file. */
static bool note_root(struct span text, const void *ctx)
{
	struct finder *f = (struct finder *)(uintptr_t)ctx;
	struct span root;
	if (rustcmeta_root(text, f->source, &root))
		f->found = arena_strndup(f->mem, root.ptr, root.len);
	return false;
}

/* By the library's own metadata. */
static void find_of_library(struct finder *f, const struct unit_files *files)
{
	for (size_t i = 0; i < files->noutput && f->found == NULL; i++) {
		const struct unit_output *output = &files->outputs[i];
		if ((output->is_rmeta || output->is_rlib) && !output->in_target_dir)
			(void)runtexts_file(f->t->fd, output->file.path, note_root, f);
	}
}

/* By the .d file that cargo writes beside a program, with absolute paths. */
static void find_of_program(struct finder *f, const struct unit_files *files)
{
	const struct unit *u = files->unit;
	struct rustcdep listed;
	struct span bytes;
	if (u->kind != UNIT_BIN || !unitfiles_same_dirs(f->files) ||
		fsio_read(f->t->fd, arena_printf(f->mem, "%s/%s.d", u->place->path, u->target),
			RUSTCDEP_MAX_BYTES, f->mem, &bytes, NULL, NULL) != 0 ||
		rustcdep_parse(f->mem, bytes, &listed, NULL) < 0)
		return;
	for (size_t i = 0; i < listed.nfile; i++) {
		struct span path = listed.file[i];
		if (path.len <= f->source.len + 1 || !span_ends(path, f->source) ||
			path.ptr[path.len - f->source.len - 1] != '/')
			continue;
		f->found = arena_strndup(f->mem, path.ptr, path.len - f->source.len - 1);
		return;
	}
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is there a work tree, and is it another one than ours? */
static bool is_elsewhere(struct finder *f, const char *root)
{
	struct stat there, here;
	const char *ours = unitfiles_workspace_root(f->files);
	const char *source = arena_printf(f->mem, "%s/%.*s", root, SPAN_ARG(f->source));
	return stat(source, &there) == 0 && S_ISREG(there.st_mode) && stat(root, &there) == 0 &&
		stat(ours, &here) == 0 && !is_same_file(&there, &here);
}

static bool is_here(const struct finder *f, const char *root)
{
	struct stat there, here;
	return stat(root, &there) == 0 && stat(unitfiles_workspace_root(f->files), &here) == 0 &&
		is_same_file(&there, &here);
}

struct birthplace birthplace_find(
	const struct target *t, struct unitfiles *files, const bool *asked, struct arena *mem)
{
	struct birthplace places = {.elsewhere = arena_array(mem, t->count, sizeof(*places.elsewhere)),
		.here = arena_array(mem, t->count, sizeof(*places.here))};
	struct finder f = {.t = t, .files = files, .mem = mem};
	for (size_t i = 0; i < t->count; i++) {
		const struct unit_files *unit = unitfiles_get(files, i);
		if (!asked[i] || unit->unit->kind == UNIT_RUN_BUILD_SCRIPT || unit->main_source == NULL ||
			unit->main_source[0] == '/')
			continue;
		f.source = span_of(unit->main_source);
		f.found = NULL;
		find_of_library(&f, unit);
		if (f.found == NULL)
			find_of_program(&f, unit);
		if (f.found == NULL)
			continue;
		places.here[i] = is_here(&f, f.found);
		if (!is_elsewhere(&f, f.found))
			continue;
		places.elsewhere[i] = places.other = f.found;
	}
	return places;
}

const char *birthplace_of(const struct birthplace *places, size_t unit)
{
	return places->here[unit]                 ? NULL
		: places->elsewhere[unit] != NULL ? places->elsewhere[unit]
						  : places->other;
}
