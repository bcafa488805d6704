/*
 * The files of an alias: one list from which it is made and checked.
 */
#ifndef STEADY_SRC_CORE_ALIASTREE_PRIV_H
#define STEADY_SRC_CORE_ALIASTREE_PRIV_H

#include "steady/core/interpreter.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"

#include <sys/types.h>

/** What names of unfinished and of discarded aliases begin with. */
#define ALIASTREE_TEMP ".new-"

enum alias_kind { ALIAS_DIR, ALIAS_FILE, ALIAS_LINK };

struct alias_entry {
	/** Below the alias's directory; "" is the directory itself. Parents come before what is in them. */
	const char *path;
	enum alias_kind kind;
	mode_t mode;
	/** The file's bytes, the link's text. */
	const char *text;
};

#define ALIASTREE_MAX 24

struct aliastree {
	struct alias_entry entry[ALIASTREE_MAX];
	size_t count;
};

/** Where packages would lie in the alias, below its directory: the first of who->site_packages. */
const char *aliastree_site(const struct interpreter *who, struct arena *mem);
/** The list for an interpreter; strings live in mem. */
void aliastree_plan(const struct interpreter *who, const struct digest *identity, struct arena *mem,
	struct aliastree *ret);
/** Is the directory `name` below fd exactly that: nothing missing, nothing else, ours, and with these modes? */
bool aliastree_check(int fd, const char *name, const struct aliastree *tree);
/** Makes it below fd in a new directory, whose name goes to *ret_temp. */
int aliastree_make(
	int fd, const struct aliastree *tree, struct arena *mem, const char **ret_temp, struct err *err);
/** Removes what makers that were killed left below fd. */
void aliastree_sweep(int fd);

#endif
