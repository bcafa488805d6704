/*
 * What layout.c (which directories hold units), unit.c (what one directory holds) and target.c (the graph
 * over all of them) share.
 */
#ifndef STEADY_SRC_CORE_TARGET_PRIV_H
#define STEADY_SRC_CORE_TARGET_PRIV_H

#include "steady/core/target.h"

/** More directories, units or warnings than this are no real target. */
#define TARGET_MAX_ENTRIES ((size_t)400000)
#define TARGET_MAX_WARNINGS ((size_t)200)
/** Of one thread that reads units: a target of 10,000 units takes a fiftieth. Sparse files cost a stranger
 * nothing. */
#define TARGET_MAX_MEMORY ((size_t)1024 * 1024 * 1024)

/** A directory that may hold units. */
struct unit_dir {
	const struct profile_dir *place;
	enum target_layout layout;
	const char *path, *package, *meta;
};

struct warning_list {
	const char **data;
	size_t len, cap;
};
struct unit_dir_list {
	struct unit_dir *data;
	size_t len, cap;
};
struct unit_list {
	struct unit *data;
	size_t len, cap;
};

void target_warn(struct warning_list *list, struct arena *mem, const char *fmt, ...) STEADY_PRINTF(3, 4);

/** Finds the profile directories (t->place) and in them, if ret_dirs is not NULL, the directories of units.
 */
int layout_find(
	struct target *t, struct unit_dir_list *ret_dirs, struct warning_list *warnings, struct err *err);

/** How a directory of units is read; everything read lives in mem. */
struct unit_dir_request {
	const struct unit_dir *dir;
	struct arena *mem;
	/** Read what lies beside the fingerprints too. */
	bool whole;
	struct warning_list *warnings;
};
/** Reads the units of one open directory. */
void unit_dir_read(int fd, const struct unit_dir_request *rq, struct unit_list *units);

/** Has the text the form of a package's version (and not that of a time, "1600000000.123456789s
 * (src/lib.rs)")? */
bool is_version(struct span s);
/** The version that rustc's .d file of the unit tells, in mem, or NULL. */
const char *unit_version_from_rustc(const struct target *t, const struct unit *u, struct arena *mem);

#endif
