/*
 * Which program stands behind the interpreter of a virtual environment.
 *
 * Two interpreters can leave byte-identical pyvenv.cfg files (python3.11 and python3.11d, 3.13 and 3.13t), so the file
 * alone does not tell. Nothing is run: what the links of `bin/python` lead to is the program's identity, or, where the
 * environment holds a copy, the copy's bytes. Stamps and size of the program at the end do not count (a reinstalled
 * image has others), the version in pyvenv.cfg does, as part of that file.
 */
#ifndef STEADY_CORE_VENVLINK_H
#define STEADY_CORE_VENVLINK_H

#include "steady/util/base.h"
#include "steady/util/mem.h"

#include <time.h>

struct venvlink {
	/** The program's path without links; inside the environment if that holds a copy. */
	const char *program;
	bool is_copy;
	/** Newest mtime or ctime of the links on the way and of the program. */
	struct timespec youngest;
};

/** For the pyvenv.cfg at this absolute path. False where there is no interpreter beside it. */
bool venvlink_read(struct arena *mem, const char *pyvenv_cfg, struct venvlink *ret);

#endif
