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
#define PROFILE "profile "

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

static int leave(
	int buildfd, const char *workspace_root, const char *profile, enum mark_state state, struct err *err)
{
	const struct file_meta meta = {.mode = 0644, .unsynced = true};
	CLEANUP_STR struct str text = STR_INIT;
	struct stat st;
	int code = fsio_mkdir(buildfd, STEADY_STATE_DIR, err);
	if (code == 0)
		code = fsio_replace(buildfd, MARK_FILE, span_of(""), &meta, err);
	if (code < 0)
		return code;
	CLEANUP_CLOSE int fd = fsio_open(buildfd, MARK_FILE, O_WRONLY, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", MARK_FILE);
	code = text_of(workspace_root, st.st_ino, &text, err);
	add_environment(&text);
	if (profile != NULL)
		str_printf(&text, PROFILE "%s\n", profile);
	str_add(&text, state_text[state]);
	if (state == MARK_UNLOCKED) {
		procid_add(&text);
		str_add_char(&text, '\n');
	}
	if (code == 0 && write(fd, text.buf, text.len) != (ssize_t)text.len)
		return err_sys(err, errno, "cannot write %s", MARK_FILE);
	return code;
}

int mark_leave(int buildfd, const char *workspace_root, const char *profile, struct err *err)
{
	return leave(buildfd, workspace_root, profile, MARK_OPEN, err);
}

struct mark {
	struct timespec left;
	enum mark_state state;
	/** The lines about the environment and the profile, in the arena; the second may be empty. */
	struct span environment, profile;
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

/* Is there a valid mark? Then what it says. */
static bool look(int buildfd, const char *workspace_root, struct arena *mem, struct mark *ret)
{
	CLEANUP_STR struct str expected = STR_INIT;
	struct span text;
	struct stat st;
	if (fsio_read(buildfd, MARK_FILE, MAX_BYTES, mem, &text, &st, NULL) != 0)
		return false;
	if (text_of(workspace_root, st.st_ino, &expected, NULL) < 0 ||
		!span_starts(text, str_span(&expected)))
		return false;
	struct span more = span_skip(text, expected.len);
	ret->environment = take_line(&more, SPAN_LIT(ENVIRONMENT));
	ret->profile = take_line(&more, SPAN_LIT(PROFILE));
	if (!is_state(more, &ret->state))
		return false;
	if (!is_of_one_moment(&st))
		return false;
	ret->left = st.st_mtim;
	return true;
}

/* Were the variables those of this process, as far as Python environments are concerned? */
static bool is_in_environment(const struct mark *mark)
{
	CLEANUP_STR struct str now = STR_INIT;
	add_environment(&now);
	return span_eq(mark->environment, str_span(&now));
}

bool mark_is_of_environment(int buildfd, const char *workspace_root)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark mark;
	return look(buildfd, workspace_root, mem, &mark) && is_in_environment(&mark) &&
		!span_ends(mark.environment, SPAN_LIT(" -\n"));
}

static const char *profile_of(const struct mark *mark, struct arena *mem)
{
	const size_t word = strlen(PROFILE);
	return mark->profile.len > word
		? arena_strndup(mem, mark->profile.ptr + word, mark->profile.len - word - 1)
		: NULL;
}

const char *mark_profile(int buildfd, const char *workspace_root, struct arena *mem)
{
	struct mark mark;
	return look(buildfd, workspace_root, mem, &mark) ? profile_of(&mark, mem) : NULL;
}

bool mark_read(int buildfd, const char *workspace_root, struct timespec *ret_time)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark mark;
	if (!look(buildfd, workspace_root, mem, &mark))
		return false;
	*ret_time = mark.left;
	return true;
}

bool mark_is_open(int buildfd, const char *workspace_root)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark mark;
	return look(buildfd, workspace_root, mem, &mark) && mark.state != MARK_RECORDED;
}

/* Is it no copy? Whosever mark it is. */
static bool was_left_here(struct span text, const struct stat *st)
{
	CLEANUP_STR struct str self = STR_INIT;
	str_printf(&self, "\nself %ju\n", (uintmax_t)st->st_ino);
	return span_find_span(text, str_span(&self)) != text.len && is_of_one_moment(st);
}

bool mark_is_of_intruder(int buildfd, const char *workspace_root)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct mark own;
	struct span text, builder;
	struct stat st;
	if (fsio_read(buildfd, MARK_FILE, MAX_BYTES, mem, &text, &st, NULL) != 0 ||
		(look(buildfd, workspace_root, mem, &own) && is_in_environment(&own)) ||
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

int mark_amend(int buildfd, const char *workspace_root, enum mark_state state, struct timespec *left,
	struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct timespec now;
	struct mark mark;
	if (!look(buildfd, workspace_root, mem, &mark) || timespec_cmp(mark.left, *left) != 0)
		return 0;
	int code = leave(buildfd, workspace_root, profile_of(&mark, mem), state, err);
	if (code == 0 && mark_read(buildfd, workspace_root, &now))
		*left = now;
	return code;
}

void mark_drop(int buildfd)
{
	(void)fsio_unlink(buildfd, MARK_FILE, NULL);
}
