#include "steady/core/linkfiles.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_ENTRIES ((size_t)100000)
#define MAX_FILES ((size_t)4096)

struct finder {
	const struct unitfiles *files;
	/* A script's run, or what was compiled. */
	const struct unit_files *unit;
	struct arena *mem;
	VEC(const char *) found;
};

static bool is_below(const char *path, const char *dir)
{
	return dir != NULL && path_has_prefix(span_of(path), span_of(dir));
}

static bool is_source(const struct finder *f, const char *path)
{
	return (is_below(path, unitfiles_workspace_root(f->files)) ||
		       is_below(path, f->unit->package_root)) &&
		!is_below(path, unitfiles_build_dir(f->files));
}

static bool is_of_script(const struct finder *f, const struct stat *st)
{
	const struct unit_files *run = f->unit;
	return run->unit->kind == UNIT_RUN_BUILD_SCRIPT &&
		timespec_cmp(st->st_ctim, run->invoked.st.st_mtim) >= 0 &&
		timespec_cmp(st->st_ctim, run->reference.st.st_ctim) <= 0;
}

static void add_file(struct finder *f, const char *path)
{
	struct stat st;
	if (f->found.len < MAX_FILES && is_source(f, path) && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		!is_of_script(f, &st))
		*vec_add(&f->found) = path;
}

static bool is_library(const char *name)
{
	static const char *const suffix[] = {".a", ".so", ".lib", ".dylib", ".o", ".tbd"};
	bool is = strstr(name, ".so.") != NULL;
	for (size_t i = 0; i < COUNT_OF(suffix); i++)
		is |= span_ends(span_of(name), span_of(suffix[i]));
	return is;
}

/* rustc and the linker run in the root of the workspace. */
static const char *absolute(const struct finder *f, struct span path)
{
	CLEANUP_STR struct str joined = STR_INIT;
	CLEANUP_STR struct str normal = STR_INIT;
	path_join(&joined, unitfiles_workspace_root(f->files), arena_strndup(f->mem, path.ptr, path.len));
	path_normalize(&normal, str_span(&joined));
	return arena_strdup(f->mem, normal.buf);
}

