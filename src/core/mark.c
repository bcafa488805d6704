#include "steady/core/mark.h"

#include "steady/core/pyenv.h"
#include "steady/util/digest.h"
#include "steady/util/fsio.h"
#include "steady/util/procid.h"
#include "steady/util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "cargo-steady mark 1\n"
#define MAX_BYTES ((size_t)64 * 1024)
/* Seconds between the mark's mtime and its last change, the renaming into place. */
#define AT_ONCE 5

static const char *const state_text[] = {"", "unlocked ", "recorded\n"};
#define ENVIRONMENT "python "
#define MAX_NAMES 1000

/* Which throw-away environment this process's variables name, "-" for any other. */
static void add_environment(struct str *out)
{
	const struct pyenv_values none = {.quiet = true};
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct pyenv env;
	char hex[DIGEST_HEX_LEN + 1] = "-";
	pyenv_find(mem, &none, &env);
	if (env.why == NULL && env.pinned) {
		struct digest digest = digest_of(span_of(pyenv_place(&env, mem)));
		digest_hex(&digest, hex);
	}
	str_printf(out, ENVIRONMENT "%s\n", hex);
}

/* What the mark says of a work tree when its own inode is `inode`. */
static int text_of(const char *workspace_root, ino_t inode, struct str *out, struct err *err)
{
	struct stat root;
	if (stat(workspace_root, &root) < 0)
		return err_sys(err, errno, "cannot look at %s", workspace_root);
	str_printf(out, HEADER "%s\nroot %ju %ju\nself %ju\n", workspace_root, (uintmax_t)root.st_dev,
		(uintmax_t)root.st_ino, (uintmax_t)inode);
	return 0;
}

/* A mark's file; NULL for what is no name of a profile. */
static const char *path_of(const char *profile, struct arena *mem)
{
	if (profile == NULL)
		return MARK_FILE;
	if (profile[0] == '\0' || strpbrk(profile, "/\n") != NULL)
		return NULL;
	return arena_printf(mem, MARK_FILE "-%s", profile);
}

static int write_mark(
	int buildfd, const char *path, struct str *text, const char *workspace_root, struct err *err)
{
	struct stat st;
	CLEANUP_STR struct str start = STR_INIT;
	CLEANUP_CLOSE int fd = fsio_open(buildfd, path, O_WRONLY, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	int code = text_of(workspace_root, st.st_ino, &start, err);
	str_add_span(&start, str_span(text));
	if (code == 0 && write(fd, start.buf, start.len) != (ssize_t)start.len)
		return err_sys(err, errno, "cannot write %s", path);
	return code;
}

/* The names of marks about one profile. */
static int list_marks(int buildfd, struct arena *mem, struct dir_list *ret, struct err *err)
{
	CLEANUP_CLOSE int dir = fsio_open_dir(buildfd, STEADY_STATE_DIR, NULL);
	struct dir_list list = {.count = 0};
	size_t kept = 0;
	int code = dir < 0 ? 0 : fsio_list(dir, MAX_NAMES, mem, &list, err);
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		if (span_starts(span_of(list.entry[i].name), SPAN_LIT(MARK_NAME "-")))
			list.entry[kept++] = list.entry[i];
	}
	list.count = code < 0 ? 0 : kept;
	*ret = list;
	return code;
}

/* One that stayed would be taken for a later one. */
static int remove_marks(int buildfd, struct arena *mem, struct err *err)
{
	struct dir_list list;
	int code = list_marks(buildfd, mem, &list, err);
	for (size_t i = 0; code >= 0 && i < list.count; i++)
		code = fsio_unlink(
			buildfd, arena_printf(mem, STEADY_STATE_DIR "/%s", list.entry[i].name), err);
	return code < 0 ? code : 0;
}

