#include "steady/core/fileset.h"

#include "steady/core/globs.h"
#include "steady/util/fsio.h"
#include "steady/util/ignore.h"
#include "steady/util/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 128

static void newest(struct timespec *max, struct timespec t)
{
	if (timespec_cmp(t, *max) > 0)
		*max = t;
}

static struct fileset_file *add_file(struct fileset *set, const char *name)
{
	set->file = vec_room(set->file, set->count, &set->room, sizeof(*set->file));
	struct fileset_file *file = &set->file[set->count++];
	*file = (struct fileset_file){.name = name};
	return file;
}

struct search {
	struct fileset *set;
	struct arena *mem;
	struct contents *contents;
	struct ignore *rules;
	const char *root;
	unsigned depth;
};

static bool is_build_dir(const char *dir)
{
	CLEANUP_STR struct str tag = STR_INIT;
	struct stat st;
	path_join(&tag, dir, "CACHEDIR.TAG");
	return lstat(tag.buf, &st) == 0;
}

static void search_dir(struct search *s, const char *relative);

static void take_link(struct search *s, const char *name, const char *full, const struct stat *st)
{
	char text[PATH_MAX];
	ssize_t len = readlink(full, text, sizeof(text));
	if (len < 0)
		s->set->why = arena_printf(s->mem, "%s cannot be read", full);
	add_file(s->set, name)->text = arena_strndup(s->mem, text, len > 0 ? (size_t)len : 0);
	newest(&s->set->youngest, st->st_mtim);
	newest(&s->set->youngest, st->st_ctim);
}

static void search_entry(struct search *s, const char *relative, const char *name)
{
	const char *full = arena_printf(s->mem, "%s/%s", s->root, relative);
	struct stat st;
	if (lstat(full, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		if (strcmp(name, ".git") != 0 && !is_build_dir(full))
			search_dir(s, relative);
		return;
	}
	if (ignore_match_above(s->rules, span_of(relative), false) != IGNORE_YES)
		return;
	if (s->set->count >= FILESET_MAX_FILES)
		s->set->why = "the patterns match too many files";
	else if (S_ISLNK(st.st_mode))
		take_link(s, relative, full, &st);
	else
		add_file(s->set, relative)->content = contents_want(s->contents, full);
}

static void search_dir(struct search *s, const char *relative)
{
	const char *full = relative[0] != '\0' ? arena_printf(s->mem, "%s/%s", s->root, relative) : s->root;
	DIR *stream = s->depth < MAX_DEPTH ? opendir(full) : NULL;
	const struct dirent *entry;
	if (stream == NULL) {
		s->set->why = arena_printf(s->mem, "%s cannot be listed", full);
		return;
	}
	size_t before = s->set->count;
	s->depth++;
	while (s->set->why == NULL && (entry = readdir(stream)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		search_entry(s,
			relative[0] != '\0' ? arena_printf(s->mem, "%s/%s", relative, name)
					    : arena_strdup(s->mem, name),
			name);
	}
	s->depth--;
	/* A name that vanished shows here. The root changes with every build. */
	struct stat st;
	if (s->set->count != before && relative[0] != '\0' && fstat(dirfd(stream), &st) == 0)
		newest(&s->set->youngest, st.st_ctim);
	(void)closedir(stream);
}

void fileset_of_globs(struct fileset *set, struct arena *mem, struct contents *contents,
	const char *workspace_root, const char *globs)
{
	CLEANUP_IGNORE struct ignore *rules = globs_rules(globs);
	struct search s = {set, mem, contents, rules, workspace_root, 0};
	set->head = globs;
	search_dir(&s, "");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fileset_file *)a)->name, ((const struct fileset_file *)b)->name);
}

static void count_content(struct fileset *set, struct arena *mem, const struct content *c)
{
	if (c->state == CONTENT_UNREADABLE && set->why == NULL)
		set->why = arena_printf(mem, "%s: %s", c->path, strerror(c->error));
	set->size += c->state == CONTENT_FILE ? c->size : 0;
	newest(&set->youngest, c->mtime);
	newest(&set->youngest, c->ctime);
}

static void add_to_digest(struct str *text, const struct fileset_file *file)
{
	static const char letter[] = {[CONTENT_MISSING] = 'x',
		[CONTENT_FILE] = 'f',
		[CONTENT_DIRECTORY] = 'd',
		[CONTENT_UNREADABLE] = '?'};
	str_add_char(text, file->content != NULL ? letter[file->content->state] : 'l');
	str_add_mem(text, file->name, strlen(file->name) + 1);
	if (file->text != NULL)
		str_add_mem(text, file->text, strlen(file->text) + 1);
	else if (file->content->state == CONTENT_FILE)
		str_add_mem(text, file->content->digest.byte, sizeof(file->content->digest.byte));
}

void fileset_finish(struct arena *mem, struct fileset *set)
{
	CLEANUP_STR struct str text = STR_INIT;
	if (set->count != 0)
		qsort(set->file, set->count, sizeof(*set->file), by_name);
	str_add_mem(&text, set->head, strlen(set->head) + 1);
	for (size_t i = 0; i < set->count; i++) {
		if (set->file[i].content != NULL)
			count_content(set, mem, set->file[i].content);
		add_to_digest(&text, &set->file[i]);
	}
	set->digest = digest_of(str_span(&text));
}

void fileset_release(struct fileset *set)
{
	free(set->file);
	set->file = NULL;
	set->count = set->room = 0;
}
