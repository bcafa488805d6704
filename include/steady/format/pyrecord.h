/*
 * RECORD: what an installed Python distribution consists of, one file a line: path, hash, size.
 *
 *	struct pyrecord_line line;
 *	while (pyrecord_next(&rest, &line))
 *		...
 *
 * Paths are relative to the directory of packages. Differing between two installations of the same wheel, and so passed
 * over: scripts (with the interpreter's path in them), compiled files, and what the
 * installer writes about itself (INSTALLER, REQUESTED, direct_url.json, uv_*, RECORD). Source: PEP 376, PEP 627.
 */
#ifndef STEADY_FORMAT_PYRECORD_H
#define STEADY_FORMAT_PYRECORD_H

#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/span.h"

struct pyrecord_line {
	/** Inside the text, without quotes. */
	struct span path;
	/** "sha256=...", empty if there is none. */
	struct span hash;
	/** Path and hash as they stand there: what is counted. */
	struct span both;
	/** It says nothing of what was installed. */
	bool passed_over;
};

/** Cuts the next line off *rest; false at the end. */
bool pyrecord_next(struct span *rest, struct pyrecord_line *ret);

/** A digest of any number of things in any order. Starts as {0}. */
struct pyrecord_sum {
	uint64_t part[2];
	uint64_t count;
};
void pyrecord_add(struct pyrecord_sum *sum, struct span thing);
struct digest pyrecord_digest(const struct pyrecord_sum *sum);

/** "cffi-1.17.1.dist-info": name and version; false for any other name. */
bool pyrecord_name(struct span directory, struct span *ret_name, struct span *ret_version);

#endif