static int leave(
	int buildfd, const char *workspace_root, const char *profile, enum mark_state state, struct err *err)
{
	const struct file_meta meta = {.mode = 0644, .unsynced = true};
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str text = STR_INIT;
	const char *path = path_of(profile, mem);
	if (path == NULL)
		return err_set(err, EINVAL, "%s is no profile", profile);
	int code = fsio_mkdir(buildfd, STEADY_STATE_DIR, err);
	if (code == 0 && profile == NULL)
		code = remove_marks(buildfd, mem, err);
	if (code == 0)
		code = fsio_replace(buildfd, path, span_of(""), &meta, err);
	if (code < 0)
		return code;
	add_environment(&text);
	str_add(&text, state_text[state]);
	if (state == MARK_UNLOCKED) {
		procid_add(&text);
		str_add_char(&text, '\n');
	}
	return write_mark(buildfd, path, &text, workspace_root, err);
}

int mark_leave(int buildfd, const char *workspace_root, const char *profile, struct err *err)
{
	return leave(buildfd, workspace_root, profile, MARK_OPEN, err);
}

struct mark {
	struct timespec left;
	enum mark_state state;
	/** The line about the environment, in the arena. */
	struct span environment;
};

/* The process that the last line names, if it is one of a builder without a lock. */
static bool builder_of(struct span line, struct span *ret)
{
	struct span word = span_of(state_text[MARK_UNLOCKED]);
	if (!span_starts(line, word) || line.ptr[line.len - 1] != '\n')
		return false;
	*ret = span_make(line.ptr + word.len, line.len - word.len - 1);
	return true;
}

static bool is_state(struct span text, enum mark_state *ret)
{
	struct span unused;
	for (size_t i = 0; i < COUNT_OF(state_text); i++) {
		if (span_eq_str(text, state_text[i]) || (i == MARK_UNLOCKED && builder_of(text, &unused))) {
			*ret = (enum mark_state)i;
			return true;
		}
	}
	return false;
}

/* A copy that has the times of its original was changed later. */
static bool is_of_one_moment(const struct stat *st)
{
	return timespec_cmp(st->st_ctim, st->st_mtim) >= 0 &&
		st->st_ctim.tv_sec - st->st_mtim.tv_sec <= AT_ONCE;
}

/* The next line if it begins so, or nothing. */
static struct span take_line(struct span *rest, struct span word)
{
	size_t len = span_starts(*rest, word) ? span_find(*rest, '\n') + 1 : 0;
	struct span line = span_make(rest->ptr, len < rest->len ? len : rest->len);
	*rest = span_skip(*rest, line.len);
	return line;
}

/* Is the mark in that file valid? Then what it says. FSIO_MISSING, or negative if it is not. */
static int look_at(
	int buildfd, const char *path, const char *workspace_root, struct arena *mem, struct mark *ret)
{
	CLEANUP_STR struct str expected = STR_INIT;
	struct span text;
	struct stat st;
	int code = fsio_read(buildfd, path, MAX_BYTES, mem, &text, &st, NULL);
	if (code != 0)
		return code;
	if (text_of(workspace_root, st.st_ino, &expected, NULL) < 0 ||
		!span_starts(text, str_span(&expected)))
		return -EINVAL;
	struct span more = span_skip(text, expected.len);
	ret->environment = take_line(&more, SPAN_LIT(ENVIRONMENT));
	if (!is_state(more, &ret->state) || !is_of_one_moment(&st))
		return -EINVAL;
	ret->left = st.st_mtim;
	return 0;
}

/* The file that counts for the profile. */
static const char *counting(int buildfd, const char *profile, struct arena *mem)
{
	struct stat st;
	const char *path = path_of(profile, mem);
	return path != NULL && fsio_stat(buildfd, path, &st, NULL) == FSIO_MISSING ? MARK_FILE : path;
}

static bool look(
	int buildfd, const char *workspace_root, const char *profile, struct arena *mem, struct mark *ret)
{
	const char *path = counting(buildfd, profile, mem);
	return path != NULL && look_at(buildfd, path, workspace_root, mem, ret) == 0;
}

/* Were the variables those of this process, as far as Python environments are concerned? */
static bool is_in_environment(const struct mark *mark)
{
	CLEANUP_STR struct str now = STR_INIT;
	add_environment(&now);
	return span_eq(mark->environment, str_span(&now));
}

