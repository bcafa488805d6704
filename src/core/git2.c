#include "git2_priv.h"

#include "steady/core/gitrepo.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

static struct git2 table;
static struct err load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef STEADY_LIBGIT2_LINKED

static bool fill(void)
{
#define GIT2_ADDRESS(name) table.name = name;
	GIT2_FUNCTIONS(GIT2_ADDRESS)
#undef GIT2_ADDRESS
	return true;
}

#else

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define GIT2_ROW(name) {#name, offsetof(struct git2, name)},
	GIT2_FUNCTIONS(GIT2_ROW)
#undef GIT2_ROW
};

/* The very version our headers describe: its structures differ from one minor version to the next. */
static void *open_library(void)
{
	static const char *const names[] = {
		"libgit2.so." LIBGIT2_SOVERSION, "libgit2." LIBGIT2_SOVERSION ".dylib", STEADY_LIBGIT2_FILE};
	void *library = NULL;
	for (size_t i = 0; library == NULL && i < COUNT_OF(names); i++)
		library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
	return library;
}

static bool fill(void)
{
	void *library = open_library();
	if (library == NULL) {
		(void)err_set(&load_error, ENOSYS, "libgit2 %s is not installed", LIBGIT2_SOVERSION);
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		void *address = dlsym(library, functions[i].name);
		if (address == NULL) {
			(void)err_set(&load_error, ENOSYS, "libgit2 lacks %s", functions[i].name);
			return false;
		}
		/* ISO C has no cast from an object pointer to a function pointer; POSIX promises this
		 * works. */
		memcpy((char *)&table + functions[i].offset, &address, sizeof(address));
	}
	return true;
}

#endif

/*
 * Extensions that do not change what we read: the configuration of one work tree, missing objects, objects that
 * must be kept. libgit2 before 1.2 cannot be told.
 */
static void allow_extensions(void)
{
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 2
	static const char *const extensions[] = {"worktreeconfig", "partialclone", "preciousobjects"};
	(void)table.git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, COUNT_OF(extensions));
#endif
}

/* Is a repository that belongs to another user refused? libgit2 before 1.5 cannot be told. */
static void set_owner_validation(bool on)
{
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 5
	(void)table.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, (int)on);
#else
	(void)on;
#endif
}

static void load_once(void)
{
	if (!fill())
		return;
	if (table.git_libgit2_init() < 0) {
		(void)err_set(&load_error, ENOSYS, "libgit2 cannot start");
		return;
	}
	/* Computing the SHA-1 of every object read would double the cost of a walk; git does not do it
	 * either. */
	(void)table.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	/* A blob that a partial clone has not fetched may still be named by the index. */
	(void)table.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
	allow_extensions();
}

const struct git2 *git2_load(struct err *err)
{
	(void)pthread_once(&once, load_once);
	if (load_error.code != 0) {
		(void)err_set(err, load_error.code, "%s", load_error.msg);
		return NULL;
	}
	return &table;
}

int git2_open(const struct git2 *git2, git_repository **ret, const char *start, unsigned flags, bool trust)
{
	static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
	(void)pthread_mutex_lock(&opening);
	set_owner_validation(!trust);
	int code = git2->git_repository_open_ext(ret, start, flags, NULL);
	set_owner_validation(true);
	(void)pthread_mutex_unlock(&opening);
	return code;
}

const char *git2_message(const struct git2 *git2)
{
	const git_error *last = git2->git_error_last();
	return last != NULL && last->message != NULL ? last->message : "no reason given";
}

const char *gitrepo_library(struct arena *mem)
{
	struct err err = ERR_INIT;
	const struct git2 *git2 = git2_load(&err);
	int major, minor, patch;
	if (git2 == NULL)
		return arena_strdup(mem, err.msg);
	(void)git2->git_libgit2_version(&major, &minor, &patch);
	return arena_printf(mem, "%d.%d.%d", major, minor, patch);
}
