/*
 * A build directory (what cargo calls target/ or build-dir) as a graph of units. Reads, never writes.
 *
 *	struct target *t = NULL;
 *	if (target_load("/ws/target", &t, &err) < 0)
 *		...
 *	for (size_t i = 0; i < t->count; i++)
 *		look_at(&t->unit[i]);
 *	t = target_free(t);
 *
 * All profiles and triples are read, the old layout (<profile>/.fingerprint/<pkg>-<hex>/) and the new one
 * (<profile>/build/<pkg>/<hex>/fingerprint/), side by side if need be. A directory can hold several units
 * (all doc units of a package share one), so every hash file or `<base>.json` is a unit of its own. The tree
 * may be hostile: what is not a regular file of a plausible size is left out with a warning.
 *
 * Sources: cargo's core/compiler/layout.rs, build_runner/compilation_files.rs, fingerprint/mod.rs.
 */
#ifndef STEADY_CORE_TARGET_H
#define STEADY_CORE_TARGET_H

#include "steady/format/fingerprint.h"
#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

#include <sys/stat.h>
#include <time.h>

enum target_layout { LAYOUT_OLD, LAYOUT_NEW };

enum unit_kind {
	UNIT_LIB,
	UNIT_BIN,
	UNIT_EXAMPLE,
	/** Any target compiled with the test harness, integration tests included. */
	UNIT_TEST,
	UNIT_BENCH,
	UNIT_BUILD_SCRIPT,
	UNIT_RUN_BUILD_SCRIPT,
	UNIT_DOC,
	/** A base name of a form that is not known. */
	UNIT_OTHER,
};

enum hash_state {
	/** There is no hash file. */
	HASH_ABSENT,
	/** Empty: a build of the unit was begun and not finished, or it was invalidated. cargo will build it.
	 */
	HASH_EMPTY,
	/** Not 16 hexadecimal digits: no cargo we know wrote it. */
	HASH_FOREIGN,
	HASH_PRESENT,
};

enum unit_proof {
	/** Nothing to prove: no hash, or no JSON beside it. */
	PROOF_NONE,
	/** The JSON has an unknown shape, or gives another hash than the hash file under every epoch. */
	PROOF_FAILED,
	/** The hash file's hash was reproduced from the JSON. */
	PROOF_VERIFIED,
};

/** A place where cargo keeps units: <build-dir>/[<triple>/]<profile>. */
struct profile_dir {
	/** Relative to the build directory. */
	const char *path;
	/** The directory's name: "debug", "release", a custom profile's name. */
	const char *profile;
	/** NULL for the host's directory. */
	const char *triple;
	bool has_old, has_new;
};

#define UNIT_NONE SIZE_MAX

/** What lies beside a unit's fingerprint, read in passing by target_load_whole. What is missing here may yet be there. */
struct unit_beside {
	/** `dep-<base>` and our record; a NULL pointer where it was not read. */
	struct span depinfo, record;
	struct stat depinfo_stat, record_stat;
	/** invoked.timestamp. */
	bool has_invoked;
	struct stat invoked;
};

struct unit {
	const struct profile_dir *place;
	enum target_layout layout;
	/** The fingerprint directory, relative to the build directory. */
	const char *directory;
	/** The hash file's name: "lib-app", "run-build-script-build-script-build". */
	const char *base;
	enum unit_kind kind;
	/** Package name; the 16 hexadecimal digits that tell its directories apart; the target's name. */
	const char *package, *meta, *target;
	/** NULL where nothing on disk tells. */
	const char *version;

	enum hash_state hash_state;
	/** Valid for HASH_PRESENT. */
	uint64_t hash;
	/** Of the hash file and the JSON, so that they can be written back as they were; zeroes where absent.
	 */
	struct timespec hash_mtime, json_mtime;
	mode_t hash_mode, json_mode;
	/** NULL where there is no JSON of a known shape. */
	struct fingerprint *fingerprint;
	enum unit_proof proof;
	/** Under which the hash was verified, or which the unit's toolchain uses; valid if fingerprint !=
	 * NULL. */
	struct epoch epoch;
	/** There are files of ours beside the fingerprint: a record (core/recordfile.h), a reference that is set aside
	 * (core/aside.h; of scripts' runs it lies elsewhere). */
	bool has_record, has_aside;
	/** NULL after target_load. */
	struct unit_beside *beside;
	/** One for each fingerprint->dep: index of the unit with that hash, or UNIT_NONE. */
	size_t *dep;
};

struct target {
	/** Owns everything below. */
	struct arena *mem;
	/** As given. */
	const char *path;
	/** Of the build directory. */
	int fd;
	/** Everything was read after this time. */
	struct timespec began;
	/** The profile that alone was looked for, as given; NULL: all. */
	const char *profile;
	struct profile_dir *place;
	size_t nplace;
	/** Ordered by directory and base name. */
	struct unit *unit;
	size_t count;
	/** What was left out and why, a line each; bounded. */
	const char **warning;
	size_t nwarning;
	/** Memory of the threads that read. */
	struct arena **part;
	size_t npart;
};

/** -ENOENT if there is no such directory. A directory without units is no error. */
int target_load(const char *path, struct target **ret, struct err *err);
/**
 * The same for those who need everything of every unit (core/unitfiles.h, core/recordset.h): spares them a second way there.
 * Only the directories of one profile ("debug"), the host's and every triple's; NULL: all. No unit depends on one of another
 * profile.
 */
int target_load_whole(const char *path, const char *profile, struct target **ret, struct err *err);
/** Finds the units' dependencies again, after hashes were changed in memory. */
void target_link(struct target *t);
/**
 * Was a unit of the profile (NULL: of any) started at that time or later, by cargo's invoked.timestamp? Costs a stat for each
 * unit. True where that cannot be told.
 */
bool target_built_since(int buildfd, const char *profile, struct timespec since);
/** Accepts NULL, returns NULL. */
struct target *target_free(struct target *t);
void target_cleanup(struct target **t);
#define CLEANUP_TARGET CLEANUP(target_cleanup)

/** "lib", "run-build-script" ...; static. */
const char *unit_kind_name(enum unit_kind kind);
/** `<directory>/<base>` and `<directory>/<base>.json`. */
char *unit_hash_path(struct arena *mem, const struct unit *u);
char *unit_json_path(struct arena *mem, const struct unit *u);
/** The three below: for UNIT_RUN_BUILD_SCRIPT only, relative to the build directory. */
/** The run's directory: <place>/build/<pkg>-<hex>, in the new layout <place>/build/<pkg>/<hex>. */
char *unit_run_dir(struct arena *mem, const struct unit *u);
/** What the script printed: `output`, in the new layout `run/stdout`. */
char *unit_output_path(struct arena *mem, const struct unit *u);
/** OUT_DIR. */
char *unit_out_dir(struct arena *mem, const struct unit *u);
/** "app v1.2.3 (run-build-script, debug)", for messages. */
char *unit_title(struct arena *mem, const struct unit *u);

#endif
