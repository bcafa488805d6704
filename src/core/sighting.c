#include "steady/core/sighting.h"

#include "target_priv.h"

#include "steady/util/fsio.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* Entries of an OUT_DIR that are looked through for a triple's directory. */
#define MAX_OUT_ENTRIES 4096

static const char *const config_name[] = {"pyo3-build-config.txt", "pyo3-build-config-file.txt"};

static void read_config(const struct target *t, const char *dir, const char *name, struct arena *mem,
	struct config_file_list *list)
{
	struct config_file file = {.path = arena_printf(mem, "%s/%s", dir, name)};
	if (fsio_read(t->fd, file.path, PYCONFIG_MAX_BYTES, mem, &file.text, &file.stat, NULL) == 0 &&
		file.text.len != 0)
		*vec_add(list) = file;
}

/* pyo3 writes a cross build's config below a directory named for the triple, in pyo3-build-config's OUT_DIR.
 */
static void read_cross_configs(
	const struct target *t, const char *out_dir, struct arena *mem, struct config_file_list *list)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(t->fd, out_dir, NULL);
	struct dir_list entries;
	if (fd < 0 || fsio_list(fd, MAX_OUT_ENTRIES, mem, &entries, NULL) < 0)
		return;
	for (size_t i = 0; i < entries.count; i++) {
		if (entries.entry[i].type == DT_DIR)
			read_config(t, arena_printf(mem, "%s/%s", out_dir, entries.entry[i].name),
				config_name[0], mem, list);
	}
}

void maturin_configs_read(const struct target *t, struct arena *mem, struct config_file_list *ret)
{
	CLEANUP_CLOSE int fd = fsio_open_dir(t->fd, "maturin", NULL);
	struct dir_list entries;
	if (fd < 0 || fsio_list(fd, MAX_OUT_ENTRIES, mem, &entries, NULL) < 0)
		return;
	for (size_t i = 0; i < entries.count; i++) {
		if (span_starts(span_of(entries.entry[i].name), SPAN_LIT("pyo3-config-")))
			read_config(t, "maturin", entries.entry[i].name, mem, ret);
	}
}

void script_files_read(
	const struct target *t, const struct unit *u, struct arena *mem, struct script_files *ret)
{
	*ret = (struct script_files){.config = VEC_INIT};
	const char *path = unit_output_path(mem, u);
	struct span text;
	if (arena_used(mem) > TARGET_MAX_MEMORY)
		return;
	if (fsio_read(t->fd, path, BUILDOUTPUT_MAX_BYTES, mem, &text, &ret->output_stat, NULL) == 0) {
		ret->output_path = path;
		build_output_parse(mem, text, &ret->output);
	}
	const char *out_dir = unit_out_dir(mem, u);
	for (size_t i = 0; i < COUNT_OF(config_name); i++)
		read_config(t, out_dir, config_name[i], mem, &ret->config);
	if (strcmp(u->package, "pyo3-build-config") == 0)
		read_cross_configs(t, out_dir, mem, &ret->config);
}

/* Adds every environment that `value` names. */
static void add_all(const struct pathmap *map, struct sighting found, struct sighting_list *list)
{
	size_t at = 0;
	struct span env;
	while (list != NULL && pathmap_find(map, found.value, at, &env)) {
		at = (size_t)(env.ptr - found.value.ptr) + env.len;
		found.env = env;
		found.interpreter = pathmap_is_interpreter(span_skip(found.value, at));
		*vec_add(list) = found;
	}
}

static void look_at_locals(
	const struct unit *u, size_t unit, const struct pathmap *map, struct sighting_list *list)
{
	const struct fingerprint *fp = u->fingerprint;
	for (size_t i = 0; fp != NULL && i < fp->nlocal; i++) {
		const struct local *local = &fp->local[i];
		struct sighting found = {.unit = unit, .where = SIGHTING_UNIT};
		if (local->kind == LOCAL_RERUN_IF_ENV_CHANGED && local->has_value) {
			found.variable = local->text;
			found.value = local->value;
			add_all(map, found, list);
		}
		for (size_t p = 0; local->kind == LOCAL_RERUN_IF_CHANGED && p < local->npath; p++) {
			found.variable = SPAN_LIT("rerun-if-changed");
			found.value = local->path[p];
			add_all(map, found, list);
		}
	}
}

/* The keys of a config that may hold a path. */
static void look_at_config(const struct py_config *config, size_t unit, enum sighting_where where,
	const struct pathmap *map, struct sighting_list *list)
{
	const struct {
		struct span key, value;
	} rows[] = {
		{SPAN_LIT("executable"), config->executable},
		{SPAN_LIT("lib_dir"), config->lib_dir},
		{SPAN_LIT("python_framework_prefix"), config->framework_prefix},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sighting found = {
			.unit = unit, .where = where, .variable = rows[i].key, .value = rows[i].value};
		if (where == SIGHTING_OUTPUT)
			found.variable = SPAN_LIT("PYO3_CONFIG");
		add_all(map, found, list);
	}
}

static bool config_of_line(const struct output_line *line, struct arena *mem, struct py_config *ret)
{
	struct str text = STR_INIT;
	bool is_config = line->kind == OUTPUT_METADATA && pyconfig_from_hex(line->key, line->value, &text);
	if (is_config) {
		const char *copy = arena_strndup(mem, text.buf, text.len);
		is_config = pyconfig_parse(span_make(copy, text.len), ret, NULL) == 0;
	}
	str_release(&text);
	return is_config;
}

static void look_at_output(const struct script_files *files, size_t unit, const struct pathmap *map,
	struct arena *mem, struct sighting_list *list, struct config_list *configs)
{
	for (size_t i = 0; i < files->output.count; i++) {
		const struct output_line *line = &files->output.line[i];
		struct config_sighting seen = {.unit = unit, .path = files->output_path, .in_output = true};
		if (config_of_line(line, mem, &seen.config)) {
			look_at_config(&seen.config, unit, SIGHTING_OUTPUT, map, list);
			if (configs != NULL)
				*vec_add(configs) = seen;
			continue;
		}
		struct sighting found = {.unit = unit,
			.where = SIGHTING_OUTPUT,
			.variable = line->key,
			.value = line->value,
			.inert = line->kind == OUTPUT_TEXT};
		if (line->kind == OUTPUT_RERUN_IF_CHANGED)
			found.variable = SPAN_LIT("rerun-if-changed");
		add_all(map, found, list);
	}
}

void sightings_of_unit(const struct target *t, size_t unit, const struct script_files *files,
	const struct pathmap *map, struct arena *mem, struct sighting_list *sightings,
	struct config_list *configs)
{
	look_at_locals(&t->unit[unit], unit, map, sightings);
	if (files == NULL)
		return;
	if (files->output_path != NULL)
		look_at_output(files, unit, map, mem, sightings, configs);
	for (size_t i = 0; i < files->config.len; i++) {
		struct config_sighting seen = {.unit = unit, .path = files->config.data[i].path};
		if (pyconfig_parse(files->config.data[i].text, &seen.config, NULL) < 0)
			continue;
		look_at_config(&seen.config, unit, SIGHTING_CONFIG, map, sightings);
		if (configs != NULL)
			*vec_add(configs) = seen;
	}
}
