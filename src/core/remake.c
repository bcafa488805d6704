#include "steady/core/remake.h"

#include "steady/util/mem.h"
#include "steady/util/path.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

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

static bool is_missing(const char *path)
{
	struct stat st;
	return lstat(path, &st) < 0 && errno == ENOENT;
}

/* The script in whose OUT_DIR the path lies, or UNIT_NONE. */
static size_t owner_of(const struct remake_request *rq, const char *path, struct arena *mem)
{
	for (size_t i = 0; i < rq->target->count; i++) {
		const struct unit *u = &rq->target->unit[i];
		if (u->kind == UNIT_RUN_BUILD_SCRIPT &&
			path_has_prefix(span_of(path),
				span_of(arena_printf(mem, "%s/%s", unitfiles_build_dir(rq->context->files),
					unit_out_dir(mem, u)))))
			return i;
	}
	return UNIT_NONE;
}

static void look_compiled(const struct remake_request *rq, const struct unit_files *files, struct arena *mem)
{
	CLEANUP_STR struct str path = STR_INIT;
	for (size_t i = 0; i < files->depinfo.nfile; i++) {
		const struct depinfo_file *file = &files->depinfo.file[i];
		if (file->root != DEPINFO_BUILD ||
			!unitfiles_depinfo_path(rq->context->files, files, file, &path) ||
			!is_missing(path.buf))
			continue;
		size_t owner = owner_of(rq, path.buf, mem);
		if (owner != UNIT_NONE)
			rq->remake[owner] = arena_strdup(mem, path.buf);
	}
}

void remake_look_out_dir(const struct remake_request *request, size_t unit, struct arena *mem)
{
	const struct unit_files *files = unitfiles_get(request->context->files, unit);
	if (files->reference_state == REFERENCE_READ)
		look_compiled(request, files, mem);
}

/* NAME of static[:MODIFIERS]=NAME[:RENAME]: the other kinds may be the system's. */
static bool static_library(const struct output_line *line, struct span *ret)
{
	size_t kind = span_find(line->value, '=');
	if (line->kind != OUTPUT_INSTRUCTION || !span_eq_str(line->key, "rustc-link-lib") ||
		!span_starts(line->value, SPAN_LIT("static")) ||
		span_find_span(line->value, SPAN_LIT("verbatim")) < kind)
		return false;
	struct span name = span_skip(line->value, kind + 1);
	*ret = span_make(name.ptr, span_find(name, ':'));
	return ret->len != 0;
}

static bool is_found(const struct unit_files *run, struct span name)
{
	CLEANUP_STR struct str path = STR_INIT;
	for (size_t i = 0; i < run->nlink_search; i++) {
		str_clear(&path);
		str_printf(&path, "%.*s/lib%.*s.a", SPAN_ARG(run->link_search[i]), SPAN_ARG(name));
		if (!is_missing(path.buf))
			return true;
	}
	return false;
}

/* Where all directories that a script names lie in its OUT_DIR, so do its libraries. */
static bool links_its_own(const struct remake_request *rq, const struct unit_files *run, struct arena *mem)
{
	const char *out_dir = arena_printf(
		mem, "%s/%s", unitfiles_build_dir(rq->context->files), unit_out_dir(mem, run->unit));
	bool own = run->nlink_search != 0;
	for (size_t i = 0; i < run->nlink_search; i++)
		own &= path_has_prefix(run->link_search[i], span_of(out_dir));
	return own;
}

static bool look_linked(const struct remake_request *rq, size_t unit, struct arena *mem)
{
	const struct unit_files *run = unitfiles_get(rq->context->files, unit);
	struct span name;
	if (run->reference_state != REFERENCE_READ || !links_its_own(rq, run, mem))
		return false;
	for (size_t i = 0; i < run->output.count; i++) {
		if (!static_library(&run->output.line[i], &name) || is_found(run, name))
			continue;
		rq->remake[unit] = arena_printf(mem, "lib%.*s.a in its OUT_DIR", SPAN_ARG(name));
		return true;
	}
	return false;
}

bool remake_look_linked(const struct remake_request *request, size_t unit, struct arena *mem)
{
	const struct unit *u = &request->target->unit[unit];
	bool any = false;
	for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep != UNIT_NONE && request->target->unit[dep].kind == UNIT_RUN_BUILD_SCRIPT &&
			request->remake[dep] == NULL)
			any |= look_linked(request, dep, mem);
	}
	return any;
}
