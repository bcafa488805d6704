/*
 * Which environment directories are to be replaced, and by what.
 *
 *	struct pathmap map = {.to = "/stable/env"};		every ephemeral environment
 *	struct pathmap map = {.from = patterns, .nfrom = 2, .to = "/stable/env"};
 *	while (pathmap_find(&map, text, at, &env)) ...
 *
 * A pattern is the path of an environment's directory, or a glob of one ('*' and '?' do not match '/').
 */
#ifndef STEADY_CORE_PATHMAP_H
#define STEADY_CORE_PATHMAP_H

#include "steady/util/base.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

struct pathmap {
	/** None: the names that front ends give to throw-away environments (core/ephemeral.h), and what the globs of
	 * STEADY_EPHEMERAL match. */
	const char *const *from;
	size_t nfrom;
	/** Environment directories that are replaced as well. */
	const char *const *also;
	size_t nalso;
	/** The directory that takes their place, without a final slash. */
	const char *to;
	/** An interpreter of an environment (bin/python3, bin/python3.12) becomes bin/python, whatever it was called. */
	bool one_name;
};

/**
 * Finds the first environment directory at or behind `at` that is to be replaced; *ret is its path inside the
 * text. The replacement itself is never found. Only whole components match.
 */
bool pathmap_find(const struct pathmap *map, struct span text, size_t at, struct span *ret);
/** Appends the text with every environment directory replaced; how many there were. */
size_t pathmap_replace(const struct pathmap *map, struct span text, struct str *out);
/** What stands behind the environment's directory names its interpreter: nothing, /pyvenv.cfg,
 * /bin/python3.11 ... */
bool pathmap_is_interpreter(struct span rest);

#endif
