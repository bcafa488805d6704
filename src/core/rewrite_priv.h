/*
 * What the steps of a rewrite share: unit_edit.c (what changes in one unit), env_identity.c (whose
 * environments may be replaced), rewrite_scripts.c (which scripts have to run once more), rewrite_records.c (what
 * becomes of records), rewrite.c (the plan over all units) and rewrite_report.c (what stays in binaries).
 */
#ifndef STEADY_SRC_CORE_REWRITE_PRIV_H
#define STEADY_SRC_CORE_REWRITE_PRIV_H

#include "steady/core/rehash.h"
#include "steady/core/rewrite.h"
#include "steady/core/sighting.h"
#include "steady/util/strmap.h"

/** No real build names more environments: only so many are searched for. */
#define REWRITE_MAX_ENVS ((size_t)64)

/** What is to change in one unit. */
struct unit_edit {
	/** There is something to change. */
	bool any;
	/** With the new locals, or NULL if they stay. */
	struct fingerprint *fingerprint;
	/** A script run's files; the new output text, or NULL. */
	struct script_files files;
	const char *new_output;
	size_t new_output_len;
	/** Why the unit is left alone, or NULL. */
	const char *left;
	/** It is left alone for what it took from its environment: it has to run again. */
	bool rerun;
};

struct rewrite_file_list {
	struct rewrite_file *data;
	size_t len, cap;
};
struct value_list {
	struct rewrite_value *data;
	size_t len, cap;
};
struct env_list {
	struct rewrite_env *data;
	size_t len, cap;
};
struct embedded_list {
	struct rewrite_embedded *data;
	size_t len, cap;
};
struct note_list {
	struct rewrite_note *data;
	size_t len, cap;
};

struct rewriter {
	const struct target *t;
	const struct rewrite_request *request;
	struct arena *mem;
	struct unit_edit *edit;
	struct sighting_list sightings;
	struct config_list configs;
	/** maturin's interpreter configs, which belong to no unit. */
	struct config_file_list maturin;
	struct env_list envs;
	/** Path of an environment -> one more than its index in envs. */
	struct strmap *env_number;
	struct value_list values;
	struct note_list notes;
};

/** Is the variable among those whose values are replaced? */
bool rewrite_wants_var(const struct rewrite_request *request, struct span var);
/** The text with environments replaced, in mem. */
const char *rewrite_text(const struct rewriter *r, struct span text);

/** Computes edit[unit] from its sightings, those from `first` up to `end`, all of accepted environments. */
void unit_edit_make(struct rewriter *r, size_t unit, size_t first, size_t end);
/** The bytes live as long as the plan. */
void rewrite_add_file(struct rewrite_file_list *files, const char *path, struct span before,
	struct span after, const struct timespec *mtime, mode_t mode);
/** Records follow their units' new hashes, the files replaced so far, and environments. */
void rewrite_add_records(struct rewriter *r, const struct rehash *rehash, struct rewrite_file_list *files);
/** With an alias: leaves scripts alone that may have used an environment's packages. */
void rewrite_leave_scripts(struct rewriter *r, const size_t *first);
/** Fills plan->rerun from the edits. */
void rewrite_find_reruns(const struct rewriter *r, struct rewrite_plan *plan);
/** Carries out plan->rerun. */
int rewrite_set_aside(const struct target *t, const struct rewrite_plan *plan, struct err *err);
/** The new text of an interpreter config, or NULL if it stays. */
const char *unit_edit_config(const struct rewriter *r, const struct config_file *file);
/** Fills r->envs from the sightings and configs, and decides about each. */
void env_identity_decide(struct rewriter *r);
/** The entry of an environment, or NULL. */
struct rewrite_env *env_identity_find(const struct rewriter *r, struct span env);
/** Files that hold an accepted environment's path in compiled form. */
void rewrite_find_embedded(struct rewriter *r, const struct rehash *rehash, struct embedded_list *ret);
/** Rerun paths that will be missing or newer than the output under the new path. */
void rewrite_note_rerun_paths(struct rewriter *r);

#endif
