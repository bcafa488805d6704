/*
 * rustc's own dep-info (`<crate>.d`): make rules that name a unit's outputs and what it read.
 *
 *	/ws/target/debug/deps/libapp-0123456789abcdef.rmeta: app/src/lib.rs app/src/my\ file.txt
 *	<an empty line, and the same for each other output, the .d file itself among them>
 *	app/src/lib.rs:
 *
 *	# env-dep:HOME=/root
 *	# env-dep:NOT_SET
 *	# checksum:blake3=... file_len:12 app/src/lib.rs
 *
 * Paths of files are relative to the directory that rustc ran in (the workspace root for its members, else
 * the package's root) or absolute. A blank in a file's name is written "\ "; blanks in an output's name are
 * not escaped. In env-dep lines "\n", "\r" and "\\" stand for a newline, a carriage return and a backslash.
 * Checksum lines are passed over.
 *
 * Sources: rustc_interface's write_out_deps; cargo's parse_rustc_dep_info, which reads it the same way.
 */
#ifndef STEADY_FORMAT_RUSTCDEP_H
#define STEADY_FORMAT_RUSTCDEP_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

#define RUSTCDEP_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct rustcdep_env {
	struct span key;
	/** False: the variable was not set. */
	bool has_value;
	struct span value;
};

struct rustcdep {
	/** What stands before the colons, the .d file itself included, in the order of the file. */
	struct span *output;
	size_t noutput;
	/** The files of the first rule, unescaped; all rules with outputs have the same. */
	struct span *file;
	size_t nfile;
	struct rustcdep_env *env;
	size_t nenv;
};

/** Spans point into `text` or into mem, arrays live in mem. -EBADMSG with the line for what cargo refuses
 * too.
 */
int rustcdep_parse(struct arena *mem, struct span text, struct rustcdep *ret, struct err *err);

#endif
