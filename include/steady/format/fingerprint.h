/*
 * The fingerprint of one unit, as cargo leaves it on disk: `<base>.json` (diagnostic) and `<base>` (its
 * hash).
 *
 *	struct fingerprint fp;
 *	if (fingerprint_parse(mem, bytes, &fp, &err) < 0)
 *		...
 *	uint64_t hash = fingerprint_hash(&fp, &epoch);
 *
 * Source of every fact: cargo's src/compiler/fingerprint (struct Fingerprint, LocalFingerprint, util::hex),
 * std's Hash for Path, and rustc-stable-hash. The JSON is serde_json's compact form with a fixed order of
 * keys; fingerprint_format(fingerprint_parse(x)) == x, byte for byte, for every x that fingerprint_parse
 * accepts: what is spaced or ordered in another way is refused.
 *
 * Spans in a struct fingerprint point into the arena given to fingerprint_parse. Nothing here keeps state
 * between calls; threads may parse and hash at the same time, each with its own arena.
 */
#ifndef STEADY_FORMAT_FINGERPRINT_H
#define STEADY_FORMAT_FINGERPRINT_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

/** No fingerprint JSON of a real build comes near this. */
#define FINGERPRINT_MAX_BYTES ((size_t)8 * 1024 * 1024)
/** Characters of a hash file. */
#define HASHFILE_LEN 16

/** cargo's LocalFingerprint; the values are the discriminants that are hashed. */
enum local_kind {
	LOCAL_PRECALCULATED = 0,
	LOCAL_CHECK_DEP_INFO = 1,
	LOCAL_RERUN_IF_CHANGED = 2,
	LOCAL_RERUN_IF_ENV_CHANGED = 3,
};

/** How CheckDepInfo says which method compares files: not at all (<= 1.82), a bool (1.83), a word (1.100). */
enum local_method {
	METHOD_ABSENT,
	METHOD_CHECKSUM_FALSE,
	METHOD_CHECKSUM_TRUE,
	METHOD_MTIME,
	METHOD_CONTENT,
};

struct local {
	enum local_kind kind;
	/** Precalculated: the string. CheckDepInfo: dep_info. RerunIfChanged: output. RerunIfEnvChanged: var.
	 */
	struct span text;
	/** CheckDepInfo only. */
	enum local_method method;
	/** RerunIfChanged only. */
	struct span *path;
	size_t npath;
	/** RerunIfEnvChanged only: false for null. */
	bool has_value;
	struct span value;
};

struct fingerprint_dep {
	uint64_t pkg_id;
	/** The name by which the dependent knows it, "build_script_build" for a script. */
	struct span name;
	bool is_public;
	/** The fingerprint hash of the dependency. */
	uint64_t hash;
};

struct fingerprint {
	uint64_t rustc, target, profile, path, config, compile_kind;
	/** compile_kind is neither written nor hashed: cargo 1.46 and its like, older than anything
	 * supported. */
	bool lacks_compile_kind;
	/** Present up to cargo 1.84. */
	bool has_metadata;
	uint64_t metadata;
	/** A Rust debug list, such as ["default", "std"], or empty. */
	struct span features;
	/** Present since cargo 1.76. */
	bool has_declared_features;
	struct span declared_features;
	struct fingerprint_dep *dep;
	size_t ndep;
	struct local *local;
	size_t nlocal;
	struct span *rustflag;
	size_t nrustflag;
};

enum fingerprint_hasher {
	/** SipHash-2-4, 64 bits, native widths: cargo <= 1.84. */
	HASHER_SIP24,
	/** rustc-stable-hash: SipHash-1-3 with 128 bits folded to 64: cargo >= 1.85. */
	HASHER_STABLE,
};

/** How the std that cargo was built with hashes a Path. */
enum fingerprint_paths {
	/** std <= 1.57 */
	PATHS_COMPONENTS,
	/** std 1.58 to 1.80 */
	PATHS_COUNT,
	/** std >= 1.81 */
	PATHS_CHUNKBITS,
};
#define PATHS_COUNT_OF 3

struct epoch {
	enum fingerprint_hasher hasher;
	enum fingerprint_paths paths;
};

/** 0; -EBADMSG for anything that is not a unit's JSON of a known shape (unknown keys and variants included).
 */
int fingerprint_parse(struct arena *mem, struct span json, struct fingerprint *ret, struct err *err);
/** Appends the JSON that cargo would write. */
void fingerprint_format(const struct fingerprint *fp, struct str *out);
/** The hash under an epoch. The hasher that a fingerprint demands follows from has_metadata, see below. */
uint64_t fingerprint_hash(const struct fingerprint *fp, const struct epoch *epoch);
/** Appends the bytes that are hashed; for tests and for looking into a mismatch. */
void fingerprint_stream(const struct fingerprint *fp, const struct epoch *epoch, struct str *out);
/** The only hasher that can have made it: cargo dropped the metadata field when it changed the hasher. */
enum fingerprint_hasher fingerprint_hasher(const struct fingerprint *fp);
/** False if every Path algorithm gives the same hash, because no path is hashed. */
bool fingerprint_has_paths(const struct fingerprint *fp);
/** The Path algorithms that reproduce `hash` with the fingerprint's own hasher, a bit 1 << PATHS_x for each.
 * A build directory's algorithm is the one that all its units have in common; 0 means it must not be touched.
 */
unsigned fingerprint_matching_paths(const struct fingerprint *fp, uint64_t hash);
/** "sip24/count" and the like, static. */
const char *epoch_name(const struct epoch *epoch);

/** The hash of a hash file's text: exactly 16 lower-case hexadecimal digits, the u64's little-endian bytes.
 */
bool hashfile_parse(struct span text, uint64_t *ret);
void hashfile_format(uint64_t hash, char ret_text[HASHFILE_LEN + 1]);

/** cargo's util::hash_u64 of a string (a str's bytes and 0xff); pkg_id of a path package's name, for example.
 */
uint64_t fingerprint_hash_str(enum fingerprint_hasher hasher, struct span text);
/** hash of a Path alone. */
uint64_t fingerprint_hash_path(const struct epoch *epoch, struct span path);

#endif
