/*
 * Where a unit's records name a Python environment, and who its interpreter was.
 *
 *	struct sighting_list list = {0};
 *	sightings_of_unit(t, i, &map, mem, &list);
 *
 * Looked at: RerunIfEnvChanged values and RerunIfChanged paths of the JSON; every line of a script's output,
 * the hexadecimal PYO3_CONFIG included; PyO3 interpreter configs in OUT_DIR (out/pyo3-build-config*.txt, and
 * below a triple's name where pyo3 put one for a cross build).
 */
#ifndef STEADY_CORE_SIGHTING_H
#define STEADY_CORE_SIGHTING_H

#include "steady/core/pathmap.h"
#include "steady/core/target.h"
#include "steady/format/buildoutput.h"
#include "steady/format/pyconfig.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

enum sighting_where {
	/** The unit's JSON: a variable's value, or a path of rerun-if-changed. */
	SIGHTING_UNIT,
	/** A line of the script's output. */
	SIGHTING_OUTPUT,
	/** An interpreter config in OUT_DIR. */
	SIGHTING_CONFIG,
};

struct sighting {
	size_t unit;
	enum sighting_where where;
	/** The variable, the instruction's key ("rerun-if-changed", "PYO3_CONFIG", "rustc-link-search") or
	 * the config's key. */
	struct span variable;
	/** The environment's directory, and the whole value it was found in. */
	struct span env, value;
	/** What stands behind the directory is the interpreter, its pyvenv.cfg or nothing, as far as one can
	 * tell. */
	bool interpreter;
	/** A text line, which has no meaning for cargo. */
	bool inert;
};

/** A recorded interpreter config. */
struct config_sighting {
	size_t unit;
	/** File it stands in, relative to the build directory. */
	const char *path;
	bool in_output;
	struct py_config config;
};

struct sighting_list {
	struct sighting *data;
	size_t len, cap;
};
struct config_list {
	struct config_sighting *data;
	size_t len, cap;
};

/** An OUT_DIR config file. */
struct config_file {
	const char *path;
	struct span text;
	struct stat stat;
};
struct config_file_list {
	struct config_file *data;
	size_t len, cap;
};

/** What a script run left on disk, read once. */
struct script_files {
	/** NULL where it could not be read. */
	const char *output_path;
	struct build_output output;
	struct stat output_stat;
	struct config_file_list config;
};

/** UNIT_RUN_BUILD_SCRIPT only. Everything but the vec lives in mem; vec_release(&ret->config). */
void script_files_read(
	const struct target *t, const struct unit *u, struct arena *mem, struct script_files *ret);

/** Adds the interpreter configs that maturin keeps in the target directory itself (maturin/pyo3-config-*). */
void maturin_configs_read(const struct target *t, struct arena *mem, struct config_file_list *ret);

/**
 * Adds what one unit names; `files` is NULL for anything but a script run. Both lists may be NULL. Configs
 * are added whatever environment they name.
 */
void sightings_of_unit(const struct target *t, size_t unit, const struct script_files *files,
	const struct pathmap *map, struct arena *mem, struct sighting_list *sightings,
	struct config_list *configs);

#endif
