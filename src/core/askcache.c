/*
 * Answers of interpreters, one file each: HOME/interpreters/<32 hex of path, home and environment>.
 *
 *	steady-interpreter 1 <32 hex: digest of all that follows>
 *	program /usr/bin/python3.11 <stamps>
 *	home /usr/bin				the `home` of the pyvenv.cfg beside it, or -
 *	environment -				32 hex of the variables that could change the answer, or -
 *	library /usr/lib/libpython3.11.so.1.0 <stamps>
 *	<the answer: one line of JSON>
 *
 * The number is raised when the question changes, too. Stamps are size, mtime, ctime, inode and device. A file that is not exactly what would be written now is none.
 */
#include "interpreter_priv.h"

#include "steady/core/home.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "interpreters"
#define MAX_FILE ((size_t)128 * 1024)
/* Copied interpreters in throw-away environments have an answer each. */
#define MAX_ANSWERS 500

struct asked {
	/** The program behind all links. */
	const char *real;
	const char *home, *environment;
	char name[DIGEST_HEX_LEN + 1];
};

static bool add_stamps(struct str *text, const char *what, const char *path)
{
	struct stat st;
	if (path[0] == '\0') {
		str_printf(text, "%s -\n", what);
		return true;
	}
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	str_printf(text, "%s %s %lld %lld.%09ld %lld.%09ld %llu %llu\n", what, path, (long long)st.st_size,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
		st.st_ctim.tv_nsec, (unsigned long long)st.st_ino, (unsigned long long)st.st_dev);
	return true;
}

/* The pyvenv.cfg that counts is the one beside the path as named, or above that directory. */
static const char *home_of(const char *executable, struct arena *mem)
{
	struct span dir = path_dir(path_dir(span_of(executable)));
	const char *home = interpreter_env_key(arena_strndup(mem, dir.ptr, dir.len), "home", mem);
	return home != NULL ? home : "-";
}

/* Variables that choose libraries, or what sysconfig says, in spite of -I. */
static const char *environment_of(struct arena *mem)
{
	static const char *const names[] = {"LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH",
		"DYLD_INSERT_LIBRARIES", "_PYTHON_HOST_PLATFORM", "_PYTHON_PROJECT_BASE",
		"_PYTHON_SYSCONFIGDATA_NAME", "_PYTHON_SYSCONFIGDATA_PATH"};
	CLEANUP_STR struct str text = STR_INIT;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			str_printf(&text, "%s %zu %s\n", names[i], strlen(value), value);
	}
	if (text.len == 0)
		return "-";
	char hex[DIGEST_HEX_LEN + 1];
	struct digest digest = digest_of(str_span(&text));
	digest_hex(&digest, hex);
	return arena_strdup(mem, hex);
}

static bool describe(const char *executable, struct arena *mem, struct asked *ret)
{
	CLEANUP_FREE char *real = realpath(executable, NULL);
	/* A newline would make two texts of one. */
	if (real == NULL || strchr(executable, '/') == NULL || strchr(real, '\n') != NULL)
		return false;
	ret->real = arena_strdup(mem, real);
	ret->home = home_of(executable, mem);
	ret->environment = environment_of(mem);
	CLEANUP_STR struct str key = STR_INIT;
	str_printf(&key, "%s\n%s\n%s\n", ret->real, ret->home, ret->environment);
	struct digest digest = digest_of(str_span(&key));
	digest_hex(&digest, ret->name);
	return true;
}

static bool format(const struct asked *asked, const char *library, struct span answer, struct str *out)
{
	CLEANUP_STR struct str body = STR_INIT;
	if (!add_stamps(&body, "program", asked->real))
		return false;
	str_printf(&body, "home %s\nenvironment %s\n", asked->home, asked->environment);
	if (!add_stamps(&body, "library", library))
		return false;
	str_add_span(&body, answer);
	struct digest digest = digest_of(str_span(&body));
	char hex[DIGEST_HEX_LEN + 1];
	digest_hex(&digest, hex);
	str_printf(out, "steady-interpreter 1 %s\n%s", hex, body.buf);
	return true;
}

/* The answer is the text behind the fifth line. */
static bool split(struct span file, struct span *ret_answer)
{
	struct span line;
	for (unsigned i = 0; i < 5; i++) {
		if (!span_next_line(&file, &line))
			return false;
	}
	*ret_answer = file;
	return true;
}

static bool recall(int dir, const struct asked *asked, struct arena *mem, struct interpreter *ret)
{
	struct span file, answer;
	struct interpreter now;
	CLEANUP_STR struct str expected = STR_INIT;
	if (fsio_read(dir, asked->name, MAX_FILE, mem, &file, NULL, NULL) != 0 || !split(file, &answer) ||
		interpreter_parse(answer, mem, &now) < 0 || !format(asked, now.library, answer, &expected) ||
		!span_eq(file, str_span(&expected)))
		return false;
	*ret = now;
	return true;
}

/* All are forgotten when there are too many: each costs one start of its interpreter. */
static void make_room(int dir)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct dir_list list;
	int code = fsio_list(dir, MAX_ANSWERS, mem, &list, NULL);
	if (code != -E2BIG || fsio_list(dir, (size_t)MAX_ANSWERS * 100, mem, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		(void)fsio_unlink(dir, list.entry[i].name, NULL);
}

/* A script that starts some interpreter may start another one tomorrow. */
static bool is_itself(const struct asked *asked, const struct interpreter *now)
{
	CLEANUP_FREE char *told = now->told[0] != '\0' ? realpath(now->told, NULL) : NULL;
	return told != NULL && strcmp(told, asked->real) == 0;
}

int interpreter_known(const char *executable, struct arena *mem, struct interpreter *ret, struct err *err)
{
	struct asked asked;
	const char *home;
	bool described = describe(executable, mem, &asked) && home_dir(mem, &home, NULL) == 0;
	CLEANUP_CLOSE int dir = described ? home_open(home, DIRECTORY, NULL) : -1;
	if (dir >= 0 && recall(dir, &asked, mem, ret)) {
		ret->executable = arena_strdup(mem, executable);
		return 0;
	}
	struct span answer;
	CLEANUP_STR struct str before = STR_INIT, after = STR_INIT;
	struct interpreter now;
	(void)(described && add_stamps(&before, "program", asked.real));
	int code = interpreter_ask_text(executable, mem, &now, &answer, err);
	if (code < 0)
		return code;
	(void)(described && add_stamps(&after, "program", asked.real));
	CLEANUP_STR struct str file = STR_INIT;
	/* Replaced while it was asked: who answered is not known. */
	bool same = span_eq(str_span(&before), str_span(&after));
	if (dir >= 0 && same && is_itself(&asked, &now) && format(&asked, now.library, answer, &file)) {
		make_room(dir);
		(void)fsio_replace(dir, asked.name, str_span(&file),
			&(struct file_meta){.mode = 0600, .unsynced = true}, NULL);
	}
	*ret = now;
	return 0;
}
