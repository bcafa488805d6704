/*
 * What a build script printed, as cargo keeps it: `output` in the old layout, `run/stdout` in the new one.
 *
 * Instructions: `cargo:KEY=VALUE`, since cargo 1.77 also `cargo::KEY=VALUE`. Metadata for the scripts of
 * dependents: `cargo:k=v` with a key that is not reserved, and `cargo::metadata=k=v`. A line that is not
 * UTF-8 does not count, and white space (Unicode's) around a line is not part of it. The reserved keys of the
 * old spelling are fixed for ever; the new one adds `error` and `metadata`, and cargo refuses any other.
 * Source: cargo's custom_build.rs (BuildOutput::parse, RESERVED_PREFIXES).
 */
#ifndef STEADY_FORMAT_BUILDOUTPUT_H
#define STEADY_FORMAT_BUILDOUTPUT_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

/** Scripts that run make print megabytes; a parsed output takes up to 8 times its size. */
#define BUILDOUTPUT_MAX_BYTES ((size_t)16 * 1024 * 1024)

enum output_kind {
	/** Shown to the user, without effect on the build: `warning` and `error`. */
	OUTPUT_TEXT,
	OUTPUT_RERUN_IF_CHANGED,
	OUTPUT_RERUN_IF_ENV_CHANGED,
	/** rustc-link-search, rustc-cfg, rustc-env, ... */
	OUTPUT_INSTRUCTION,
	/** Metadata of the `links` package: key and value are those of the metadata. */
	OUTPUT_METADATA,
};

struct output_line {
	enum output_kind kind;
	/** The line without its newline (a carriage return is part of it). */
	struct span line;
	/** Instruction or metadata key, inside `line`. */
	struct span key;
	/** What stands behind the '=' up to the white space at the end, inside `line`. */
	struct span value;
};

struct build_output {
	/** The text as it was; every span points into it. */
	struct span text;
	/** In the order of the text. */
	struct output_line *line;
	size_t count;
};

/** Never fails: lines that are nothing to cargo, or that it would refuse, are left out. The array lives in
 * mem.
 */
void build_output_parse(struct arena *mem, struct span text, struct build_output *ret);

/**
 * Decides about one line's value: true and the replacement appended to *ret, or false to keep it.
 * Called in the order of the lines.
 */
typedef bool build_output_edit(const struct output_line *line, struct str *ret, void *ctx);
/** Appends the text with the values that `edit` replaces, all other bytes the same; the number of
 * replacements. */
size_t build_output_rewrite(
	const struct build_output *output, build_output_edit *edit, void *ctx, struct str *out);

#endif
