/*
 * The list of a journal: which files of a build directory are to be replaced, and by what.
 *
 *	cargo-steady journal 1\n
 *	<count>\n
 *	then for each entry, one line:
 *	<staged> <mode> <seconds>.<nanoseconds> <old digest> <new digest> <length>:<path>\n
 *	and last
 *	<XXH3-64 of all bytes before, 16 hexadecimal digits>\n
 *
 * `staged` is the number that names the staged file beside the list; `mode` is octal; the time is that of the
 * old and of the new file; digests are XXH3-128 in hexadecimal; `path` is relative to the build directory and
 * may hold any byte but NUL. At most 100,000 entries. The list is data from a stranger: paths that leave the
 * directory make the whole list invalid.
 */
#ifndef STEADY_FORMAT_JOURNALFILE_H
#define STEADY_FORMAT_JOURNALFILE_H

#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#include <sys/types.h>
#include <time.h>

#define JOURNALFILE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define JOURNALFILE_MAX_ENTRIES ((size_t)100000)

struct journal_entry {
	unsigned staged;
	mode_t mode;
	/** Of the file that is replaced, and of the one that replaces it. */
	struct timespec mtime;
	struct digest old_digest, new_digest;
	/** Relative to the build directory. */
	const char *path;
};

struct journal_list {
	struct journal_entry *entry;
	size_t count;
};

/** -EBADMSG for anything but a whole, valid list. Paths and the array live in mem. */
int journalfile_parse(struct arena *mem, struct span bytes, struct journal_list *ret, struct err *err);
/** Appends the bytes; journalfile_parse(journalfile_format(x)) == x. */
void journalfile_format(const struct journal_list *list, struct str *out);

#endif
