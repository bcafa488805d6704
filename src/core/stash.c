#include "steady/core/stash.h"

#include "steady/core/outdigest.h"
#include "steady/core/recordfile.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES ((size_t)4 << 30)
#define MAX_CONFIGS ((size_t)1000)
#define MAX_CONFIG_BYTES ((size_t)64 * 1024)
#define MATURIN "maturin"
#define CONFIG_PREFIX "pyo3-config-"

/* The directories of a path below the descriptor. */
static int make_parents(int dirfd, const char *path, struct err *err)
{
	CLEANUP_STR struct str at = STR_INIT;
	struct span rest = span_of(path);
	for (;;) {
		size_t slash = span_find(rest, '/');
		if (slash == rest.len)
			return 0;
		str_add_span(&at, span_make(rest.ptr, slash));
		int code = fsio_mkdir(dirfd, at.buf, err);
		if (code < 0)
			return code;
		str_add_char(&at, '/');
		rest = span_skip(rest, slash + 1);
	}
}

/* Copies a file to the same path below another directory, with its time and mode. FSIO_MISSING. */
static int copy(int from, int to, const char *path, size_t max, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span bytes;
	struct stat st;
	int code = fsio_read(from, path, max, mem, &bytes, &st, err);
	if (code != 0)
		return code;
	code = make_parents(to, path, err);
	const struct file_meta meta = {
		.mode = st.st_mode & 0777, .has_mtime = true, .mtime = st.st_mtim, .unsynced = true};
	return code < 0 ? code : fsio_replace(to, path, bytes, &meta, err);
}

static bool is_dropped_by_caches(const struct unit_files *f, const struct unit_output *output)
{
	return f->unit->layout == LAYOUT_OLD && f->unit->kind != UNIT_RUN_BUILD_SCRIPT &&
		f->unit->kind != UNIT_BUILD_SCRIPT && !output->in_target_dir && !output->is_rlib &&
		!output->is_rmeta;
}

/* Copies maturin's interpreter configurations that are not there yet. */
static int copy_configs(int from, int to, size_t *count, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int dir = fsio_open_dir(from, MATURIN, NULL);
	struct dir_list list;
	if (dir < 0)
		return 0;
	int code = fsio_list(dir, MAX_CONFIGS, mem, &list, err);
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		struct stat st;
		const char *path = arena_printf(mem, MATURIN "/%s", list.entry[i].name);
		if (!span_starts(span_of(list.entry[i].name), SPAN_LIT(CONFIG_PREFIX)) ||
			list.entry[i].type != DT_REG || fsio_stat(to, path, &st, NULL) == 0 ||
			fsio_stat(from, path, &st, NULL) != 0 || (uint64_t)st.st_size > MAX_CONFIG_BYTES)
			continue;
		code = copy(from, to, path, MAX_CONFIG_BYTES, err);
		*count += code == 0;
	}
	return code < 0 ? code : 0;
}

int stash_keep(const char *directory, const struct target *t, struct unitfiles *files,
	const struct recording *recording, size_t *ret_count, struct err *err)
{
	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make the directory %s", directory);
	CLEANUP_CLOSE int stash = fsio_open_root(directory, err);
	size_t count = 0;
	int code = stash < 0 ? stash : 0;
	for (size_t i = 0; code == 0 && i < t->count; i++) {
		const struct unit_files *f = unitfiles_get(files, i);
		if (recording->unit[i].state != RECORDED_NEW && recording->unit[i].state != RECORDED_KEPT)
			continue;
		for (size_t n = 0; code == 0 && n < f->noutput; n++) {
			if (!f->outputs[n].file.present || !is_dropped_by_caches(f, &f->outputs[n]))
				continue;
			code = copy(t->fd, stash, f->outputs[n].file.path, MAX_BYTES, err);
			count += code == 0;
		}
	}
	if (code == 0)
		code = copy_configs(t->fd, stash, &count, err);
	*ret_count = count;
	return code < 0 ? code : 0;
}

/* Digest of a regular file that could be copied. */
static bool digest_at(int dirfd, const char *path, struct digest *ret)
{
	struct stat st;
	uint64_t size;
	CLEANUP_CLOSE int fd = fsio_open(dirfd, path, O_RDONLY, NULL);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= MAX_BYTES &&
		digest_fd(fd, ret, &size, NULL) == 0;
}

/* Are the unit's outputs, the missing ones taken from the stash, those of the record? */
static bool fits(int stash, const struct target *t, const struct unit_files *f, const struct record *record)
{
	CLEANUP_STR struct str text = STR_INIT;
	struct digest digest;
	if (f->reference_state != REFERENCE_READ || !digest_at(t->fd, f->reference.path, &digest))
		return false;
	outdigest_add(&text, f->reference.path, &digest);
	for (size_t n = 0; n < f->noutput; n++) {
		const struct unit_output *output = &f->outputs[n];
		if (!digest_at(output->file.present ? t->fd : stash, output->file.path, &digest))
			return false;
		outdigest_add(&text, output->file.path, &digest);
	}
	const struct digest all = digest_of(str_span(&text));
	return outdigest_agree(&all, &record->outputs);
}

static bool lacks_output(const struct unit_files *f)
{
	for (size_t n = 0; n < f->noutput; n++) {
		if (!f->outputs[n].file.present)
			return is_dropped_by_caches(f, &f->outputs[n]);
	}
	return false;
}

static int bring_back_unit(
	int stash, const struct target *t, const struct unit_files *f, size_t *count, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct record record;
	if (!lacks_output(f) || recordfile_load(t, f->unit, mem, &record, NULL) != 0 ||
		!record_has_hash(&record, f->unit) || !fits(stash, t, f, &record))
		return 0;
	int code = 0;
	for (size_t n = 0; code == 0 && n < f->noutput; n++) {
		if (f->outputs[n].file.present)
			continue;
		code = copy(stash, t->fd, f->outputs[n].file.path, MAX_BYTES, err);
		*count += code == 0;
	}
	return code;
}

int stash_bring_back(const char *directory, const struct target *t, struct unitfiles *files,
	size_t *ret_count, struct err *err)
{
	size_t count = 0;
	*ret_count = 0;
	CLEANUP_CLOSE int stash = fsio_open_root(directory, NULL);
	if (stash == -ENOENT)
		return 0;
	if (stash < 0)
		return err_sys(err, -stash, "cannot open the directory %s", directory);
	int code = copy_configs(stash, t->fd, &count, err);
	for (size_t i = 0; code == 0 && i < t->count; i++)
		code = bring_back_unit(stash, t, unitfiles_get(files, i), &count, err);
	*ret_count = count;
	return code < 0 ? code : 0;
}
