/*
 * libgit2, loaded when first needed.
 *
 * Linked the ordinary way, libgit2 and its twenty dependencies double the time our process takes to start
 * (measured: 0.7 ms without, 2.6 ms with it), and most commands, the cargo shim before all, never look at a
 * repository. So its functions are reached through this table, which is filled on first use:
 *
 *	const struct git2 *git2 = git2_load(&err);
 *	if (git2 == NULL)
 *		return -err.code;
 *	git2->git_repository_open_ext(...);
 *
 * The table takes each type from libgit2's own header, so a call is checked like a direct one. A static build
 * (STEADY_LIBGIT2_LINKED) fills it with the addresses themselves.
 */
#ifndef STEADY_CORE_GIT2_PRIV_H
#define STEADY_CORE_GIT2_PRIV_H

#include "steady/util/err.h"

#include <git2.h>

/* Every function of libgit2 that we call; all are there from 1.1 to 1.9. */
#define GIT2_FUNCTIONS(F)                                                                                    \
	F(git_libgit2_init)                                                                                  \
	F(git_libgit2_shutdown)                                                                              \
	F(git_libgit2_version)                                                                               \
	F(git_libgit2_opts)                                                                                  \
	F(git_error_last)                                                                                    \
	F(git_buf_dispose)                                                                                   \
	F(git_repository_open_ext)                                                                           \
	F(git_repository_free)                                                                               \
	F(git_repository_path)                                                                               \
	F(git_repository_commondir)                                                                          \
	F(git_repository_workdir)                                                                            \
	F(git_repository_set_workdir)                                                                        \
	F(git_repository_odb)                                                                                \
	F(git_repository_index)                                                                              \
	F(git_repository_config)                                                                             \
	F(git_config_get_bool)                                                                               \
	F(git_config_free)                                                                                   \
	F(git_reference_name_to_id)                                                                          \
	F(git_odb_free)                                                                                      \
	F(git_odb_read)                                                                                      \
	F(git_odb_hash)                                                                                      \
	F(git_odb_object_data)                                                                               \
	F(git_odb_object_size)                                                                               \
	F(git_odb_object_type)                                                                               \
	F(git_odb_object_free)                                                                               \
	F(git_index_free)                                                                                    \
	F(git_index_path)                                                                                    \
	F(git_index_entrycount)                                                                              \
	F(git_index_get_byindex)                                                                             \
	F(git_index_get_bypath)                                                                              \
	F(git_index_add)                                                                                     \
	F(git_index_write)                                                                                   \
	F(git_filter_list_load)                                                                              \
	F(git_filter_list_apply_to_file)                                                                     \
	F(git_filter_list_free)                                                                              \
	F(git_attr_get)                                                                                      \
	F(git_attr_value)                                                                                    \
	F(git_ignore_path_is_ignored)

struct git2 {
#define GIT2_FIELD(name) __typeof__(name) *name;
	GIT2_FUNCTIONS(GIT2_FIELD)
#undef GIT2_FIELD
};

/** The table, with libgit2 initialised; NULL (-ENOSYS in err) where the library cannot be loaded. */
const struct git2 *git2_load(struct err *err);
/**
 * git_repository_open_ext, one thread at a time. `trust` reads a repository that belongs to another user too, as cargo
 * does: libgit2 starts no program that a configuration names.
 */
int git2_open(const struct git2 *git2, git_repository **ret, const char *start, unsigned flags, bool trust);
/** What libgit2 said last on this thread; never NULL (git_error_last() may be, before 1.8). */
const char *git2_message(const struct git2 *git2);

#endif
