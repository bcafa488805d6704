/* cargo's words for why a unit is dirty. */
#include "steady/core/freshness.h"

#include "steady/util/path.h"

#include <inttypes.h>

const char *dirty_reason_name(enum dirty_reason reason)
{
	static const char *const name[] = {
		[FRESH] = "fresh",
		[DIRTY_FIRST_BUILD] = "first-build",
		[DIRTY_TOOLCHAIN] = "toolchain-changed",
		[DIRTY_RUSTFLAGS] = "rustflags-changed",
		[DIRTY_LOCAL_LENGTHS] = "instructions-changed",
		[DIRTY_PRECALCULATED] = "package-changed",
		[DIRTY_RERUN_PATHS] = "rerun-paths-changed",
		[DIRTY_RERUN_VARIABLES] = "rerun-variables-changed",
		[DIRTY_RERUN_ENV] = "rerun-env-changed",
		[DIRTY_LOCAL_TYPE] = "tracking-changed",
		[DIRTY_DEP_INFO] = "dependency-changed",
		[DIRTY_OUTPUT_MISSING] = "output-missing",
		[DIRTY_DEP_STALE] = "dependency-rebuilt",
		[DIRTY_DEP_NEWER] = "dependency-newer",
		[DIRTY_FILE_MISSING] = "file-missing",
		[DIRTY_FILE_CHANGED] = "file-changed",
		[DIRTY_ENV] = "env-changed",
		[DIRTY_FILE_SIZE] = "file-size-changed",
		[DIRTY_NO_CHECKSUM] = "checksum-missing",
		[DIRTY_NOTHING_OBVIOUS] = "hash-changed",
	};
	return name[reason];
}

static void add_time(struct str *out, struct timespec t)
{
	str_printf(out, "%lld.%09lds", (long long)t.tv_sec, (long)t.tv_nsec);
}

/* "26h 3m 4s", or nanoseconds below a second. */
static void add_difference(struct str *out, struct timespec newer, struct timespec older)
{
	long long seconds = (long long)newer.tv_sec - (long long)older.tv_sec;
	if (seconds < 1) {
		str_printf(out, "%ldns", (long)(newer.tv_nsec - older.tv_nsec));
		return;
	}
	const long long part[] = {seconds / 3600, seconds / 60 % 60, seconds % 60};
	const char *blank = "";
	for (int i = 0; i < 3; i++) {
		if (part[i] == 0)
			continue;
		str_printf(out, "%s%lld%c", blank, part[i], "hms"[i]);
		blank = " ";
	}
}

static void add_after(struct str *out, const struct verdict *v)
{
	str_add(out, " (");
	add_time(out, v->newer);
	str_add(out, ", ");
	add_difference(out, v->newer, v->older);
	str_add(out, " after last build at ");
	add_time(out, v->older);
	str_add(out, ")");
}

static void add_path(struct str *out, const struct fresh_facts *facts, const char *path)
{
	struct span shown = span_of(path != NULL ? path : "");
	struct span root = span_of(facts->workspace_root != NULL ? facts->workspace_root : "");
	if (root.len != 0 && path_has_prefix(shown, root))
		shown = path_below(shown, root);
	str_printf(out, "`%.*s`", SPAN_ARG(shown));
}

static void add_dep(struct str *out, const struct fresh_facts *facts, size_t i, const struct verdict *v)
{
	if (v->dep != SIZE_MAX)
		str_printf(out, "`%s`", facts->unit[v->dep].package);
	else
		str_printf(out, "`%.*s`", SPAN_ARG(facts->unit[i].fingerprint->dep[v->dep_at].name));
}

static void add_about_file(struct str *out, const struct fresh_facts *facts, const struct verdict *v)
{
	switch (v->reason) {
	case DIRTY_OUTPUT_MISSING:
		str_add(out, "couldn't read metadata for file ");
		add_path(out, facts, v->subject);
		return;
	case DIRTY_FILE_SIZE:
		str_add(out, "file size changed for ");
		add_path(out, facts, v->subject);
		return;
	case DIRTY_NO_CHECKSUM:
		str_add(out, "the checksum for file ");
		add_path(out, facts, v->subject);
		str_add(out, " is missing");
		return;
	default:
		break;
	}
	str_add(out, "the file ");
	add_path(out, facts, v->subject);
	str_add(out, v->reason == DIRTY_FILE_MISSING ? " is missing" : " has changed");
	if (v->reason == DIRTY_FILE_CHANGED)
		add_after(out, v);
}

static void add_about_dep(struct str *out, const struct fresh_facts *facts, size_t i, const struct verdict *v)
{
	str_add(out, v->reason == DIRTY_DEP_INFO ? "info of dependency " : "the dependency ");
	add_dep(out, facts, i, v);
	str_add(out, v->reason == DIRTY_DEP_INFO ? " changed" : " was rebuilt");
	if (v->reason == DIRTY_DEP_NEWER)
		add_after(out, v);
}

static const char *plain_text(enum dirty_reason reason)
{
	switch (reason) {
	case FRESH:
		return "fresh";
	case DIRTY_FIRST_BUILD:
		return "fresh build";
	case DIRTY_TOOLCHAIN:
		return "the toolchain changed";
	case DIRTY_RUSTFLAGS:
		return "the rustflags changed";
	case DIRTY_LOCAL_LENGTHS:
		return "the local lengths changed";
	case DIRTY_PRECALCULATED:
		return "the precalculated components changed";
	case DIRTY_RERUN_PATHS:
		return "the rerun-if-changed instructions changed";
	case DIRTY_RERUN_VARIABLES:
		return "the environment variables changed";
	case DIRTY_LOCAL_TYPE:
		return "the local fingerprint type changed";
	case DIRTY_NOTHING_OBVIOUS:
		return "the fingerprint comparison turned up nothing obvious";
	default:
		return NULL;
	}
}

void freshness_text(const struct fresh_facts *facts, size_t i, const struct verdict *v, struct str *out)
{
	const char *plain = plain_text(v->reason);
	if (plain != NULL)
		str_add(out, plain);
	else if (v->reason == DIRTY_RERUN_ENV)
		str_printf(out, "the env variable %s changed", v->subject);
	else if (v->reason == DIRTY_ENV)
		str_printf(out, "the environment variable %s changed", v->subject);
	else if (v->reason == DIRTY_DEP_INFO || v->reason == DIRTY_DEP_STALE || v->reason == DIRTY_DEP_NEWER)
		add_about_dep(out, facts, i, v);
	else
		add_about_file(out, facts, v);
}
