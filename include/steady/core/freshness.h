/*
 * cargo's freshness rules as a pure function: facts about all units of a build directory in, for each unit Fresh or
 * Dirty out, with the reason that cargo would give. No input or output; core/freshfacts.h gathers the facts.
 *
 *	struct verdict *verdict = freshness_judge(&facts, mem);
 *	for (size_t i = 0; i < facts.count; i++)
 *		if (verdict[i].reason != FRESH)
 *			freshness_text(&facts, i, &verdict[i], &line);
 *
 * A unit is Fresh if its hash file holds the hash that cargo computes now, and nothing it was made from is newer. The
 * hash covers the local items and the dependencies' hashes; what a manifest or command line changes (features,
 * profile, path) cannot be known without cargo and counts as unchanged.
 *
 * Source: cargo's core/compiler/fingerprint/mod.rs (Fingerprint::compare, check_filesystem, find_stale_file,
 * compare_old_fingerprint) and dirty_reason.rs; the words are those of cargo 1.95.
 */
#ifndef STEADY_CORE_FRESHNESS_H
#define STEADY_CORE_FRESHNESS_H

#include "steady/format/fingerprint.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <time.h>

/** In the order in which cargo compares. */
enum dirty_reason {
	FRESH,
	/** No hash file, or no JSON to compare with: cargo builds without giving a reason. */
	DIRTY_FIRST_BUILD,
	DIRTY_TOOLCHAIN,
	DIRTY_RUSTFLAGS,
	/** Another number of rerun-if instructions and the like. */
	DIRTY_LOCAL_LENGTHS,
	/** The newest file of the whole package. */
	DIRTY_PRECALCULATED,
	/** Which paths a script's rerun-if-changed lines name. */
	DIRTY_RERUN_PATHS,
	/** Which variables its rerun-if-env-changed lines name. */
	DIRTY_RERUN_VARIABLES,
	/** The value of one of them. */
	DIRTY_RERUN_ENV,
	DIRTY_LOCAL_TYPE,
	/** The hash of a dependency. */
	DIRTY_DEP_INFO,
	DIRTY_OUTPUT_MISSING,
	/** A dependency has to be built. */
	DIRTY_DEP_STALE,
	/** A dependency was built since. */
	DIRTY_DEP_NEWER,
	/** An input, or the reference itself, is not there (or the reference cannot be parsed). */
	DIRTY_FILE_MISSING,
	/** An input is newer than the reference. */
	DIRTY_FILE_CHANGED,
	/** A variable that rustc recorded (env!). */
	DIRTY_ENV,
	/** Content is compared instead of times: another size; a file without a recorded checksum. */
	DIRTY_FILE_SIZE,
	DIRTY_NO_CHECKSUM,
	/** The hash file holds another hash, or none because a build did not finish. */
	DIRTY_NOTHING_OBVIOUS,
};

/** One path that units watch; shared by all that do. */
struct fresh_input {
	/** Absolute. */
	const char *path;
	bool missing;
	/** As cargo finds it: of a directory the newest in it. */
	struct timespec mtime;
	uint64_t size;
};

/** An input as one unit watches it. */
struct fresh_watch {
	const struct fresh_input *input;
	/** Content mode only. */
	bool has_checksum;
	uint64_t size;
};

struct fresh_output {
	const char *path;
	bool present, is_rmeta;
	struct timespec mtime;
};

/** A variable whose value now is not the recorded one. */
struct fresh_variable {
	const char *name;
	bool had_value, has_value;
	struct span old_value, value;
};

struct fresh_unit {
	/** For messages. */
	const char *package;
	enum hash_file { HASHFILE_ABSENT, HASHFILE_OTHER, HASHFILE_HASH } hash_file;
	uint64_t hash;
	/** NULL where there is no JSON that cargo could read. */
	const struct fingerprint *fingerprint;
	struct epoch epoch;
	/** No known way to hash gives the hash file's hash, in the whole build directory: it is taken as it is. */
	bool opaque;
	/** For each fingerprint->dep the unit's index, or SIZE_MAX if it is nowhere to be found. */
	const size_t *dep;
	/** The local items that cargo would compute now; those of the fingerprint if nothing is known. */
	const struct local *local;
	size_t nlocal;
	/** What cargo would use now, where that is known and not what the fingerprint has. */
	bool other_toolchain, other_rustflags;

	struct fresh_output *output;
	size_t noutput;
	/** Builds an rlib from nothing but rmeta files of rlibs, side by side with their code generation. */
	bool pipelined;

	/** CheckDepInfo and RerunIfChanged: the file whose time counts. NULL where there is none. */
	const char *reference;
	bool reference_missing;
	struct timespec reference_mtime;
	/** The first recorded variable that differs, or NULL. */
	const struct fresh_variable *changed_env;
	struct fresh_watch *watch;
	size_t nwatch;
	/** Sizes and checksums are compared instead of times. */
	bool by_content;
};

struct fresh_facts {
	struct fresh_unit *unit;
	size_t count;
	/** Cut off from paths in messages. */
	const char *workspace_root;
};

struct verdict {
	enum dirty_reason reason;
	/** The path of an input, output or reference; the name of a variable; or NULL. */
	const char *subject;
	/** DIRTY_FILE_CHANGED and DIRTY_DEP_NEWER. */
	struct timespec newer, older;
	/** DIRTY_DEP_*: the dependency's index (SIZE_MAX if it is not on disk) and place in fingerprint->dep. */
	size_t dep, dep_at;
	/** The unit whose own reason this one has in the end; its own index if it is that unit. */
	size_t cause;
	/** Valid with a fingerprint: the hash that cargo would compute now. */
	uint64_t hash;
};

/** One verdict per unit, in mem. Units in a circle (no cargo makes one) are dirty. */
struct verdict *freshness_judge(const struct fresh_facts *facts, struct arena *mem);
/** Appends cargo's words, such as "the file `src/lib.rs` has changed (...)"; "fresh" if it is. */
void freshness_text(const struct fresh_facts *facts, size_t i, const struct verdict *v, struct str *out);
/** A word for reports: "file-changed"; static. */
const char *dirty_reason_name(enum dirty_reason reason);

#endif
