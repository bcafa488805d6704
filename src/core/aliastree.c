#include "aliastree_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_TEXT ((size_t)16 * 1024)
/* A maker needs a second or two. */
#define SWEEP_AFTER_S 3600

/*
 * A line of a .pth file that begins with `import` is executed (site.py), -I, -E and -s or not. It is no module of its own,
 * which would leave bytecode in site-packages where root runs it. addsitedir reads the .pth files in there too, so that
 * this one, met again, must know that it has run.
 */
static const char pth[] = "import os, site, sys; sys.__dict__.setdefault('_steady_site', []) or "
			  "sys._steady_site.append(1) or list(map(site.addsitedir, "
			  "filter(None, os.environ.get('STEADY_SITE', '').split(os.pathsep))))\n";

/* Always the same: cargo compares the time of pyvenv.cfg with its own, and this path never held other bytes. */
static const struct timespec file_time = {.tv_sec = 946684800};

const char *aliastree_site(const struct interpreter *who, struct arena *mem)
{
	struct span list = span_of(who->site_packages);
	return arena_strndup(mem, list.ptr, span_find(list, ':'));
}

static void add(struct aliastree *tree, const char *path, enum alias_kind kind, mode_t mode, const char *text)
{
	if (tree->count < ALIASTREE_MAX)
		tree->entry[tree->count++] = (struct alias_entry){path, kind, mode, text};
}

void aliastree_plan(const struct interpreter *who, const struct digest *identity, struct arena *mem,
	struct aliastree *ret)
{
	char hex[DIGEST_HEX_LEN + 1];
	digest_hex(identity, hex);
	struct span home = path_dir(span_of(who->base));
	const char *cfg = arena_printf(mem,
		"home = %.*s\ninclude-system-site-packages = false\nversion = %.*s\nexecutable = %s\n"
		"steady-identity = %s\n",
		SPAN_ARG(home), (int)strcspn(who->full_version, " \n"), who->full_version, who->base, hex);
	const char *site = aliastree_site(who, mem);

	*ret = (struct aliastree){.count = 0};
	add(ret, "", ALIAS_DIR, 0755, NULL);
	add(ret, "bin", ALIAS_DIR, 0755, NULL);
	add(ret, "bin/python", ALIAS_LINK, 0, who->base);
	add(ret, "bin/python3", ALIAS_LINK, 0, who->base);
	add(ret, arena_printf(mem, "bin/python%u.%u", who->major, who->minor), ALIAS_LINK, 0, who->base);
	for (const char *slash = strchr(site, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
		add(ret, arena_strndup(mem, site, (size_t)(slash - site)), ALIAS_DIR, 0755, NULL);
	/* What installs packages fails, instead of reaching every later build. */
	add(ret, site, ALIAS_DIR, 0555, NULL);
	add(ret, arena_printf(mem, "%s/steady.pth", site), ALIAS_FILE, 0444, pth);
	add(ret, "pyvenv.cfg", ALIAS_FILE, 0444, cfg);
}

/* Are the directory's entries those of the list, and no others? */
static bool check_listing(int fd, const char *dir, const struct aliastree *tree)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	if (fsio_list(fd, ALIASTREE_MAX, mem, &list, NULL) < 0)
		return false;
	size_t expected = 0;
	for (size_t i = 0; i < tree->count; i++) {
		struct span path = span_of(tree->entry[i].path);
		expected += path.len != 0 && span_eq_str(path_dir(path), dir);
	}
	/* Each entry of the list is looked at by itself; so equal numbers leave no room for others. */
	return list.count == expected;
}

static bool check_dir(int fd, const struct alias_entry *entry, const struct aliastree *tree)
{
	CLEANUP_CLOSE int dir = fsio_open_dir(fd, entry->path, NULL);
	return dir >= 0 && check_listing(dir, entry->path, tree);
}

static bool check_file(int fd, const struct alias_entry *entry)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct span bytes;
	return fsio_read(fd, entry->path, MAX_TEXT, mem, &bytes, NULL, NULL) == 0 &&
		span_eq_str(bytes, entry->text);
}

