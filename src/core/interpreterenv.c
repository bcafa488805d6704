#include "steady/core/interpreter.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CFG ((size_t)64 * 1024)

int interpreter_of_env(const char *env_dir, struct arena *mem, const char **ret_executable, struct err *err)
{
	static const char *const names[] = {"bin/python", "bin/python3", "Scripts/python.exe"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *path = arena_printf(mem, "%s/%s", env_dir, names[i]);
		if (access(path, X_OK) == 0) {
			*ret_executable = path;
			return 0;
		}
	}
	return err_set(err, ENOENT, "%s has no interpreter (bin/python)", env_dir);
}

bool interpreter_same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
		x.st_ino == y.st_ino;
}

struct span interpreter_env_dir(struct span executable)
{
	struct span bin = path_dir(executable);
	struct span name = path_base(bin);
	if (!span_eq_str(name, "bin") && !span_eq_str(name, "Scripts"))
		return span_make(executable.ptr, 0);
	return path_dir(bin);
}

/* Python compares keys without regard to case. */
static const char *find_key(struct span text, const char *key, struct arena *mem)
{
	struct span line;
	while (span_next_line(&text, &line)) {
		size_t equals = span_find(line, '=');
		struct span name = span_trim(span_make(line.ptr, equals));
		if (equals == line.len || name.len != strlen(key) ||
			strncasecmp(name.ptr, key, name.len) != 0)
			continue;
		struct span value = span_trim(span_skip(line, equals + 1));
		return arena_strndup(mem, value.ptr, value.len);
	}
	return NULL;
}

const char *interpreter_env_key(const char *env_dir, const char *key, struct arena *mem)
{
	static const char *const files[] = {"bin/pyvenv.cfg", "pyvenv.cfg"};
	CLEANUP_CLOSE int dir = fsio_open_root(env_dir, NULL);
	for (size_t i = 0; dir >= 0 && i < COUNT_OF(files); i++) {
		struct span text;
		if (fsio_read(dir, files[i], MAX_CFG, mem, &text, NULL, NULL) == 0)
			return find_key(text, key, mem);
	}
	return NULL;
}

/* Those of a list that are directories; below `root` unless that is NULL. */
static void add_present(struct str *out, struct span list, const char *root)
{
	CLEANUP_STR struct str path = STR_INIT;
	while (list.len != 0) {
		size_t len = span_find(list, ':');
		struct span one = span_make(list.ptr, len);
		list = span_skip(list, len < list.len ? len + 1 : len);
		str_clear(&path);
		if (root != NULL)
			str_printf(&path, "%s/", root);
		str_add_span(&path, one);
		struct stat st;
		if (one.len == 0 || stat(path.buf, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		str_printf(out, "%s%s", out->len != 0 ? ":" : "", path.buf);
	}
}

/* lib/python3.X/site-packages: below the user's base it is what it is below an environment. */
static struct span user_part(const struct interpreter *i)
{
	struct span list = span_of(i->site_packages);
	while (list.len != 0) {
		size_t len = span_find(list, ':');
		struct span one = span_make(list.ptr, len);
		if (span_starts(one, SPAN_LIT("lib/")) && span_ends(one, SPAN_LIT("/site-packages")))
			return one;
		list = span_skip(list, len < list.len ? len + 1 : len);
	}
	return list;
}

static void add_user(struct str *out, const struct interpreter *i, struct arena *mem)
{
	const char *base = getenv("PYTHONUSERBASE"), *home = getenv("HOME"),
		   *off = getenv("PYTHONNOUSERSITE");
	if ((off != NULL && off[0] != '\0') || getuid() != geteuid() || getgid() != getegid())
		return;
	if ((base == NULL || base[0] == '\0') && home != NULL)
		base = arena_printf(mem, "%s/.local", home);
	if (base != NULL && base[0] == '/' && strchr(base, ':') == NULL)
		add_present(out, user_part(i), base);
}

/* site.py takes a missing key for "true". */
static bool shares_system(const char *env_dir, struct arena *mem)
{
	const char *shares = interpreter_env_key(env_dir, "include-system-site-packages", mem);
	if (shares == NULL)
		return interpreter_env_key(env_dir, "home", mem) != NULL;
	return strcasecmp(shares, "true") == 0;
}

const char *interpreter_site(const struct interpreter *i, const char *env_dir, struct arena *mem)
{
	CLEANUP_STR struct str out = STR_INIT;
	if (env_dir != NULL)
		add_present(&out, span_of(i->site_packages), env_dir);
	if (env_dir == NULL || shares_system(env_dir, mem)) {
		add_user(&out, i, mem);
		add_present(&out, span_of(i->system_site), NULL);
	}
	return arena_strdup(mem, out.buf);
}
