/* cargo steady shim: the link named `cargo` that stands before the real one on PATH. */
#include "steady/cli/commands.h"
#include "steady/cli/targets.h"
#include "steady/cli/typo.h"
#include "steady/core/realcargo.h"
#include "steady/core/shimlink.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ACTIONS "install|status|remove"

/* As a shell takes it. */
static const char *quoted(struct arena *mem, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,@%:";
	if (text[strspn(text, plain)] == '\0')
		return text;
	CLEANUP_STR struct str out = STR_INIT;
	str_add_char(&out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			str_add(&out, "'\\''");
		else
			str_add_char(&out, *text);
	}
	str_add_char(&out, '\'');
	return arena_strdup(mem, out.buf);
}

static void say_how(const struct call *call, const char *dir)
{
	struct ui *ui = call->ui;
	const char *q = quoted(call->mem, dir);
	if (ui->verbosity < 0)
		return;
	ui_say(ui, "%s", "Put its directory first on PATH:");
	ui_say(ui, "  shell           export PATH=%s:\"$PATH\"", q);
	ui_say(ui, "  fish            set -gx PATH %s $PATH", q);
	ui_say(ui, "  GitHub Actions  cargo steady shim install -q >>\"$GITHUB_PATH\"");
	ui_say(ui, "%s",
		"  GitLab CI       before_script: ['export PATH=\"$(cargo steady shim install -q):$PATH\"']");
	ui_say(ui, "  tox             in [testenv] and in [pkgenv]: set_env = PATH = %s:{env:PATH}", dir);
	ui_say(ui, "                  pass_env = CARGO_HOME, CARGO_TARGET_DIR, RUSTUP_HOME, STEADY_*");
	ui_say(ui, "  nox             nothing more: sessions have the PATH that nox was started with");
	ui_say(ui, "  cibuildwheel    CIBW_BEFORE_ALL_LINUX: cargo steady shim install /opt/steady");
	ui_say(ui,
		"                  CIBW_ENVIRONMENT_LINUX: PATH=/opt/steady:$PATH CARGO_TARGET_DIR=/host/...");
	ui_say(ui, "%s", "`cargo steady shim status` tells whether it comes first.");
}

/* The directory to put the link into, or to remove it from. */
static const char *directory_of(const struct call *call, struct err *err)
{
	const char *dir = call->operands > 1 ? call->operand[1] : shimlink_directory(call->mem);
	if (dir == NULL)
		(void)err_set(err, ENOENT, "HOME is not set: name a directory for the shim");
	return dir;
}

static bool comes_first(const struct call *call)
{
	const char *first = realcargo_first(call->mem);
	return first != NULL && realcargo_is_shim(first);
}

static int install(const struct call *call, struct err *err)
{
	const char *link, *program, *dir = directory_of(call, err);
	int code = dir == NULL ? -ENOENT : shimlink_install(dir, call->mem, &link, &program, err);
	if (code < 0)
		return code;
	dir = arena_strndup(call->mem, link, strlen(link) - strlen("/cargo"));
	ui_status(call->ui, "Installed", "%s, which is %s", targets_display(call->mem, link), program);
	if (!comes_first(call))
		say_how(call, dir);
	ui_line(call->ui, "%s", dir);
	return STEADY_EXIT_DONE;
}

static int remove_link(const struct call *call, struct err *err)
{
	const char *link, *dir = directory_of(call, err);
	int code = dir == NULL ? -ENOENT : shimlink_remove(dir, call->mem, &link, err);
	if (code < 0)
		return code;
	if (code == SHIMLINK_MISSING)
		ui_status(call->ui, "Removed", "nothing: there is no %s", targets_display(call->mem, link));
	else
		ui_status(call->ui, "Removed", "%s", targets_display(call->mem, link));
	return STEADY_EXIT_DONE;
}

static int status(const struct call *call, struct err *err)
{
	static const char *const argv[] = {"cargo", NULL};
	const char *first = realcargo_first(call->mem), *off = getenv("STEADY_SHIM");
	struct realcargo real;
	(void)err;
	if (first == NULL) {
		ui_line(call->ui, "no cargo on PATH");
		return STEADY_EXIT_FOUND;
	}
	if (!realcargo_is_shim(first)) {
		ui_line(call->ui, "cargo is %s", first);
		ui_note(call->ui, "no shim comes before it on PATH; `cargo steady shim install` tells how");
		return STEADY_EXIT_FOUND;
	}
	ui_line(call->ui, "cargo is the shim %s", first);
	if (realcargo_find(argv, call->mem, &real, NULL) < 0)
		ui_warn(call->ui, "there is no other cargo on PATH for it to run");
	else
		ui_line(call->ui, "it runs %s", real.path);
	if (off != NULL && off[0] != '\0')
		ui_line(call->ui, "STEADY_SHIM is %s", off);
	return STEADY_EXIT_DONE;
}

static int shim_run(const struct call *call, struct err *err)
{
	static const struct {
		const char *name;
		int (*run)(const struct call *call, struct err *err);
	} actions[] = {{"install", install}, {"remove", remove_link}, {"status", status}};
	const char *name = call->operand[0];
	struct typo typo = typo_begin(span_of(name));
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		typo_consider(&typo, actions[i].name);
		if (strcmp(actions[i].name, name) == 0)
			return actions[i].run(call, err);
	}
	(void)err_set(err, EINVAL, "the shim cannot be asked to `%s`", name);
	if (typo.best != NULL)
		(void)err_hint(err, "there is `%s`", typo.best);
	else
		(void)err_hint(err, "possible values: install, status, remove");
	return STEADY_EXIT_USAGE;
}

const struct command command_shim = {
	.name = "shim",
	.summary = "Put this program before cargo on PATH",
	.details =
		"install puts a link named cargo into a directory (~/.local/share/cargo-steady/shim) and prints\n"
		"that directory; status tells whether it comes first on PATH (exit status 1 if not); remove\n"
		"removes the link.\n"
		"\n"
		"Called as cargo, this program verifies the units as restore does, runs the real cargo, and\n"
		"records what it built as save does. Builds in throw-away Python environments get a stable\n"
		"stand-in for their interpreter. STEADY_SHIM=off switches it off.",
	.operand = "<ACTION> [DIRECTORY]",
	.operand_values = ACTIONS,
	.min_operands = 1,
	.max_operands = 2,
	.run = shim_run,
};
