#include "rewrite_priv.h"

#include "steady/core/embedded.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES ((size_t)200000)

/* The directory that holds what rustc made for a unit. */
static const char *artifact_dir(struct arena *mem, const struct unit *u)
{
	if (u->layout == LAYOUT_NEW)
		return arena_printf(mem, "%s/build/%s/%s/out", u->place->path, u->package, u->meta);
	if (u->kind == UNIT_BUILD_SCRIPT)
		return arena_printf(mem, "%s/build/%s-%s", u->place->path, u->package, u->meta);
	return arena_printf(mem, "%s/%s", u->place->path, u->kind == UNIT_EXAMPLE ? "examples" : "deps");
}

/* libfoo.so and foo of the target "foo": outputs that carry no hash in their names. */
static bool is_unhashed_output(const char *name, const char *target)
{
	if (strncmp(name, "lib", 3) == 0)
		name += 3;
	size_t len = strcspn(name, ".");
	if (strlen(target) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = target[i] == '-' ? '_' : target[i];
		if (name[i] != c && name[i] != target[i])
			return false;
	}
	return true;
}

static bool belongs_to(const struct unit *u, const char *name)
{
	size_t len = strlen(name);
	if (len > 2 && strcmp(name + len - 2, ".d") == 0)
		return false;
	if (u->layout == LAYOUT_NEW || u->kind == UNIT_BUILD_SCRIPT)
		return true;
	return strstr(name, u->meta) != NULL || is_unhashed_output(name, u->target);
}

/* A listing of each place's artifacts, read once. */
struct listing {
	const char *path;
	struct dir_list list;
};
struct listings {
	struct listing *data;
	size_t len, cap;
};

static const struct dir_list *list_of(struct rewriter *r, struct listings *all, const char *path)
{
	vec_each (known, all) {
		if (strcmp(known->path, path) == 0)
			return &known->list;
	}
	struct listing *fresh = vec_add(all);
	*fresh = (struct listing){.path = path};
	CLEANUP_CLOSE int fd = fsio_open_dir(r->t->fd, path, NULL);
	if (fd >= 0)
		(void)fsio_list(fd, MAX_ENTRIES, r->mem, &fresh->list, NULL);
	return &fresh->list;
}

/*
 * pyo3-build-config up to 0.28 compiles the config into its library and so into whatever links that: pyo3's
 * macros and the build scripts, which take the config from their dependency's metadata instead. Anything else
 * that holds a path is a program or library that may use it.
 */
static bool matters(const struct unit *u)
{
	return u->kind != UNIT_BUILD_SCRIPT && strncmp(u->package, "pyo3-", 5) != 0;
}

static void search_unit(struct rewriter *r, size_t unit, const struct span *env, size_t count,
	struct listings *all, struct embedded_list *ret)
{
	const struct unit *u = &r->t->unit[unit];
	if (u->kind == UNIT_RUN_BUILD_SCRIPT || u->kind == UNIT_DOC)
		return;
	const char *dir = artifact_dir(r->mem, u);
	const struct dir_list *list = list_of(r, all, dir);
	for (size_t i = 0; i < list->count; i++) {
		if (list->entry[i].type != DT_REG || !belongs_to(u, list->entry[i].name))
			continue;
		const char *path = arena_printf(r->mem, "%s/%s", dir, list->entry[i].name);
		if (embedded_in_file(r->t->fd, path, env, count, NULL) == 1)
			*vec_add(ret) = (struct rewrite_embedded){unit, path, matters(u)};
	}
}

void rewrite_find_embedded(struct rewriter *r, const struct rehash *rehash, struct embedded_list *ret)
{
	VEC(struct span) envs = VEC_INIT;
	struct listings all = VEC_INIT;
	vec_each (env, &r->envs) {
		if (env->accepted && envs.len < REWRITE_MAX_ENVS)
			*vec_add(&envs) = env->path;
	}
	for (size_t i = 0; envs.len != 0 && i < rehash->count; i++)
		search_unit(r, rehash->order[i], envs.data, envs.len, &all, ret);
	vec_release(&envs);
	vec_release(&all);
}

/* cargo compares the new path's file with the output's time: a newer or missing one means that the script
 * runs. */
void rewrite_note_rerun_paths(struct rewriter *r)
{
	for (size_t i = 0; i < r->values.len; i++) {
		const struct rewrite_value *v = &r->values.data[i];
		const struct unit_edit *edit = &r->edit[v->unit];
		struct stat st;
		if (edit->left != NULL || !span_eq_str(v->variable, "rerun-if-changed") || v->after[0] != '/')
			continue;
		const char *state = NULL;
		if (stat(v->after, &st) < 0)
			state = "is not there";
		else if (timespec_cmp(st.st_mtim, edit->files.output_stat.st_mtim) > 0)
			state = "is newer than the script's last run";
		if (state != NULL)
			*vec_add(&r->notes) = (struct rewrite_note){v->unit,
				arena_printf(r->mem,
					"cargo will run the script again: %s, which it watches, %s", v->after,
					state)};
	}
}