bool mark_is_of_environment(int buildfd, const char *workspace_root, const char *profile)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark mark;
	return look(buildfd, workspace_root, profile, mem, &mark) && is_in_environment(&mark) &&
		!span_ends(mark.environment, SPAN_LIT(" -\n"));
}

bool mark_read(int buildfd, const char *workspace_root, const char *profile, struct timespec *ret_time)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark mark;
	if (!look(buildfd, workspace_root, profile, mem, &mark))
		return false;
	*ret_time = mark.left;
	return true;
}

bool mark_is_open(int buildfd, const char *workspace_root, const char *profile)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark mark;
	return look(buildfd, workspace_root, profile, mem, &mark) && mark.state != MARK_RECORDED;
}

/* Is it no copy? Whosever mark it is. */
static bool was_left_here(struct span text, const struct stat *st)
{
	CLEANUP_STR struct str self = STR_INIT;
	str_printf(&self, "\nself %ju\n", (uintmax_t)st->st_ino);
	return span_find_span(text, str_span(&self)) != text.len && is_of_one_moment(st);
}

static bool is_intruder(int buildfd, const char *path, const char *workspace_root, struct arena *mem)
{
	struct mark own;
	struct span text, builder;
	struct stat st;
	if (path == NULL || fsio_read(buildfd, path, MAX_BYTES, mem, &text, &st, NULL) != 0 ||
		(look_at(buildfd, path, workspace_root, mem, &own) == 0 && is_in_environment(&own)) ||
		!was_left_here(text, &st))
		return false;
	/* The last line. */
	for (size_t i = 0; i + 1 < text.len;) {
		size_t len = span_find(span_skip(text, i), '\n') + 1;
		if (i + len >= text.len)
			return builder_of(span_skip(text, i), &builder) && !procid_is_over(builder);
		i += len;
	}
	return false;
}

bool mark_is_of_intruder(int buildfd, const char *workspace_root, const char *profile)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list = {.count = 0};
	/* Who builds in all profiles does so whatever was left about this one since. */
	bool any = is_intruder(buildfd, MARK_FILE, workspace_root, mem);
	if (profile != NULL)
		return any || is_intruder(buildfd, path_of(profile, mem), workspace_root, mem);
	(void)list_marks(buildfd, mem, &list, NULL);
	for (size_t i = 0; !any && i < list.count; i++)
		any = is_intruder(buildfd, arena_printf(mem, STEADY_STATE_DIR "/%s", list.entry[i].name),
			workspace_root, mem);
	return any;
}

bool mark_is_own_or_none(int buildfd, const char *workspace_root)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list = {.count = 0};
	struct mark mark;
	int code = look_at(buildfd, MARK_FILE, workspace_root, mem, &mark);
	if (code < 0 || list_marks(buildfd, mem, &list, NULL) < 0)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		const char *path = arena_printf(mem, STEADY_STATE_DIR "/%s", list.entry[i].name);
		if (look_at(buildfd, path, workspace_root, mem, &mark) != 0)
			return false;
	}
	return true;
}

int mark_amend(int buildfd, const char *workspace_root, const char *profile, enum mark_state state,
	struct timespec *left, struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct timespec now;
	struct mark mark;
	if (!look(buildfd, workspace_root, profile, mem, &mark) || timespec_cmp(mark.left, *left) != 0)
		return 0;
	int code = leave(buildfd, workspace_root, profile, state, err);
	if (code == 0 && mark_read(buildfd, workspace_root, profile, &now))
		*left = now;
	return code;
}

void mark_drop(int buildfd, const char *profile)
{
	const struct file_meta meta = {.mode = 0644, .unsynced = true};
	CLEANUP_ARENA struct arena *mem = arena_new();
	const char *path = path_of(profile, mem);
	if (profile == NULL)
		(void)remove_marks(buildfd, mem, NULL);
	/* That about all profiles still holds for the others: an empty one stands for none. */
	if (profile != NULL && path != NULL)
		(void)fsio_replace(buildfd, path, span_of(""), &meta, NULL);
	else
		(void)fsio_unlink(buildfd, MARK_FILE, NULL);
}
