#include "target_priv.h"

#include "steady/util/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define META_LEN 16

static bool is_meta(const char *s)
{
	size_t len = strspn(s, "0123456789abcdef");
	return len == META_LEN && s[len] == '\0';
}

static bool is_dir(int dirfd, const char *name)
{
	struct stat st;
	return fsio_stat(dirfd, name, &st, NULL) == 0 && S_ISDIR(st.st_mode);
}

/* An entry of a directory of directories; links and files are passed over in silence, cargo makes none there.
 */
static int list_dirs(int fd, struct arena *mem, struct dir_list *ret, struct err *err)
{
	int code = fsio_list(fd, TARGET_MAX_ENTRIES, mem, ret, err);
	if (code < 0)
		return code;
	size_t kept = 0;
	for (size_t i = 0; i < ret->count; i++) {
		if (ret->entry[i].type == DT_DIR)
			ret->entry[kept++] = ret->entry[i];
	}
	ret->count = kept;
	return 0;
}

struct finder {
	struct target *t;
	/* NULL while only the places are wanted. */
	struct unit_dir_list *dirs;
	struct warning_list *warnings;
	VEC(struct profile_dir) places;
};

static void add_dir(
	struct finder *f, enum target_layout layout, const char *path, const char *package, const char *meta)
{
	if (f->dirs == NULL)
		return;
	/* The place's address is not final yet: its index stands in until all are found. */
	*vec_add(f->dirs) = (struct unit_dir){.place = (const struct profile_dir *)(uintptr_t)f->places.len,
		.layout = layout,
		.path = path,
		.package = package,
		.meta = meta};
}

/* <profile>/.fingerprint/<pkg>-<hex> */
static bool find_old(struct finder *f, int placefd, const char *place_path)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(placefd, ".fingerprint", NULL);
	if (fd < 0)
		return false;
	struct arena *mem = f->t->mem;
	struct err err = ERR_INIT;
	struct dir_list list;
	if (f->dirs == NULL)
		return true;
	if (list_dirs(fd, mem, &list, &err) < 0) {
		target_warn(f->warnings, mem, "%s/.fingerprint: %s", place_path, err.msg);
		return true;
	}
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.entry[i].name;
		const char *dash = strrchr(name, '-');
		if (dash == NULL || dash == name || !is_meta(dash + 1))
			continue;
		add_dir(f, LAYOUT_OLD, arena_printf(mem, "%s/.fingerprint/%s", place_path, name),
			arena_strndup(mem, name, (size_t)(dash - name)), dash + 1);
	}
	return true;
}

/* One package of the new layout: build/<pkg>/<hex>/fingerprint. */
static bool find_new_package(struct finder *f, int buildfd, const char *place_path, const char *package)
{
	struct arena *mem = f->t->mem;
	CLEANUP_CLOSE int fd = fsio_open_dir(buildfd, package, NULL);
	struct dir_list metas;
	bool found = false;
	if (fd < 0 || list_dirs(fd, mem, &metas, NULL) < 0)
		return false;
	for (size_t i = 0; i < metas.count; i++) {
		const char *meta = metas.entry[i].name;
		if (!is_meta(meta) || !is_dir(fd, arena_printf(mem, "%s/fingerprint", meta)))
			continue;
		found = true;
		add_dir(f, LAYOUT_NEW,
			arena_printf(mem, "%s/build/%s/%s/fingerprint", place_path, package, meta), package,
			meta);
	}
	return found;
}

/* <profile>/build; the old layout's build/<pkg>-<hex> are directories of build scripts, not of units. */
static bool find_new(struct finder *f, int placefd, const char *place_path)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(placefd, "build", NULL);
	struct dir_list packages;
	bool found = false;
	if (fd < 0 || list_dirs(fd, f->t->mem, &packages, NULL) < 0)
		return false;
	for (size_t i = 0; i < packages.count; i++) {
		const char *package = packages.entry[i].name;
		const char *dash = strrchr(package, '-');
		if (dash != NULL && is_meta(dash + 1))
			continue;
		found |= find_new_package(f, fd, place_path, package);
	}
	return found;
}

static bool has_lock(int fd)
{
	struct stat st;
	return fsio_stat(fd, ".cargo-lock", &st, NULL) == 0 ||
		fsio_stat(fd, ".cargo-build-lock", &st, NULL) == 0;
}

/* Is the directory a profile directory? Then its units are added. */
static bool find_profile(
	struct finder *f, int parentfd, const char *parent, const char *name, const char *triple)
{
	if (f->t->profile != NULL && strcmp(f->t->profile, name) != 0)
		return false;
	CLEANUP_CLOSE int fd = fsio_open_dir(parentfd, name, NULL);
	if (fd < 0)
		return false;
	struct arena *mem = f->t->mem;
	const char *path = parent[0] != '\0' ? arena_printf(mem, "%s/%s", parent, name) : name;
	bool old = find_old(f, fd, path);
	bool new = find_new(f, fd, path);
	if (!old && !new && !has_lock(fd))
		return false;
	*vec_add(&f->places) = (struct profile_dir){
		.path = path, .profile = name, .triple = triple, .has_old = old, .has_new = new};
	return true;
}

/*
 * <triple>/<profile>. A directory with a .rustc_info.json is a target directory of its own (cargo-llvm-cov
 * and others nest them): its units name paths below that directory, so it is another tree, not a triple of
 * this one.
 */
static void find_triple(struct finder *f, const char *name)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(f->t->fd, name, NULL);
	struct stat st;
	struct dir_list list;
	if (fd < 0 || fsio_stat(fd, ".rustc_info.json", &st, NULL) == 0)
		return;
	/* Another profile than the one looked for. */
	if (f->t->profile != NULL && (has_lock(fd) || is_dir(fd, ".fingerprint")))
		return;
	if (list_dirs(fd, f->t->mem, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		(void)find_profile(f, fd, name, list.entry[i].name, name);
}

int layout_find(
	struct target *t, struct unit_dir_list *ret_dirs, struct warning_list *warnings, struct err *err)
{
	struct dir_list list;
	int code = list_dirs(t->fd, t->mem, &list, err);
	if (code < 0)
		return err_wrap(err, "%s", t->path);
	struct finder f = {.t = t, .dirs = ret_dirs, .warnings = warnings, .places = VEC_INIT};
	for (size_t i = 0; i < list.count; i++) {
		if (!find_profile(&f, t->fd, "", list.entry[i].name, NULL))
			find_triple(&f, list.entry[i].name);
	}
	t->nplace = f.places.len;
	t->place = vec_copy(t->mem, &f.places);
	vec_release(&f.places);
	for (size_t i = 0; ret_dirs != NULL && i < ret_dirs->len; i++)
		ret_dirs->data[i].place = &t->place[(uintptr_t)ret_dirs->data[i].place];
	return 0;
}

void target_warn(struct warning_list *list, struct arena *mem, const char *fmt, ...)
{
	if (list->len >= TARGET_MAX_WARNINGS)
		return;
	char text[1000];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	*vec_add(list) = arena_strdup(mem, text);
}
