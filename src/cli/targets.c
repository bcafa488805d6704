#include "steady/cli/targets.h"

#include "steady/cli/report.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Warnings of a damaged tree that are shown without --verbose. */
#define FEW_WARNINGS 5

int targets_locate(const struct call *call, struct location *ret, struct err *err)
{
	const struct locate_request request = {
		.target_dir = call->target->target_dir, .manifest_path = call->target->manifest_path};
	int code = locate(&request, call->mem, ret, err);
	if (code == 0 && ret->warning != NULL)
		ui_warn(call->ui, "%s", ret->warning);
	return code;
}

int targets_locate_existing(const struct call *call, struct location *ret, struct err *err)
{
	int code = targets_locate(call, ret, err);
	if (code != 0)
		return code;
	CLEANUP_CLOSE int fd = fsio_open_root(ret->build_dir, err);
	if (fd == -ENOENT && !ret->named)
		return TARGETS_NONE;
	if (fd < 0) {
		(void)err_hint(err, "build the workspace first, or name another directory with --target-dir");
		return fd;
	}
	return 0;
}

static void say_waiting(const char *path, void *ctx)
{
	const struct call *call = ctx;
	if (call->ui->verbosity > 0)
		ui_status(call->ui, "Blocking", "waiting for file lock on build directory (%s)", path);
	else
		ui_status(call->ui, "Blocking", "waiting for file lock on build directory");
}

int targets_lock(
	const struct call *call, const struct location *where, struct buildlock **ret, struct err *err)
{
	CLEANUP_CLOSE int build = fsio_open_root(where->build_dir, err);
	CLEANUP_CLOSE int target = -1;
	if (build < 0)
		return build;
	if (strcmp(where->build_dir, where->target_dir) != 0)
		target = fsio_open_root(where->target_dir, NULL);
	int code = buildlock_take(build, target, say_waiting, (void *)(uintptr_t)call, ret, err);
	return code < 0 ? err_wrap(err, "cannot lock %s", where->build_dir) : code;
}

void targets_warn(struct ui *ui, const struct target *t)
{
	size_t shown = ui->verbosity > 0 || t->nwarning <= FEW_WARNINGS ? t->nwarning : FEW_WARNINGS;
	for (size_t i = 0; i < shown; i++)
		ui_warn(ui, "%s", t->warning[i]);
	if (shown < t->nwarning)
		ui_warn(ui, "%zu more files were left out; --verbose names them", t->nwarning - shown);
}

const char *targets_epochs(struct arena *mem, const struct target *t)
{
	const char *names = NULL;
	for (size_t i = 0; i < t->count; i++) {
		const struct unit *u = &t->unit[i];
		if (u->proof != PROOF_VERIFIED || !fingerprint_has_paths(u->fingerprint))
			continue;
		const char *name = epoch_name(&u->epoch);
		if (names == NULL)
			names = name;
		else if (strstr(names, name) == NULL)
			names = arena_printf(mem, "%s, %s", names, name);
	}
	return names != NULL ? names : "unknown";
}

const char *targets_layout(const struct target *t)
{
	bool old = false, new = false;
	for (size_t i = 0; i < t->nplace; i++) {
		old |= t->place[i].has_old;
		new |= t->place[i].has_new;
	}
	return old && new ? "old and new" : new ? "new" : "old";
}

const char *targets_display(struct arena *mem, const char *path)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	const char *home = getenv("HOME");
	struct span whole = span_of(path);
	if (cwd != NULL && strcmp(cwd, "/") != 0 && path_has_prefix(whole, span_of(cwd))) {
		struct span rest = path_below(whole, span_of(cwd));
		return rest.len != 0 ? arena_strndup(mem, rest.ptr, rest.len) : ".";
	}
	if (home != NULL && home[0] == '/' && home[1] != '\0' && path_has_prefix(whole, span_of(home))) {
		struct span rest = path_below(whole, span_of(home));
		return arena_printf(mem, "~/%.*s", SPAN_ARG(rest));
	}
	return path;
}

struct cJSON *targets_report_unit(struct cJSON *units, const struct unit *u)
{
	struct cJSON *unit = report_object(units, NULL);
	report_string(unit, "package", u->package);
	report_string(unit, "version", u->version);
	report_string(unit, "kind", unit_kind_name(u->kind));
	report_string(unit, "target", u->target);
	report_string(unit, "profile", u->place->profile);
	report_string(unit, "triple", u->place->triple);
	report_string(unit, "directory", u->directory);
	return unit;
}
