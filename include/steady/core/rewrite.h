/*
 * Replacing recorded paths of Python environments, so that cargo finds what it built under another path.
 *
 *	struct rewrite_plan *plan = NULL;
 *	rewrite_make_plan(target, &request, &plan, &err);	reads only
 *	rewrite_apply(target, plan, &err);			under cargo's locks, through the journal
 *	plan = rewrite_plan_free(plan);
 *
 * Replaced are: RerunIfEnvChanged values of the variables asked for, rerun-if-changed paths (JSON and
 * output), the interpreter's path in a script's other instructions and metadata (hexadecimal PYO3_CONFIG
 * included) and in the interpreter configs of OUT_DIR. All hashes above are computed anew. Modification times
 * and modes are kept.
 *
 * Left alone, so that cargo runs them again in the new environment, are
 *	- scripts whose environment's interpreter is not known, or known to be another one than the new one;
 *	- scripts whose output or OUT_DIR holds the environment's own directories (headers, libraries): these
 * are not the same in another environment;
 *	- with an alias: scripts that may have used packages of the old environment (core/adopt.h);
 *	- everything below a unit whose hash does not reproduce.
 */
#ifndef STEADY_CORE_REWRITE_H
#define STEADY_CORE_REWRITE_H

#include "steady/core/interpreter.h"
#include "steady/core/pathmap.h"
#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

/** The variables whose values are replaced unless others are named. */
extern const char *const rewrite_default_vars[];
extern const size_t rewrite_default_nvar;

struct rewrite_request {
	/** `to` must be set. */
	struct pathmap map;
	const char *const *var;
	size_t nvar;
	/** The interpreter of map.to, or NULL where it has none. */
	const struct interpreter *now;
	/** Do not compare interpreters. */
	bool force_identity;
	/**
	 * For an alias, which stands for every environment of its interpreter: must this script run once more, since it may
	 * have used packages of the old one? `told`: it printed the old interpreter's path for what is compiled, where the path
	 * stays whatever its output says now. NULL: map.to is an environment of the user's.
	 */
	bool (*must_rerun)(size_t unit, bool told, void *ctx);
	/** Must nothing below this script change, since it asks for a path that is compiled into it? May be NULL. */
	bool (*asks_for_path)(size_t unit, void *ctx);
	void *ctx;
	/** Do not search binaries for what is compiled into them. */
	bool brief;
};

/** One file to replace. */
struct rewrite_file {
	const char *path;
	struct span before, after;
	struct timespec mtime;
	mode_t mode;
};

/** One environment directory that stood in the records. */
struct rewrite_env {
	struct span path;
	/** Its interpreter agrees with the new one, or need not. */
	bool accepted;
	/** If not accepted: why. */
	const char *why;
	/** Where its interpreter is recorded, or NULL. */
	const char *recorded_in;
	size_t units;
};

/** One value replaced. */
struct rewrite_value {
	size_t unit;
	/** Variable, instruction or key. */
	struct span variable;
	struct span before;
	const char *after;
};

/** A unit that is not rewritten. */
struct rewrite_left {
	size_t unit;
	const char *why;
};

/** A file that holds the old path in compiled form. */
struct rewrite_embedded {
	size_t unit;
	const char *path;
	/** Does anything read it while the units stay Fresh? */
	bool matters;
};

/** Something the user should know. */
struct rewrite_note {
	size_t unit;
	const char *text;
};

struct rewrite_plan {
	struct arena *mem;
	/** In the order of application: a unit's dependencies first. */
	struct rewrite_file *file;
	struct rewrite_env *env;
	struct rewrite_value *value;
	struct rewrite_left *left;
	struct rewrite_embedded *embedded;
	struct rewrite_note *note;
	/** Scripts among those left alone whose output is set aside, since nothing else would make cargo run them. */
	size_t *rerun;
	size_t nfile, nenv, nvalue, nleft, nembedded, nnote, nrerun;
	/** Units whose own records change, and units whose hash changes. */
	size_t edited, rehashed;
};

int rewrite_make_plan(const struct target *t, const struct rewrite_request *request,
	struct rewrite_plan **ret, struct err *err);
/** Carries the plan out; the caller holds cargo's locks since before target_load. */
int rewrite_apply(const struct target *t, const struct rewrite_plan *plan, struct err *err);
/** Accepts NULL, returns NULL. */
struct rewrite_plan *rewrite_plan_free(struct rewrite_plan *plan);
void rewrite_plan_cleanup(struct rewrite_plan **plan);
#define CLEANUP_REWRITE_PLAN CLEANUP(rewrite_plan_cleanup)

#endif
