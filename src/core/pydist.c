#include "pydist_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files and directories that no RECORD answers for, after which an environment is given up. */
#define BUDGET ((size_t)50000)

static void newest(struct timespec *max, struct timespec t)
{
	if (timespec_cmp(t, *max) > 0)
		*max = t;
}

void pydist_newest(struct pydist *dist, const struct stat *st)
{
	newest(&dist->youngest, st->st_mtim);
	newest(&dist->youngest, st->st_ctim);
}

static int read_all(int fd, const struct stat *st, struct arena *mem, struct span *ret)
{
	size_t len = (size_t)st->st_size, got = 0;
	char *bytes = arena_alloc(mem, len + 1);
	while (got < len) {
		ssize_t more = read(fd, bytes + got, len - got);
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return more < 0 ? -errno : -EBUSY;
		got += (size_t)more;
	}
	*ret = span_make(bytes, len);
	return 0;
}

static int read_regular(
	const char *path, size_t max, struct arena *mem, struct span *ret, struct stat *ret_st)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? FSIO_MISSING : -errno;
	if (fstat(fd, ret_st) < 0)
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EINVAL;
	return (uintmax_t)ret_st->st_size > max ? -EFBIG : read_all(fd, ret_st, mem, ret);
}

int pydist_read_bytes(const char *path, size_t max, struct arena *mem, struct span *ret)
{
	struct stat st;
	return read_regular(path, max, mem, ret, &st);
}

int pydist_read_file(struct pydist *dist, const char *path, size_t max, struct span *ret)
{
	struct stat st;
	int code = read_regular(path, max, dist->mem, ret, &st);
	if (code != 0)
		return code;
	pydist_newest(dist, &st);
	*vec_add(&dist->check) = (struct pydist_check){
		.content = contents_want(dist->contents, path), .digest = digest_of(*ret)};
	return 0;
}

/* Installed from what is built here, `pip install .` changes it each time; what else the workspace holds is another thing. */
bool pydist_is_project(const struct pydist *dist, struct span directory)
{
	return !dist->env->pinned && path_has_prefix(span_of(dist->workspace_root), directory);
}

/* When the interpreter's link and the file that makes it an environment were changed. */
static void look_at_interpreter(struct pydist *dist)
{
	const char *named = dist->env->named;
	struct span bin = path_dir(span_of(named != NULL ? named : "")), above = path_dir(bin);
	const char *paths[] = {named, arena_printf(dist->mem, "%.*s/pyvenv.cfg", SPAN_ARG(bin)),
		arena_printf(dist->mem, "%.*s/pyvenv.cfg", SPAN_ARG(above))};
	struct stat st;
	for (size_t i = 0; named != NULL && i < COUNT_OF(paths); i++) {
		if (lstat(paths[i], &st) == 0)
			pydist_newest(dist, &st);
	}
}

struct pydist *pydist_read(
	const struct pyenv *env, const char *workspace_root, struct contents *contents, struct arena *mem)
{
	struct pydist *dist = arena_alloc(mem, sizeof(*dist));
	dist->mem = mem;
	dist->contents = contents;
	struct pyenv *kept = arena_alloc(mem, sizeof(*kept));
	*kept = *env;
	dist->env = kept;
	dist->workspace_root = workspace_root;
	dist->budget = BUDGET;
	for (; dist->nsite < env->nsite; dist->nsite++)
		dist->site[dist->nsite] = env->site[dist->nsite];
	look_at_interpreter(dist);
	for (size_t i = 0; i < dist->nsite && dist->why == NULL; i++)
		pydist_read_site(dist, dist->site[i]);
	return dist;
}

void pydist_give_up(struct pydist *dist, const char *why)
{
	if (dist->why == NULL)
		dist->why = why;
}

/* Is everything what it was when it was read? */
static void finish_checks(struct pydist *dist)
{
	vec_each (check, &dist->check) {
		const struct content *c = check->content;
		bool same = c->state == CONTENT_DIRECTORY
			? timespec_cmp(c->mtime, check->mtime) == 0
			: c->state == CONTENT_FILE && digest_eq(&c->digest, &check->digest);
		if (!same && dist->why == NULL)
			dist->why = arena_printf(dist->mem, "changed while it was read: %s", c->path);
	}
}

static void finish_unhashed(struct pydist *dist)
{
	vec_each (file, &dist->unhashed) {
		const struct content *c = file->content;
		char hex[DIGEST_HEX_LEN + 1] = "";
		if (c->state == CONTENT_FILE)
			digest_hex(&c->digest, hex);
		else if (c->state == CONTENT_UNREADABLE && dist->why == NULL)
			dist->why = arena_printf(
				dist->mem, "cannot be read: %s: %s", c->path, strerror(c->error));
		newest(&dist->youngest, c->mtime);
		newest(&dist->youngest, c->ctime);
		const char *thing = arena_printf(dist->mem, "%.*s,content=%s", SPAN_ARG(file->path), hex);
		pyrecord_add(&dist->item.data[file->item].sum, span_of(thing));
	}
}

static void finish_item(struct pydist *dist, struct pydist_item *item)
{
	if (item->listing != NULL) {
		listing_finish(dist->mem, item->listing);
		item->digest = item->listing->digest;
		newest(&dist->youngest, item->listing->youngest);
		if (item->listing->why != NULL && dist->why == NULL)
			dist->why = arena_printf(dist->mem, "cannot be read: %s", item->listing->why);
		listing_release(item->listing);
	} else if (item->content != NULL) {
		const struct content *c = item->content;
		item->digest = c->digest;
		newest(&dist->youngest, c->mtime);
		newest(&dist->youngest, c->ctime);
		if (c->state != CONTENT_FILE && dist->why == NULL)
			dist->why = arena_printf(dist->mem, "cannot be read: %s", c->path);
	} else {
		item->digest = pyrecord_digest(&item->sum);
	}
}

/* As much of the text as a record's path can be. */
static size_t whole_lines(struct span text)
{
	size_t len = text.len;
	if (len > RECORD_MAX_PATH)
		len = RECORD_MAX_PATH;
	while (len != text.len && len > 0 && text.ptr[len - 1] != '\n')
		len--;
	return len;
}

void pydist_finish(struct pydist *dist, struct observation *ret)
{
	CLEANUP_STR struct str text = STR_INIT;
	finish_checks(dist);
	finish_unhashed(dist);
	vec_each (item, &dist->item)
		finish_item(dist, item);
	pydist_text(dist, &text);
	ret->state = dist->why != NULL ? OBSERVED_UNREADABLE : OBSERVED;
	ret->why = dist->why;
	ret->text = arena_strndup(dist->mem, text.buf, whole_lines(str_span(&text)));
	ret->digest = digest_of(str_span(&text));
	ret->size = text.len;
	ret->youngest = dist->youngest;
	vec_release(&dist->item);
	vec_release(&dist->check);
	vec_release(&dist->unhashed);
}
