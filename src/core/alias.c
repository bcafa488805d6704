#include "steady/core/alias.h"

#include "aliastree_priv.h"
#include "interpreter_priv.h"

#include "steady/core/aliaspath.h"
#include "steady/core/ephemeral.h"
#include "steady/core/home.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DECLINED "declined-"
#define DECLINED_FOR_S 86400
#define MAX_WHY ((size_t)4000)
/* Makers may take an alias away from each other this often. */
#define MAX_TRIES 5

/* One call's work. */
struct maker {
	struct arena *mem;
	const struct interpreter *who;
	const struct aliastree *tree;
	/** HOME/python-alias, its path and descriptor. */
	const char *root;
	int fd;
	const char *name;
};

static void add_name_part(struct str *name, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool lower =
			(c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
		bool upper = c >= 'A' && c <= 'Z';
		str_add_char(name, upper ? (char)(c - 'A' + 'a') : lower ? c : '_');
	}
}

static const char *alias_name(const struct interpreter *who, const struct digest *identity, struct arena *mem)
{
	CLEANUP_STR struct str name = STR_INIT;
	char hex[DIGEST_HEX_LEN + 1];
	digest_hex(identity, hex);
	const char *platform = who->multiarch[0] != '\0' ? who->multiarch : who->platform;
	add_name_part(&name, who->implementation, strlen(who->implementation));
	str_add_char(&name, '-');
	/* The first word of sys.version is the version with all its parts. */
	add_name_part(&name, who->full_version, strcspn(who->full_version, " \n"));
	str_printf(&name, "%s%s-", who->gil_disabled ? "t" : "", who->debug ? "d" : "");
	add_name_part(&name, platform, strlen(platform));
	str_printf(&name, "-%.8s", hex);
	return arena_strdup(mem, name.buf);
}

static bool is_in_path(const cJSON *answer, const char *dir)
{
	const cJSON *item, *path = cJSON_GetObjectItemCaseSensitive(answer, "path");
	cJSON_ArrayForEach(item, path)
	{
		const char *text = cJSON_GetStringValue(item);
		if (text != NULL && strcmp(text, dir) == 0)
			return true;
	}
	return false;
}

static bool says(const cJSON *answer, const char *key, const char *expected)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, key));
	return text != NULL && strcmp(text, expected) == 0;
}

static const char *refusal(
	const struct maker *m, const char *dir, const char *python, const char *site, struct span answer)
{
	struct interpreter now;
	struct digest mine, its;
	if (interpreter_parse(answer, m->mem, &now) < 0)
		return "does not answer as a Python interpreter does";
	interpreter_identity(m->who, &mine);
	interpreter_identity(&now, &its);
	cJSON *json = cJSON_ParseWithLength(answer.ptr, answer.len);
	const char *why = NULL;
	if (!digest_eq(&mine, &its))
		why = "is another interpreter than its base";
	else if (!says(json, "prefix", dir) || !says(json, "executable", python))
		why = "does not take itself for a virtual environment";
	else if (!is_in_path(json, site))
		why = "does not find packages through STEADY_SITE";
	cJSON_Delete(json);
	return why;
}

/* Runs the new alias, which still has its temporary name. 0; ALIAS_NONE and *ret_why; or an error that may pass. */
static int try_it(const struct maker *m, const char *temp, const char **ret_why, struct err *err)
{
	const char *dir = arena_printf(m->mem, "%s/%s", m->root, temp);
	const char *python = arena_printf(m->mem, "%s/bin/python", dir);
	const char *site = arena_printf(m->mem, "%s/bin", dir);
	const char *const change[] = {
		"__PYVENV_LAUNCHER__", arena_printf(m->mem, "STEADY_SITE=%s", site), NULL};
	struct span answer;
	int code = interpreter_run(python, true, change, m->mem, &answer, err);
	if (code < 0 && code != -EPROTO)
		return code;
	const char *why = code < 0 ? "does not start" : refusal(m, dir, python, site, answer);
	if (why == NULL)
		return 0;
	*ret_why = arena_printf(m->mem, "an alias of %s was tried, and it %s", m->who->base, why);
	return ALIAS_NONE;
}

/* Takes what stands at the alias's place out of the way. */
static int displace(const struct maker *m, struct err *err)
{
	CLEANUP_STR struct str old = STR_INIT;
	for (unsigned attempt = 0;; attempt++) {
		str_clear(&old);
		str_printf(&old, ALIASTREE_TEMP "%ld-old-%u", (long)getpid(), attempt);
		if (renameat(m->fd, m->name, m->fd, old.buf) == 0)
			break;
		if (errno == ENOENT)
			return 0;
		if ((errno != EEXIST && errno != ENOTEMPTY) || attempt > 100)
			return err_sys(err, errno, "cannot take away %s/%s", m->root, m->name);
	}
	return fsio_remove_tree(m->fd, old.buf, err);
}