static bool check_link(int fd, const struct alias_entry *entry)
{
	char text[PATH_MAX];
	/* The directories on the way were found to be none of somebody else's. */
	ssize_t len = readlinkat(fd, entry->path, text, sizeof(text));
	return len >= 0 && (size_t)len < sizeof(text) &&
		span_eq_str(span_make(text, (size_t)len), entry->text);
}

static bool check_entry(int fd, const struct alias_entry *entry, const struct aliastree *tree)
{
	static const mode_t types[] = {[ALIAS_DIR] = S_IFDIR, [ALIAS_FILE] = S_IFREG, [ALIAS_LINK] = S_IFLNK};
	struct stat st;
	if (fsio_stat(fd, entry->path, &st, NULL) != 0 || (st.st_mode & S_IFMT) != types[entry->kind] ||
		st.st_uid != geteuid())
		return false;
	if (entry->kind == ALIAS_LINK)
		return check_link(fd, entry);
	if ((st.st_mode & 07777) != entry->mode)
		return false;
	return entry->kind == ALIAS_FILE ? check_file(fd, entry) : check_dir(fd, entry, tree);
}

bool aliastree_check(int fd, const char *name, const struct aliastree *tree)
{
	CLEANUP_CLOSE int dir = fsio_open_dir(fd, name, NULL);
	for (size_t i = 0; dir >= 0 && i < tree->count; i++) {
		if (!check_entry(dir, &tree->entry[i], tree))
			return false;
	}
	return dir >= 0;
}

static int make_entry(int fd, const struct alias_entry *entry, struct err *err)
{
	if (entry->kind == ALIAS_FILE) {
		const struct file_meta meta = {
			.mode = entry->mode, .has_mtime = true, .mtime = file_time, .unsynced = true};
		return fsio_create(fd, entry->path, span_of(entry->text), &meta, err);
	}
	if (entry->kind == ALIAS_LINK) {
		if (symlinkat(entry->text, fd, entry->path) < 0)
			return err_sys(err, errno, "cannot make the link %s", entry->path);
		return 0;
	}
	return entry->path[0] == '\0' ? 0 : fsio_mkdir(fd, entry->path, err);
}

/* At the end, and whatever the umask: files are made in these directories before. */
static int set_modes(int fd, const struct aliastree *tree, struct err *err)
{
	for (size_t i = tree->count; i-- > 0;) {
		const struct alias_entry *entry = &tree->entry[i];
		if (entry->kind != ALIAS_DIR)
			continue;
		CLEANUP_CLOSE int dir = fsio_open_dir(fd, entry->path, err);
		if (dir < 0)
			return dir;
		if (fchmod(dir, entry->mode) < 0)
			return err_sys(err, errno, "cannot set the mode of %s", entry->path);
	}
	return 0;
}

static int make_temp(int fd, struct arena *mem, const char **ret_temp, struct err *err)
{
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		const char *name = arena_printf(mem, ALIASTREE_TEMP "%ld-%u", (long)getpid(), attempt);
		if (mkdirat(fd, name, 0700) == 0) {
			*ret_temp = name;
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return err_sys(err, errno, "cannot make a directory");
}

int aliastree_make(
	int fd, const struct aliastree *tree, struct arena *mem, const char **ret_temp, struct err *err)
{
	const char *temp = NULL;
	int code = make_temp(fd, mem, &temp, err);
	if (code < 0)
		return code;
	CLEANUP_CLOSE int dir = fsio_open_dir(fd, temp, err);
	code = dir < 0 ? dir : 0;
	for (size_t i = 0; code == 0 && i < tree->count; i++)
		code = make_entry(dir, &tree->entry[i], err);
	if (code == 0)
		code = set_modes(dir, tree, err);
	if (code < 0) {
		(void)fsio_remove_tree(fd, temp, NULL);
		return code;
	}
	*ret_temp = temp;
	return 0;
}

void aliastree_sweep(int fd)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	struct timespec now;
	if (fsio_list(fd, 10000, mem, &list, NULL) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		struct stat st;
		const char *name = list.entry[i].name;
		if (strncmp(name, ALIASTREE_TEMP, strlen(ALIASTREE_TEMP)) == 0 &&
			fsio_stat(fd, name, &st, NULL) == 0 && st.st_ctim.tv_sec < now.tv_sec - SWEEP_AFTER_S)
			(void)fsio_remove_tree(fd, name, NULL);
	}
}
