/*
 * Directories outside of a package that a macro of it has embedded files of (include_dir!("$CARGO_MANIFEST_DIR/../assets")):
 * a file that is added there is one that a new build embeds as well.
 */
#ifndef STEADY_CORE_DATADIRS_H
#define STEADY_CORE_DATADIRS_H

#include "steady/util/mem.h"
#include "steady/util/span.h"

#include <stddef.h>

/**
 * For absolute paths of embedded files in normal form: of those that lie beside the package, neighbour by neighbour, the
 * deepest directory that holds them all. Not one that holds the package too. Paths in mem; their number.
 */
size_t datadirs_of(const char *package_root, const struct span path[], size_t count, struct arena *mem,
	const char ***ret);

#endif
