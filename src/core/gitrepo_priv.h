/* What the files of gitrepo share. */
#ifndef STEADY_CORE_GITREPO_PRIV_H
#define STEADY_CORE_GITREPO_PRIV_H

#include "git2_priv.h"
#include "steady/core/gitrepo.h"

struct gitrepo {
	/* NULL where the `git` program answers. */
	const struct git2 *git2;
	git_repository *handle;
	git_odb *odb;
	char *git_dir;
	char *common_dir;
	char *work_tree;
	/* The `git` program, found on PATH when first needed. */
	char *program;
};

#endif