static int put_in_place(const struct maker *m, const char *temp, struct err *err)
{
	for (unsigned attempt = 0; attempt < MAX_TRIES; attempt++) {
		if (renameat(m->fd, temp, m->fd, m->name) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			break;
		/* Somebody else was faster: theirs is as good, if it is. */
		if (aliastree_check(m->fd, m->name, m->tree))
			return fsio_remove_tree(m->fd, temp, err);
		int code = displace(m, err);
		if (code < 0)
			return code;
	}
	return err_sys(err, errno, "cannot make %s/%s", m->root, m->name);
}

static int make(const struct maker *m, const char **ret_why, struct err *err)
{
	const char *temp = NULL;
	aliastree_sweep(m->fd);
	int code = aliastree_make(m->fd, m->tree, m->mem, &temp, err);
	if (code < 0)
		return err_wrap(err, "%s", m->root);
	if (aliastree_check(m->fd, temp, m->tree)) {
		code = try_it(m, temp, ret_why, err);
	} else {
		*ret_why = arena_printf(
			m->mem, "the file system of %s keeps no links, owners or modes", m->root);
		code = ALIAS_NONE;
	}
	if (code == 0)
		code = put_in_place(m, temp, err);
	if (code != 0)
		(void)fsio_remove_tree(m->fd, temp, NULL);
	return code;
}

/*
 * What was found by trying holds for this interpreter, whose name is its identity; but a try can fail for want of memory,
 * or on a file system that was mounted in another way. So it is repeated once a day.
 */
static bool was_declined(const struct maker *m, const char **ret_why)
{
	struct span why;
	struct stat st;
	struct timespec now;
	if (fsio_read(m->fd, arena_printf(m->mem, DECLINED "%s", m->name), MAX_WHY, m->mem, &why, &st,
		    NULL) != 0 ||
		clock_gettime(CLOCK_REALTIME, &now) < 0 || st.st_mtim.tv_sec > now.tv_sec ||
		st.st_mtim.tv_sec < now.tv_sec - DECLINED_FOR_S)
		return false;
	*ret_why = why.ptr;
	return true;
}

static void decline(const struct maker *m, const char *why)
{
	const struct file_meta meta = {.mode = 0600, .unsynced = true};
	(void)fsio_replace(m->fd, arena_printf(m->mem, DECLINED "%s", m->name), span_of(why), &meta, NULL);
}

static int use_or_make(const struct maker *m, const char **ret_why, struct err *err)
{
	if (aliastree_check(m->fd, m->name, m->tree))
		return 0;
	if (was_declined(m, ret_why))
		return ALIAS_NONE;
	int code = make(m, ret_why, err);
	if (code == ALIAS_NONE)
		decline(m, *ret_why);
	return code;
}

/* Reasons that lie in the interpreter; NULL if it can have an alias. */
static const char *unsuitable(const struct interpreter *who, struct arena *mem)
{
	const char *env;
	if (who->base[0] != '/' || who->site_packages[0] == '\0')
		return arena_printf(
			mem, "%s does not say where its base and its packages lie", who->executable);
	if (strpbrk(who->base, "\r\n") != NULL || !path_is_inside(span_of(aliastree_site(who, mem))))
		return arena_printf(mem, "%s lies at a strange place", who->executable);
	if (access(who->base, X_OK) < 0)
		return arena_printf(mem, "its base interpreter %s is not there", who->base);
	if (ephemeral_env(who->base, mem, &env))
		return arena_printf(
			mem, "its base interpreter %s lies in a throw-away directory itself", who->base);
	return NULL;
}

/* No place for the alias is no error: there is none then. */
static int no_place(struct arena *mem, const struct err *err, const char **ret_why)
{
	*ret_why = arena_strdup(mem, err->msg);
	return ALIAS_NONE;
}

int alias_get(
	const char *executable, struct arena *mem, struct alias *ret, const char **ret_why, struct err *err)
{
	struct alias found = {.dir = NULL};
	int code = interpreter_known(executable, mem, &found.who, err);
	if (code < 0)
		return code;
	const char *home, *why = unsuitable(&found.who, mem);
	if (why != NULL) {
		*ret_why = why;
		return ALIAS_NONE;
	}
	struct err trouble = ERR_INIT;
	if (home_dir(mem, &home, &trouble) < 0)
		return no_place(mem, &trouble, ret_why);
	CLEANUP_CLOSE int fd = home_open(home, ALIAS_DIRECTORY, &trouble);
	if (fd < 0)
		return no_place(mem, &trouble, ret_why);
	struct aliastree tree;
	struct digest identity;
	interpreter_identity(&found.who, &identity);
	aliastree_plan(&found.who, &identity, mem, &tree);
	struct maker m = {mem, &found.who, &tree, arena_printf(mem, "%s/" ALIAS_DIRECTORY, home), fd,
		alias_name(&found.who, &identity, mem)};
	code = use_or_make(&m, ret_why, &trouble);
	if (code < 0)
		return no_place(mem, &trouble, ret_why);
	if (code == ALIAS_NONE)
		return code;
	found.dir = arena_printf(mem, "%s/%s", m.root, m.name);
	found.python = arena_printf(mem, "%s/bin/python", found.dir);
	found.site_packages = arena_printf(mem, "%s/%s", found.dir, aliastree_site(&found.who, mem));
	*ret = found;
	return 0;
}
