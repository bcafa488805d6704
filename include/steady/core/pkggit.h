/*
 * What git tracks or does not ignore of a package, asked as cargo asks (core/pkglist.h).
 *
 *	struct pkggit *git = pkggit_new();
 *	const struct pkglist_options options = {.git = pkggit_lister(git), ...};
 *	pkglist_read(&options, root, mem, &list, &err);		any number
 *	git = pkggit_free(git);
 *
 * Repositories are opened once. One that cannot be read, or a package that cargo might see otherwise than we do, is an
 * error: then the listing is not known, and nothing may be concluded from it. Files come in cargo's order (since 1.82):
 * that of the directories on disk. Submodules and repositories nested in the package are looked into.
 *
 * Source: cargo's sources/path.rs (discover_gix_repo, list_files_gix), gix's dirwalk.
 */
#ifndef STEADY_CORE_PKGGIT_H
#define STEADY_CORE_PKGGIT_H

#include "steady/core/pkglist.h"
#include "steady/util/base.h"

struct pkggit;

struct pkggit *pkggit_new(void);
/** Accepts NULL, returns NULL. */
struct pkggit *pkggit_free(struct pkggit *git);
void pkggit_cleanup(struct pkggit **git);
#define CLEANUP_PKGGIT CLEANUP(pkggit_cleanup)

/** Belongs to `git`. One thread at a time. */
const struct pkglist_git *pkggit_lister(const struct pkggit *git);

/** What git says of one file. */
enum pkggit_known {
	/** In the index. */
	PKGGIT_TRACKED,
	/** Neither tracked nor ignored. */
	PKGGIT_UNTRACKED,
	PKGGIT_IGNORED,
	/** There is no repository. */
	PKGGIT_NO_REPOSITORY,
};
/** About the file at an absolute path. An enum pkggit_known, or -errno. */
int pkggit_ask(struct pkggit *git, const char *path, struct err *err);

#endif
