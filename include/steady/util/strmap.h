/*
 * A map from byte strings to pointers. Keys are copied (or borrowed), values belong to the caller.
 *
 *	struct strmap *m = strmap_new();
 *	strmap_put(m, span_of("a"), thing);
 *	thing = strmap_get(m, span_of("a"));
 *	m = strmap_free(m);
 */
#ifndef STEADY_UTIL_STRMAP_H
#define STEADY_UTIL_STRMAP_H

#include "steady/util/base.h"
#include "steady/util/span.h"

struct strmap;

struct strmap *strmap_new(void);
/** Keys are not copied: those put must outlive the map. */
struct strmap *strmap_new_borrowing(void);
/** Accepts NULL, returns NULL. Values are not touched. */
struct strmap *strmap_free(struct strmap *m);
void strmap_cleanup(struct strmap **m);
#define CLEANUP_STRMAP CLEANUP(strmap_cleanup)

/** NULL if the key is not there. */
void *strmap_get(const struct strmap *m, struct span key);
/** Adds or replaces; returns the value that was there, or NULL. */
void *strmap_put(struct strmap *m, struct span key, void *value);
size_t strmap_count(const struct strmap *m);
/** Calls fn for every entry in the order of insertion, until it returns non-zero, which is returned. */
int strmap_each(const struct strmap *m, int (*fn)(struct span key, void *value, void *ctx), void *ctx);

#endif
