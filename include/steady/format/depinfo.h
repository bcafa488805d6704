/*
 * cargo's binary dep-info (`dep-<base>`): the files and variables that rustc read for a unit.
 *
 * All integers are u32, little endian, except `size`:
 *	v0  (cargo <= 1.82): n_files { u8 root, len, path } n_env { len, key, u8 has_value, [len, value] }
 *	v0c (cargo 1.83):    as v0, each file followed by u8 has_checksum, [u64 size, len, "sha256=..."]
 *	v1  (cargo >= 1.84): 01 00 00 00 ff 01, then v0c's body
 * v0 and v0c cannot be told apart from their bytes: the caller knows from the unit's JSON whether
 * CheckDepInfo has a method (then v0c). A reader ignores bytes behind the end; they are kept for the round
 * trip. A count that the file cannot hold makes cargo itself allocate for it and panic.
 * Source: cargo's fingerprint/dep_info.rs (EncodedDepInfo::{parse,serialize}).
 */
#ifndef STEADY_FORMAT_DEPINFO_H
#define STEADY_FORMAT_DEPINFO_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

/** A parsed dep-info takes up to 12 times its size. */
#define DEPINFO_MAX_BYTES ((size_t)16 * 1024 * 1024)

enum depinfo_version { DEPINFO_V0, DEPINFO_V0C, DEPINFO_V1 };

enum depinfo_root {
	/** Relative to the package root. */
	DEPINFO_PACKAGE = 0,
	/** Relative to the build directory, or absolute. */
	DEPINFO_BUILD = 1,
};

struct depinfo_file {
	enum depinfo_root root;
	struct span path;
	bool has_checksum;
	uint64_t size;
	struct span checksum;
};

struct depinfo_env {
	struct span key;
	/** False: the variable was not set. */
	bool has_value;
	struct span value;
};

struct depinfo {
	enum depinfo_version version;
	struct depinfo_file *file;
	size_t nfile;
	struct depinfo_env *env;
	size_t nenv;
	/** Bytes behind the end. */
	struct span trailing;
};

/**
 * Spans point into `bytes`, arrays live in mem. `has_method`: the unit's CheckDepInfo has a method (v0c
 * instead of v0). -EBADMSG, with the byte offset in the message, for everything that cargo does not accept,
 * and for flags other than 0 and 1, which it never writes.
 */
int depinfo_parse(
	struct arena *mem, struct span bytes, bool has_method, struct depinfo *ret, struct err *err);
/** Appends the bytes; depinfo_parse(depinfo_format(x)) == x. */
void depinfo_format(const struct depinfo *info, struct str *out);

#endif
