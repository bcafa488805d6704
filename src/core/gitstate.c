#include "steady/core/gitstate.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_REF_FILE ((size_t)64 * 1024)
#define MAX_PACKED_REFS ((size_t)256 << 20)
/* Symbolic references that lead to each other. */
#define MAX_SYMREFS 5

struct reader {
	struct arena *mem;
	const char *git_dir, *common_dir;
	struct timespec *youngest;
};

/* A file of the git directory; links below it are not followed, as git itself would. */
static bool read_at(const struct reader *r, const char *dir, const char *name, size_t max, struct span *ret)
{
	CLEANUP_CLOSE int fd = fsio_open_root(dir, NULL);
	struct stat st;
	if (fd < 0 || fsio_read(fd, name, max, r->mem, ret, &st, NULL) != 0)
		return false;
	if (timespec_cmp(st.st_mtim, *r->youngest) > 0)
		*r->youngest = st.st_mtim;
	if (timespec_cmp(st.st_ctim, *r->youngest) > 0)
		*r->youngest = st.st_ctim;
	return true;
}

static bool looks_like_git(const char *dir)
{
	struct str path = STR_INIT;
	struct stat st;
	path_join(&path, dir, "HEAD");
	bool is = lstat(path.buf, &st) == 0 && !S_ISDIR(st.st_mode);
	path_join(&path, dir, "objects");
	bool plain = stat(path.buf, &st) == 0 && S_ISDIR(st.st_mode);
	path_join(&path, dir, "commondir");
	bool linked = stat(path.buf, &st) == 0 && S_ISREG(st.st_mode);
	str_release(&path);
	return is && (plain || linked);
}

/* Work trees may lie inside a bare repository. */
static bool is_work_tree(struct arena *mem, const char *dir)
{
	struct stat st;
	return lstat(arena_printf(mem, "%s/.git", dir), &st) == 0;
}

const char *gitstate_directory(struct arena *mem, const char *path)
{
	for (struct span at = span_of(path); at.len > 1; at = path_dir(at)) {
		const char *dir = arena_strndup(mem, at.ptr, at.len);
		if (looks_like_git(dir))
			return dir;
		if (is_work_tree(mem, dir))
			return NULL;
	}
	return NULL;
}

static bool is_object_name(struct span text)
{
	if (text.len != 40 && text.len != 64)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static bool find_packed(const struct reader *r, struct span name, struct span *ret)
{
	struct span rest, line;
	if (!read_at(r, r->common_dir, "packed-refs", MAX_PACKED_REFS, &rest))
		return false;
	while (span_next_line(&rest, &line)) {
		size_t at = span_find(line, ' ');
		if (at != line.len && span_eq(span_skip(line, at + 1), name)) {
			*ret = span_make(line.ptr, at);
			return is_object_name(*ret);
		}
	}
	return false;
}

/* The name of the commit behind the contents of HEAD or of another reference. */
static bool resolve(const struct reader *r, struct span text, unsigned depth, struct span *ret)
{
	text = span_trim(text);
	if (!span_starts(text, SPAN_LIT("ref: "))) {
		*ret = text;
		return is_object_name(text);
	}
	struct span name = span_trim(span_skip(text, 5));
	if (depth > MAX_SYMREFS || !path_is_inside(name))
		return false;
	const char *path = arena_strndup(r->mem, name.ptr, name.len);
	struct span found;
	if (read_at(r, r->common_dir, path, MAX_REF_FILE, &found))
		return resolve(r, found, depth + 1, ret);
	return find_packed(r, name, ret);
}

static const char *common_of(struct arena *mem, const struct reader *r)
{
	struct span text;
	if (!read_at(r, r->git_dir, "commondir", MAX_REF_FILE, &text))
		return r->git_dir;
	text = span_trim(text);
	struct str path = STR_INIT;
	path_join(&path, r->git_dir, arena_strndup(mem, text.ptr, text.len));
	const char *common = arena_strdup(mem, path.buf);
	str_release(&path);
	return common;
}

const char *gitstate_common(struct arena *mem, const char *git_dir)
{
	struct timespec unused = {0, 0};
	return common_of(mem, &(struct reader){mem, git_dir, git_dir, &unused});
}

bool gitstate_read(const char *git_dir, struct str *out, struct timespec *ret_youngest)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct timespec youngest = {0, 0};
	struct reader r = {mem, git_dir, git_dir, &youngest};
	struct span head, commit;
	if (!read_at(&r, git_dir, "HEAD", MAX_REF_FILE, &head))
		return false;
	r.common_dir = common_of(mem, &r);
	if (!resolve(&r, head, 0, &commit))
		return false;
	struct span branch = span_trim(head);
	branch = span_starts(branch, SPAN_LIT("ref: ")) ? span_skip(branch, 5) : SPAN_LIT("HEAD");
	str_add_span(out, commit);
	str_add_char(out, ' ');
	str_add_span(out, span_trim(branch));
	*ret_youngest = youngest;
	return true;
}