/* "native=DIR", or the directory alone. */
static void search(struct finder *f, struct span value)
{
	static const char *const kind[] = {"dependency=", "crate=", "native=", "framework=", "all="};
	struct dir_list list;
	for (size_t i = 0; i < COUNT_OF(kind); i++) {
		if (span_starts(value, span_of(kind[i])))
			value = span_skip(value, strlen(kind[i]));
	}
	const char *dir = absolute(f, value);
	CLEANUP_CLOSE int fd = is_source(f, dir) ? fsio_open_root(dir, NULL) : -1;
	if (fd < 0 || fsio_list(fd, MAX_ENTRIES, f->mem, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		if (is_library(list.entry[i].name))
			add_file(f, arena_printf(f->mem, "%s/%s", dir, list.entry[i].name));
	}
}

/* A file, or an option with one in it: -Tapp.ld, -Wl,--version-script=app.map. */
static void look_into(struct finder *f, struct span arg)
{
	while (arg.len != 0) {
		size_t len = 0;
		while (len < arg.len && arg.ptr[len] != ',' && arg.ptr[len] != '=')
			len++;
		struct span part = span_trim(span_make(arg.ptr, len));
		if (span_starts(part, SPAN_LIT("-T")))
			part = span_skip(part, 2);
		if (part.len != 0 && part.len < PATH_MAX && part.ptr[0] != '-')
			add_file(f, absolute(f, part));
		arg = span_skip(arg, len < arg.len ? len + 1 : len);
	}
}

/* "-L native=DIR -l NAME" */
static void look_into_flags(struct finder *f, struct span value)
{
	while (value.len != 0) {
		value = span_trim(value);
		size_t len = span_find(value, ' ');
		struct span word = span_make(value.ptr, len);
		if (span_starts(word, SPAN_LIT("-L")) && word.len > 2)
			search(f, span_skip(word, 2));
		else if (!span_starts(word, SPAN_LIT("-")))
			search(f, word);
		value = span_skip(value, len);
	}
}

/* *ret: what was found, in the finder's arena. */
static size_t give(struct finder *f, const char ***ret)
{
	size_t count = f->found.len;
	*ret = vec_copy(f->mem, &f->found);
	vec_release(&f->found);
	return count;
}

size_t linkfiles_of(
	const struct unitfiles *files, const struct unit_files *run, struct arena *mem, const char ***ret)
{
	struct finder f = {.files = files, .unit = run, .mem = mem};
	for (size_t i = 0; i < run->output.count; i++) {
		const struct output_line *line = &run->output.line[i];
		if (line->kind != OUTPUT_INSTRUCTION)
			continue;
		if (span_eq_str(line->key, "rustc-link-search"))
			search(&f, line->value);
		else if (span_eq_str(line->key, "rustc-flags"))
			look_into_flags(&f, line->value);
		else if (span_starts(line->key, SPAN_LIT("rustc-link-arg")) ||
			span_eq_str(line->key, "rustc-cdylib-link-arg"))
			look_into(&f, line->value);
	}
	return give(&f, ret);
}

/* Does the linker make what the unit leaves? */
static bool is_linked(const struct unit_files *unit)
{
	for (size_t i = 0; i < unit->noutput; i++) {
		if (!unit->outputs[i].is_rlib && !unit->outputs[i].is_rmeta)
			return true;
	}
	return false;
}

/* KEY=VALUE of a codegen option; underscores are hyphens. */
static bool is_option(struct span option, const char *key, struct span *ret_value)
{
	size_t len = strlen(key);
	if (option.len <= len || option.ptr[len] != '=')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (option.ptr[i] != key[i] && !(option.ptr[i] == '_' && key[i] == '-'))
			return false;
	}
	*ret_value = span_skip(option, len + 1);
	return true;
}

static void look_into_codegen(struct finder *f, struct span option)
{
	struct span value;
	if (is_option(option, "link-arg", &value)) {
		look_into(f, value);
	} else if (is_option(option, "linker", &value)) {
		add_file(f, absolute(f, value));
	} else if (is_option(option, "link-args", &value)) {
		while (value.len != 0) {
			value = span_trim(value);
			size_t len = span_find(value, ' ');
			look_into(f, span_make(value.ptr, len));
			value = span_skip(value, len);
		}
	}
}

/* Does the flag at *at begin so? Then *ret_value is the rest of it, or else the flag that follows. */
static bool take_flag(const struct fingerprint *fp, size_t *at, struct span name, struct span *ret_value)
{
	struct span flag = fp->rustflag[*at];
	if (!span_starts(flag, name))
		return false;
	*ret_value = span_skip(flag, name.len);
	if (ret_value->len == 0 && *at + 1 < fp->nrustflag)
		*ret_value = fp->rustflag[++*at];
	else if (name.len > 2 && span_starts(*ret_value, SPAN_LIT("=")))
		*ret_value = span_skip(*ret_value, 1);
	return true;
}

size_t linkfiles_of_flags(
	const struct unitfiles *files, const struct unit_files *unit, struct arena *mem, const char ***ret)
{
	struct finder f = {.files = files, .unit = unit, .mem = mem};
	const struct fingerprint *fp = unit->unit->fingerprint;
	bool linked = is_linked(unit);
	for (size_t i = 0; fp != NULL && i < fp->nrustflag; i++) {
		struct span value;
		if (take_flag(fp, &i, SPAN_LIT("-L"), &value))
			search(&f, value);
		else if ((take_flag(fp, &i, SPAN_LIT("-C"), &value) ||
				 take_flag(fp, &i, SPAN_LIT("--codegen"), &value)) &&
			linked)
			look_into_codegen(&f, value);
	}
	return give(&f, ret);
}
