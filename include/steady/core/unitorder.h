/*
 * Units with their dependencies first, and what stands above some of them.
 */
#ifndef STEADY_CORE_UNITORDER_H
#define STEADY_CORE_UNITORDER_H

#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

/**
 * All t->count indices, in mem. Units in a circle, which only a hostile tree has, come in some order: whoever walks
 * must not trust a dependency that it has not met yet.
 */
size_t *unit_order(const struct target *t, struct arena *mem);

/** For each unit: is there a package somewhere below it that `is_meant` says yes to? In mem. */
bool *unit_order_above(const struct target *t, struct arena *mem, bool (*is_meant)(const char *package));

#endif
