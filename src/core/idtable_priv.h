/*
 * The table of names at the heart of pack indexes and commit-graphs (gitformat-pack(5), gitformat-commit-graph(5)):
 * 256 counts of four bytes, big end first, each the number of names whose first byte is not above its place, and the
 * names themselves, 20 bytes each, sorted.
 */
#ifndef STEADY_CORE_IDTABLE_PRIV_H
#define STEADY_CORE_IDTABLE_PRIV_H

#include "steady/util/base.h"

#define IDTABLE_FANOUT ((size_t)1024)

struct idtable {
	const unsigned char *fanout, *names;
};

/** Four bytes, big end first. */
static inline uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/** How many names there are; false if the counts do not rise. */
bool idtable_count(const unsigned char *fanout, uint32_t *ret);
/** The place of a name. The table must have passed idtable_count and have so many names. */
bool idtable_find(const struct idtable *t, const unsigned char id[20], uint32_t *ret);

#endif
