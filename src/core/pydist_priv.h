/*
 * What pydist.c (one environment), pydist_site.c (one directory of packages) and pydist_text.c (the list as text) share.
 */
#ifndef STEADY_SRC_CORE_PYDIST_PRIV_H
#define STEADY_SRC_CORE_PYDIST_PRIV_H

#include "pyenv_priv.h"

#include "steady/core/listing.h"
#include "steady/core/pydist.h"
#include "steady/format/pyrecord.h"
#include "steady/util/strmap.h"

#include <sys/stat.h>

/** One line of the list. */
struct pydist_item {
	/** `version` is NULL for what no RECORD answers for. */
	const char *name, *version;
	struct pyrecord_sum sum;
	/** A file, or a directory, that is hashed itself. */
	const struct content *content;
	struct listing *listing;
	struct digest digest;
};

/** A file that must be at the end what it was when it was read. */
struct pydist_check {
	const struct content *content;
	/** Zero for a directory, of which `mtime` counts. */
	struct digest digest;
	struct timespec mtime;
};

/** A file that its RECORD names without a hash. */
struct pydist_unhashed {
	size_t item;
	struct span path;
	const struct content *content;
};

struct pydist {
	struct arena *mem;
	struct contents *contents;
	const struct pyenv *env;
	const char *workspace_root;
	VEC(struct pydist_item) item;
	VEC(struct pydist_check) check;
	VEC(struct pydist_unhashed) unhashed;
	/** Directories to read; .pth files add to them. */
	const char *site[PYENV_MAX_SITES];
	size_t nsite;
	/** Entries that may still be hashed. */
	size_t budget;
	struct timespec youngest;
	const char *why;
};

/** The first reason stays. */
void pydist_give_up(struct pydist *dist, const char *why);
/** A directory outside of the environment that modules are imported from: all of it counts, whatever it holds later. */
void pydist_add_tree(struct pydist *dist, const char *directory);
/** setuptools' finder of an editable installation: the modules that it maps, and where they lie. */
void pydist_add_finder(struct pydist *dist, const char *path);
/** Does the directory lie in a project that pydist_is_own? */
bool pydist_is_in_own(const struct pydist *dist, struct span directory);
/** Reads what is installed in one directory. */
void pydist_read_site(struct pydist *dist, const char *site);
/** Small files of environments and projects: no larger one is read. */
#define PYDIST_MAX_SMALL ((size_t)1024 * 1024)
/** Reads a regular file of at most `max` bytes, links followed, to be checked at the end. 1: not there; else -errno. */
int pydist_read_file(struct pydist *dist, const char *path, size_t max, struct span *ret);
/** The same for a file that is only looked at: it may change. */
int pydist_read_bytes(const char *path, size_t max, struct arena *mem, struct span *ret);
void pydist_newest(struct pydist *dist, const struct stat *st);
/** Is the directory, of an editable installation, that of a project which cargo builds in the work tree? */
bool pydist_is_own(const struct pydist *dist, struct span directory);
/** Is it that, or above it: is what was installed from there, not editable, the project itself? */
bool pydist_is_project(const struct pydist *dist, struct span directory);
/** The list, sorted, as text. */
void pydist_text(struct pydist *dist, struct str *out);

#endif
