/*
 * What cargo puts into the hash of a unit that it watches by its whole package: scripts without rerun-if lines, and
 * documentation, hold the text "<seconds>.<nanoseconds>s (<path>)" of the package's newest file.
 *
 * Source: cargo's fingerprint (LocalFingerprint::Precalculated), sources/path.rs (last_modified_file).
 */
#ifndef STEADY_CORE_PACKAGESTAMP_H
#define STEADY_CORE_PACKAGESTAMP_H

#include "steady/core/pkglist.h"
#include "steady/core/target.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"

/** Is it such a text? Precalculated holds others too: the version of a package from a registry. */
bool packagestamp_is(struct span precalculated);

/** Does the unit watch its whole package, and is the newest file another than it says? */
bool packagestamp_differs(const struct unit *u, const struct pkglist *package);

/** The unit's fingerprint with the text that `package` has now, in mem; NULL if it has that text already, or none. */
struct fingerprint *packagestamp_edit(struct arena *mem, const struct unit *u, const struct pkglist *package);

#endif
