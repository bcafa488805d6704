/*
 * What a build script printed, as cargo keeps it: `output` in the old layout, `run/stdout` in the new one.
 *
 * Lines: `cargo:KEY=VALUE`, since cargo 1.77 also `cargo::KEY=VALUE`; `cargo:k=v` of an unreserved key and
 * `cargo::metadata=k=v` are metadata for dependents' scripts. Only valid UTF-8 lines count; cargo trims them.
 * Source: cargo's core/compiler/custom_build.rs (BuildOutput::parse).
 */
#ifndef STEADY_FORMAT_BUILDOUTPUT_H
#define STEADY_FORMAT_BUILDOUTPUT_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#define BUILDOUTPUT_MAX_BYTES ((size_t)64 * 1024 * 1024)

enum output_kind {
	/** Not an instruction: plain text, `cargo:warning`, invalid UTF-8 ... */
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
	/** Instruction or metadata key; empty for text. */
	struct span key;
	/** Inside `line`; for text the whole line. */
	struct span value;
};

struct build_output {
	/** The text as it was; every span points into it. */
	struct span text;
	struct output_line *line;
	size_t count;
};

/** Never fails: what cargo would not understand is OUTPUT_TEXT. The array lives in mem. */
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
