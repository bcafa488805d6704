#include "gitprogram_priv.h"

#include "gitrepo_priv.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ARGS 64u
#define MAX_OUTPUT ((size_t)2 << 30)

/* In every call: settings that could start other programs are off, nothing is written beside what is asked. */
static const char *const always[] = {"--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c",
	"core.hooksPath=/dev/null", "-c", "core.quotePath=false"};

static int find_program(struct gitrepo *repo, struct err *err)
{
	CLEANUP_STR struct str path = STR_INIT;
	if (repo->program != NULL)
		return 0;
	if (!proc_find("git", &path))
		return err_set(err, ENOSYS,
			"only the git program could read this repository, and it is not on PATH");
	repo->program = str_take(&path);
	return 0;
}

/* Appends arguments up to a NULL, which is not copied. */
static size_t add_args(const char **argv, size_t at, const char *const args[])
{
	for (size_t i = 0; args[i] != NULL && at < MAX_ARGS - 1; i++)
		argv[at++] = args[i];
	return at;
}

static int start(struct gitrepo *repo, const char *const where[], const char *const args[], int in_fd,
	struct proc *ret, struct err *err)
{
	int code = find_program(repo, err);
	if (code < 0)
		return code;
	const char *argv[MAX_ARGS] = {repo->program};
	size_t at = 1;
	for (size_t i = 0; i < COUNT_OF(always); i++)
		argv[at++] = always[i];
	at = add_args(argv, at, where);
	at = add_args(argv, at, args);
	argv[at] = NULL;
	return proc_start(argv, NULL, in_fd, ret, err);
}

int gitprogram_start(
	struct gitrepo *repo, const char *const args[], int in_fd, struct proc *ret, struct err *err)
{
	const char *where[] = {
		"--git-dir", repo->git_dir, "-C", repo->work_tree, "--work-tree", repo->work_tree, NULL};
	if (repo->work_tree == NULL)
		where[2] = NULL;
	return start(repo, where, args, in_fd, ret, err);
}

/* Reads to the end and waits; the exit status, or -errno. */
static int collect(struct proc *child, struct str *out, struct err *err)
{
	char buf[64 * 1024];
	ssize_t got;
	while ((got = read(child->out, buf, sizeof(buf))) > 0 || (got < 0 && errno == EINTR)) {
		if (got > 0 && out->len + (size_t)got > MAX_OUTPUT) {
			(void)proc_finish(child);
			return err_set(err, EFBIG, "git says more than fits");
		}
		if (got > 0)
			str_add_mem(out, buf, (size_t)got);
	}
	return proc_finish(child);
}

int gitprogram_output(struct gitrepo *repo, const char *const args[], struct str *out, struct err *err)
{
	struct proc child;
	int code = gitprogram_start(repo, args, -1, &child, err);
	if (code == 0)
		code = collect(&child, out, err);
	return code > 0 ? err_set(err, EIO, "git %s failed", args[0]) : code;
}

static char *with_slash(struct span path)
{
	struct str text = STR_INIT;
	str_add_span(&text, path);
	if (!span_ends(path, SPAN_LIT("/")))
		str_add_char(&text, '/');
	return str_take(&text);
}

/* The answers to `rev-parse` below, one a line; a bare repository has no work tree. */
static int take_paths(struct gitrepo *repo, const char *start, struct span out, struct err *err)
{
	struct span git_dir, common, work_tree = {NULL, 0};
	if (!span_next_line(&out, &git_dir) || !span_next_line(&out, &common))
		return err_set(err, EIO, "git rev-parse does not name the repository");
	(void)span_next_line(&out, &work_tree);
	/* The common directory comes relative to where git was started. */
	CLEANUP_STR struct str from = STR_INIT;
	CLEANUP_STR struct str path = STR_INIT;
	CLEANUP_FREE char *relative = xstrndup(common.ptr, common.len);
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	path_join(&from, cwd != NULL ? cwd : "", start);
	path_join(&path, from.buf, relative);
	repo->git_dir = with_slash(git_dir);
	repo->common_dir = with_slash(str_span(&path));
	repo->work_tree = work_tree.len != 0 ? with_slash(work_tree) : NULL;
	return 0;
}

