/* cargo steady env: the variables of the shim, for builds that cannot have it. */
#include "steady/cli/command.h"
#include "steady/cli/commands.h"
#include "steady/cli/report.h"
#include "steady/core/alias.h"
#include "steady/core/aliaspath.h"
#include "steady/core/swap.h"
#include "steady/core/userpython.h"
#include "steady/util/path.h"
#include "steady/util/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum shell { SHELL_SH, SHELL_FISH, SHELL_GITHUB };

struct env_args {
	int shell;
	const char *python;
	int format;
};

static const struct opt env_opts[] = {
	{"shell", 0, OPT_CHOICE, offsetof(struct env_args, shell), "SHELL", "sh|fish|github",
		"For which shell; `github` prints lines for the file that GITHUB_ENV names"},
	{"python", 0, OPT_STRING, offsetof(struct env_args, python), "FILE", NULL,
		"The interpreter, instead of the one that PYO3_PYTHON, VIRTUAL_ENV, CONDA_PREFIX or PATH names"},
	{"format", 0, OPT_CHOICE, offsetof(struct env_args, format), "FMT", REPORT_FORMATS, "Output format"},
	OPT_END,
};

#define MAX_VARIABLES 5

struct variables {
	struct swap_change list[MAX_VARIABLES];
	size_t count;
};

static void add(struct variables *v, const char *name, const char *value)
{
	v->list[v->count++] = (struct swap_change){name, value};
}

static void add_all(const struct alias *alias, struct arena *mem, struct variables *v)
{
	const char *executable = alias->who.executable;
	struct span env = interpreter_env_dir(span_of(executable));
	const char *dir = arena_strndup(mem, env.ptr, env.len);
	add(v, "PYO3_PYTHON", alias->python);
	add(v, "PYTHON_SYS_EXECUTABLE", alias->python);
	/* maturin names the interpreter itself, whatever PYO3_PYTHON says: its base one at least does not change. */
	add(v, "MATURIN_PEP517_USE_BASE_PYTHON", "1");
	add(v, "PYTHONDONTWRITEBYTECODE", "1");
	if (alias_is(executable))
		return;
	const bool in_env = env.len != 0 && interpreter_env_key(dir, "home", mem) != NULL;
	add(v, "STEADY_SITE", interpreter_site(&alias->who, in_env ? dir : NULL, mem));
}

static void quote(struct str *out, enum shell shell, const char *value)
{
	if (shell == SHELL_GITHUB) {
		str_add(out, value);
		return;
	}
	str_add_char(out, '\'');
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '\'' && shell == SHELL_SH)
			str_add(out, "'\\''");
		else if (shell == SHELL_FISH && (*c == '\'' || *c == '\\'))
			str_printf(out, "\\%c", *c);
		else
			str_add_char(out, *c);
	}
	str_add_char(out, '\'');
}

static void print_lines(struct ui *ui, enum shell shell, const struct variables *v)
{
	static const char *const before[] = {
		[SHELL_SH] = "export ", [SHELL_FISH] = "set -gx ", [SHELL_GITHUB] = ""};
	CLEANUP_STR struct str text = STR_INIT;
	for (size_t i = 0; i < v->count; i++) {
		str_printf(&text, "%s%s%c", before[shell], v->list[i].name, shell == SHELL_FISH ? ' ' : '=');
		quote(&text, shell, v->list[i].value);
		str_add_char(&text, '\n');
	}
	ui_raw(ui, str_span(&text));
}

