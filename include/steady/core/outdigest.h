/*
 * One digest over what a unit left behind, to know a build again whose stamps were lost.
 *
 *	struct outdigest *d = outdigest_want(observer, files, mem, i);	any number
 *	observer_look(observer, progress);
 *	record.outputs = outdigest_get(d);
 *
 * Names and bytes of the outputs and of the dep-info file, which says what the unit read; of a script's run the text it
 * printed and everything in its OUT_DIR.
 */
#ifndef STEADY_CORE_OUTDIGEST_H
#define STEADY_CORE_OUTDIGEST_H

#include "steady/core/observe.h"
#include "steady/core/unitfiles.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

struct outdigest;

struct outdigest *outdigest_want(struct observer *o, struct unitfiles *files, struct arena *mem, size_t unit);
/** All zeros where an output is missing or cannot be read: no digest equals that one. */
struct digest outdigest_get(const struct outdigest *d);
/** Appends one output to the text whose digest that is: by its path below the build directory. */
void outdigest_add(struct str *text, const char *path, const struct digest *digest);
/** Same and not all zeros. */
bool outdigest_agree(const struct digest *a, const struct digest *b);

#endif
