/*
 * What `.rustc_info.json` in a build directory tells: the compiler that cargo used there last.
 *
 * cargo keeps the output of `rustc -vV` (and of some queries) in it, and drops it when another compiler comes. The
 * text's hash is the `rustc` of every unit that compiler made. Source: cargo's util/rustc.rs (struct Cache).
 */
#ifndef STEADY_CORE_RUSTCINFO_H
#define STEADY_CORE_RUSTCINFO_H

#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

struct rustcinfo {
	/** The whole output of `rustc -vV`, as hashed by cargo. */
	struct span verbose;
	/** "1.95.0", "x86_64-unknown-linux-gnu"; NULL where the text has no such line. */
	const char *release, *host;
	/** 95 for 1.95.0; 0 if not known. */
	unsigned minor;
};

/** False if there is no such file below the directory, or nothing in it that is understood. */
bool rustcinfo_read(int buildfd, struct arena *mem, struct rustcinfo *ret);

#endif
