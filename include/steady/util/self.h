/*
 * The file that this process was started from.
 */
#ifndef STEADY_UTIL_SELF_H
#define STEADY_UTIL_SELF_H

#include "steady/util/base.h"
#include "steady/util/str.h"

#include <sys/stat.h>

/** Device and inode of the running program, links followed; also where the file was replaced since. 0 or -errno. */
int self_stat(struct stat *ret);
/** Its path without links; false if that is not known, or no longer names it. Replaces *ret. */
bool self_path(struct str *ret);

#endif
