/*
 * What the files of recording share: recording.c decides, recording_sides.c finds what scripts wrote into the workspace.
 */
#ifndef STEADY_CORE_RECORDING_PRIV_H
#define STEADY_CORE_RECORDING_PRIV_H

#include "steady/core/birthplace.h"
#include "steady/core/foreign.h"
#include "steady/core/inputs.h"
#include "steady/core/outdigest.h"
#include "steady/core/recording.h"
#include "steady/core/sides.h"
#include "steady/util/mem.h"

struct candidate {
	/** It has no record that binds, and may get one. */
	bool is_new;
	struct unit_inputs inputs;
	/** For each input. */
	const struct observation **seen;
	/** For each input: the digest that it must have to be recorded, or NULL. */
	const struct digest **only;
	struct timespec start;
	/** The inputs must be older than this: the start, or the mark. */
	struct timespec quiet;
	/** Of a unit whose record binds if these are the recorded ones. */
	struct outdigest *kept_outputs;
};

/** A script that may have written into the workspace or its package. */
struct script_run {
	size_t unit;
	struct sides_run when;
};

struct recorder {
	const struct recording_request *rq;
	const struct target *t;
	struct recording *r;
	struct arena *mem;
	struct inputs_context context;
	struct candidate *candidate;
	size_t *order;
	bool *done;
	/** For each unit: it is of another workspace. */
	bool *foreign;
	bool certain;
	/** Where the candidates were compiled. */
	struct birthplace birthplaces;
	const char *uncertain;
	struct span real_root;
	/** Of the scripts that may get a record. */
	VEC(struct script_run) run;
	struct sides_options walks;
};

/** Lists the directories in which scripts that may get a record can have written files. */
void recording_seek_sides(struct recorder *rec);
/** When the inputs have been looked at: adds those files to the inputs of those scripts. */
void recording_gather_sides(struct recorder *rec);
/** Does a script that the unit depends on write this file, by its record? Valid when those have been decided. */
bool recording_is_written_below(const struct recorder *rec, size_t unit, const char *path);
/** Is this input, a file that a script wrote, one to record? Valid when it has been observed. */
bool recording_takes_side(const struct candidate *c, size_t input);

#endif