int gitprogram_open(const struct gitrepo_where *where, struct gitrepo *repo, struct err *err)
{
	const char *at[8];
	const char *start_dir = "";
	size_t n = 0;
	if (where->git_dir != NULL) {
		at[n++] = "--git-dir";
		at[n++] = where->git_dir;
	} else if (where->start != NULL) {
		at[n++] = "-C";
		at[n++] = start_dir = where->start;
	}
	if (where->work_tree != NULL) {
		at[n++] = "--work-tree";
		at[n++] = where->work_tree;
	}
	at[n] = NULL;
	static const char *const ask[] = {
		"rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-toplevel", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	struct proc child;
	int code = start(repo, at, ask, -1, &child, err);
	if (code == 0)
		code = collect(&child, &out, err);
	if (code < 0)
		return code;
	/* A bare repository fails at the last question, after answering the others. */
	return out.len == 0 ? GITREPO_NONE : take_paths(repo, start_dir, str_span(&out), err);
}

int gitprogram_head(struct gitrepo *repo, struct gitoid *ret, struct err *err)
{
	static const char *const ask[] = {"rev-parse", "--verify", "--quiet", "HEAD^{commit}", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	struct proc child;
	int code = gitprogram_start(repo, ask, -1, &child, err);
	if (code == 0)
		code = collect(&child, &out, err);
	if (code < 0)
		return code;
	if (code > 0)
		return GITREPO_UNBORN;
	return gitoid_parse(span_trim(str_span(&out)), ret) ? 0 : err_set(err, EIO, "git cannot name HEAD");
}

/* "  key: 123..." in `text`: the number behind the key; false if it is not there. */
static bool number_after(struct span text, struct span key, uint64_t *ret)
{
	size_t at = span_find_span(text, key);
	if (at == text.len)
		return false;
	struct span rest = span_skip(text, at + key.len);
	size_t digits = 0;
	while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9')
		digits++;
	return span_u64(span_make(rest.ptr, digits), ret);
}

/* "ctime: seconds:nanoseconds" */
static bool time_after(struct span text, struct span key, struct timespec *ret)
{
	uint64_t seconds, nanoseconds = 0;
	size_t at = span_find_span(text, key);
	if (!number_after(text, key, &seconds))
		return false;
	struct span rest = span_skip(text, at + key.len);
	size_t line = span_find(rest, '\n');
	if (!number_after(span_make(rest.ptr, line), SPAN_LIT(":"), &nanoseconds))
		return false;
	*ret = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
	return true;
}

/* Flags are printed in hexadecimal; those we know are single bits of high digits. */
static uint32_t flags_after(struct span text)
{
	struct span key = SPAN_LIT("flags: ");
	size_t at = span_find_span(text, key);
	uint32_t flags = 0;
	for (size_t i = at + key.len; at < text.len && i < text.len; i++) {
		char c = text.ptr[i];
		if (c >= '0' && c <= '9')
			flags = flags << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			flags = flags << 4 | (uint32_t)(c - 'a' + 10);
		else
			break;
	}
	return flags;
}

#define FLAG_INTENT_TO_ADD (1u << 29)
#define FLAG_SKIP_WORKTREE (1u << 30)

/* "mode id stage\tpath\0" and five lines of stamps. Cuts one entry off *in; false where it is something else. */
static bool take_entry(struct span *in, struct gitindex_entry *ret)
{
	size_t tab = span_find(*in, '\t');
	size_t nul = span_find(*in, '\0');
	size_t id_end = tab >= 2 ? tab - 2 : 0;
	uint64_t number;
	if (tab == in->len || nul == in->len || nul < tab || id_end < 7)
		return false;
	struct gitindex_entry e = {.path = span_make(in->ptr + tab + 1, nul - tab - 1)};
	for (size_t i = 0; i < 6; i++)
		e.mode = e.mode << 3 | (uint32_t)(in->ptr[i] - '0');
	e.stage = (unsigned)(in->ptr[tab - 1] - '0');
	if (!gitoid_parse(span_make(in->ptr + 7, id_end - 7), &e.id))
		return false;
	*in = span_skip(*in, nul + 1);
	size_t end = span_find_span(*in, SPAN_LIT("flags: "));
	end += span_find(span_skip(*in, end), '\n');
	struct span stamps = span_make(in->ptr, end);
	if (end >= in->len || !time_after(stamps, SPAN_LIT("ctime: "), &e.ctime) ||
		!time_after(stamps, SPAN_LIT("mtime: "), &e.mtime))
		return false;
	e.inode = number_after(stamps, SPAN_LIT("ino: "), &number) ? (uint32_t)number : 0;
	e.size = number_after(stamps, SPAN_LIT("size: "), &number) ? (uint32_t)number : 0;
	e.skip_worktree = (flags_after(stamps) & FLAG_SKIP_WORKTREE) != 0;
	e.intent_to_add = (flags_after(stamps) & FLAG_INTENT_TO_ADD) != 0;
	*in = span_skip(*in, end + 1);
	*ret = e;
	return true;
}

int gitprogram_parse_index(struct span text, struct arena *mem, struct gitindex *ret, struct err *err)
{
	VEC(struct gitindex_entry) entries = VEC_INIT;
	struct gitindex_entry e;
	while (text.len != 0 && take_entry(&text, &e))
		*vec_add(&entries) = e;
	int code = text.len == 0 ? 0 : err_set(err, EBADMSG, "git ls-files says something unknown");
	struct gitindex index = {.count = entries.len};
	if (code == 0) {
		index.entry = vec_copy(mem, &entries);
		*ret = index;
	}
	vec_release(&entries);
	return code;
}

int gitprogram_index(struct gitrepo *repo, struct arena *mem, struct gitindex *ret, struct err *err)
{
	static const char *const ask[] = {"ls-files", "--stage", "--debug", "-z", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	int code = gitprogram_output(repo, ask, &out, err);
	struct gitindex index;
	if (code == 0)
		code = gitprogram_parse_index(
			span_make(arena_strndup(mem, out.buf, out.len), out.len), mem, &index, err);
	if (code < 0)
		return code;
	CLEANUP_STR struct str path = STR_INIT;
	path_join(&path, repo->git_dir, "index");
	struct stat st;
	if (stat(path.buf, &st) == 0)
		index.written = st.st_mtim;
	*ret = index;
	return 0;
}

int gitprogram_refresh(struct gitrepo *repo, struct err *err)
{
	static const char *const list[] = {
		"config", "-z", "--name-only", "--get-regexp", "^filter\\..*\\.(clean|process)$", NULL};
	const char *args[MAX_ARGS / 2];
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str names = STR_INIT;
	CLEANUP_STR struct str out = STR_INIT;
	/* Fails where there are none. */
	(void)gitprogram_output(repo, list, &names, NULL);
	size_t n = 0;
	struct span rest = str_span(&names);
	while (rest.len != 0 && n + 8 < COUNT_OF(args)) {
		size_t len = span_find(rest, '\0');
		size_t section = len;
		while (section > 0 && rest.ptr[section - 1] != '.')
			section--;
		args[n++] = "-c";
		args[n++] = arena_printf(mem, "%.*s=", (int)len, rest.ptr);
		args[n++] = "-c";
		args[n++] = arena_printf(mem, "%.*srequired=false", (int)section, rest.ptr);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
	}
	args[n++] = "update-index";
	args[n++] = "-q";
	args[n++] = "--refresh";
	args[n] = NULL;
	/* Its status only says whether some file is modified. */
	struct proc child;
	int code = gitprogram_start(repo, args, -1, &child, err);
	return code == 0 ? (collect(&child, &out, err) < 0 ? -EIO : 0) : code;
}

/* Runs `git` with `list` as its input from the start; its exit status, or -errno. Closes the list. */
static int ask_about(
	struct gitrepo *repo, const char *const args[], FILE *list, struct str *out, struct err *err)
{
	struct proc child;
	if (list == NULL)
		return err_set(err, EIO, "cannot write a temporary file");
	int code = 0;
	if (fflush(list) != 0 || fseek(list, 0, SEEK_SET) != 0)
		code = err_set(err, EIO, "cannot write a temporary file");
	if (code == 0)
		code = gitprogram_start(repo, args, fileno(list), &child, err);
	if (code == 0)
		code = collect(&child, out, err);
	(void)fclose(list);
	return code;
}

int gitprogram_ignored(
	struct gitrepo *repo, const char *const paths[], size_t count, bool *ret, struct err *err)
{
	static const char *const args[] = {"check-ignore", "-z", "--stdin", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	FILE *list = tmpfile();
	/* With "./" before it, no name reads as a pattern's magic. */
	for (size_t i = 0; list != NULL && i < count; i++) {
		(void)fputs("./", list);
		(void)fwrite(paths[i], 1, strlen(paths[i]) + 1, list);
	}
	int code = ask_about(repo, args, list, &out, err);
	if (code < 0)
		return code;
	/* 1: none is ignored. */
	if (code > 1)
		return err_set(err, EIO, "git check-ignore failed");
	/* The ignored ones come back in their order. */
	struct span rest = str_span(&out);
	for (size_t i = 0; i < count; i++) {
		size_t len = span_find(rest, '\0');
		ret[i] =
			len != rest.len && len > 2 && span_eq_str(span_make(rest.ptr + 2, len - 2), paths[i]);
		if (ret[i])
			rest = span_skip(rest, len + 1);
	}
	return rest.len == 0 ? 0 : err_set(err, EIO, "git check-ignore says something unknown");
}

/* Does the raw file have the entry's name? git takes such a path as an argument only. */
static bool hash_one(struct gitrepo *repo, const struct gitindex_entry *e)
{
	const char *args[] = {"hash-object", "-t", "blob", "--no-filters", "--", e->path.ptr, NULL};
	CLEANUP_STR struct str out = STR_INIT;
	struct gitoid id;
	return gitprogram_output(repo, args, &out, NULL) == 0 &&
		gitoid_parse(span_trim(str_span(&out)), &id) && gitoid_eq(&id, &e->id);
}

static bool has_newline(const struct gitindex_entry *e)
{
	return span_find(e->path, '\n') != e->path.len;
}

int gitprogram_hash(
	struct gitrepo *repo, const struct gitindex *index, const bool *ask, bool *same, struct err *err)
{
	static const char *const args[] = {
		"hash-object", "-t", "blob", "--no-filters", "--stdin-paths", NULL};
	CLEANUP_STR struct str out = STR_INIT;
	FILE *list = tmpfile();
	for (size_t i = 0; list != NULL && i < index->count; i++) {
		if (ask[i] && !has_newline(&index->entry[i]))
			(void)fprintf(list, "%s\n", index->entry[i].path.ptr);
	}
	int code = ask_about(repo, args, list, &out, err);
	struct span rest = str_span(&out), line;
	bool more = code >= 0;
	for (size_t i = 0; code >= 0 && i < index->count; i++) {
		const struct gitindex_entry *e = &index->entry[i];
		struct gitoid id;
		if (ask[i] && has_newline(e)) {
			same[i] = hash_one(repo, e);
		} else if (ask[i] && more) {
			more = span_next_line(&rest, &line) && gitoid_parse(line, &id);
			same[i] = more && gitoid_eq(&id, &e->id);
		}
	}
	return code < 0 ? code : 0;
}