static void print_json(struct ui *ui, const struct alias *alias, const struct variables *v)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct digest identity;
	interpreter_identity(&alias->who, &identity);
	digest_hex(&identity, hex);
	struct cJSON *report = report_new("env");
	struct cJSON *object = report_object(report, "alias");
	report_string(object, "directory", alias->dir);
	report_string(object, "python", alias->python);
	report_string(object, "site_packages", alias->site_packages);
	object = report_object(report, "interpreter");
	report_string(object, "executable", alias->who.executable);
	report_string(object, "base", alias->who.base);
	report_string(object, "implementation", alias->who.implementation);
	report_string(object, "version", alias->who.full_version);
	report_string(object, "identity", hex);
	struct cJSON *list = report_array(report, "variables");
	for (size_t i = 0; i < v->count; i++) {
		object = report_object(list, NULL);
		report_string(object, "name", v->list[i].name);
		report_string(object, "value", v->list[i].value);
	}
	report_print(report, ui);
}

/* What only the shim can do. */
static void print_losses(struct ui *ui)
{
	ui_note(ui,
		"build scripts that run Python do not see the packages of a build's own environment (cffi, setuptools), "
		"but those of STEADY_SITE");
	ui_note(ui,
		"maturin gets the base interpreter instead, and nothing is verified: run `cargo steady restore` "
		"before a build and `cargo steady save` after it");
	ui_note(ui,
		"where a wheel is built from an unpacked sdist, cargo alone can take edited code for old; `cargo steady "
		"shim` looks after that too");
}

/* The interpreters that may be meant, best first. */
static size_t find_pythons(const struct call *call, const char *ret_path[USERPYTHON_MAX])
{
	const char *named = ((const struct env_args *)call->args)->python;
	CLEANUP_STR struct str found = STR_INIT;
	if (named == NULL)
		return userpython_find(call->mem, ret_path);
	if (strchr(named, '/') == NULL && !proc_find(named, &found))
		return 0;
	char *cwd = named[0] != '/' && found.len == 0 ? getcwd(NULL, 0) : NULL;
	CLEANUP_STR struct str path = STR_INIT;
	path_join(&path, cwd != NULL ? cwd : "", found.len != 0 ? found.buf : named);
	free(cwd);
	ret_path[0] = arena_strdup(call->mem, path.buf);
	return 1;
}

/* The alias of the first interpreter that answers. */
static int find_alias(const struct call *call, struct alias *ret, struct err *err)
{
	const char *path[USERPYTHON_MAX], *why = NULL;
	size_t count = find_pythons(call, path);
	if (count == 0) {
		(void)err_set(err, ENOENT, "the environment names no Python interpreter that is there");
		return err_hint(err, "set PYO3_PYTHON to the path of one");
	}
	int code = -ENOENT;
	for (size_t i = 0; i < count && code < 0; i++) {
		code = alias_get(path[i], call->mem, ret, &why, err);
		if (code == ALIAS_NONE)
			return err_set(err, EPERM, "there is no alias for %s: %s", path[i], why);
	}
	return code;
}

/* Any newline would begin a line of its own. */
static bool is_printable(const struct variables *v)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strpbrk(v->list[i].value, "\r\n") != NULL)
			return false;
	}
	return true;
}

static int env_run(const struct call *call, struct err *err)
{
	const struct env_args *args = call->args;
	struct alias alias;
	int code = find_alias(call, &alias, err);
	if (code < 0)
		return code;
	/* What an interpreter did not answer was said by the next one. */
	*err = (struct err)ERR_INIT;
	struct variables v = {.count = 0};
	add_all(&alias, call->mem, &v);
	if (!is_printable(&v))
		return err_set(err, EINVAL, "the path of %s has a newline", alias.who.executable);
	if (args->format == REPORT_JSON) {
		print_json(call->ui, &alias, &v);
		return STEADY_EXIT_DONE;
	}
	print_lines(call->ui, (enum shell)args->shell, &v);
	print_losses(call->ui);
	return STEADY_EXIT_DONE;
}

const struct command command_env = {
	.name = "env",
	.summary = "Print variables for builds that cannot have the shim",
	.details = "They name an alias: a small permanent virtual environment that stands in for those that\n"
		   "front ends make and throw away. It is made if it is not there yet, below STEADY_HOME or\n"
		   "the user's cache directory.",
	.opts = env_opts,
	.args_size = sizeof(struct env_args),
	.run = env_run,
};
