/*
 * What the files of verify share: facts first (verify.c), then a verdict by the unit's record (verify_record.c) or, where
 * it has none that binds, by what the file system knows (verify_place.c).
 */
#ifndef STEADY_CORE_VERIFY_PRIV_H
#define STEADY_CORE_VERIFY_PRIV_H

#include "steady/core/birthplace.h"
#include "steady/core/foreign.h"
#include "steady/core/inputs.h"
#include "steady/core/moved.h"
#include "steady/core/outdigest.h"
#include "steady/core/verify.h"

#include <time.h>

/* What is known of one unit before its verdict. */
struct evidence {
	/** For each of the inputs, those of the record if it is bound; NULL for what cannot be asked. */
	const struct observation **seen;
	/** Of a unit without a bound record. */
	struct unit_inputs inputs;
	/** It was built in this place, and started then; `seen` is for each of its inputs. */
	bool in_place;
	struct timespec start;
	/** What its outputs hold now, where they may be those of another build; else NULL. */
	struct outdigest *outputs;
};

struct judge {
	const struct verify_request *rq;
	const struct target *t;
	struct verification *v;
	struct inputs_context context;
	struct moved *moved;
	/** The file system can prove things here. */
	bool certain;
	/** Where what it would prove was compiled. */
	struct birthplace birthplaces;
	struct evidence *evidence;
	bool *judged;
	/** For each unit: it is of another workspace. */
	bool *foreign;
	/* For each unit: what a script has to make again, or NULL. */
	const char **remake;
};

void judge_decide(struct judge *j, size_t i, enum proof_verdict verdict, const char *reason, size_t cause);
/** Are the outputs there? If not, that is the verdict. */
bool judge_outputs(struct judge *j, size_t i);
/** The dependencies stay: does the unit, by the record that binds to it? */
void judge_by_record(struct judge *j, size_t i);
/** The same without such a record. */
void judge_without_record(struct judge *j, size_t i);

#endif
