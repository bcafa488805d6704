/* What a cause means, and what can be done about it, in our own words. */
#include "steady/core/explain.h"

#include <string.h>

void explain_reason(const struct explain *e, size_t unit, struct str *out)
{
	freshness_text(&e->facts->facts, unit, &e->verdict[unit], out);
}

static void add_value(struct str *out, bool has_value, struct span value)
{
	if (has_value)
		str_printf(out, "`%.*s`", SPAN_ARG(value));
	else
		str_add(out, "not set");
}

/* The item of that variable among a unit's local items. */
static const struct local *variable_of(const struct local *local, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (local[i].kind == LOCAL_RERUN_IF_ENV_CHANGED && span_eq_str(local[i].text, name))
			return &local[i];
	}
	return NULL;
}

static void variable_detail(const struct fresh_unit *u, const struct verdict *v, struct str *out)
{
	struct span old = {NULL, 0}, now = {NULL, 0};
	bool was_set = false, is_set = false;
	if (v->reason == DIRTY_ENV) {
		was_set = u->changed_env->had_value;
		old = u->changed_env->old_value;
		is_set = u->changed_env->has_value;
		now = u->changed_env->value;
	} else {
		const struct local *before =
			variable_of(u->fingerprint->local, u->fingerprint->nlocal, v->subject);
		const struct local *after = variable_of(u->local, u->nlocal, v->subject);
		if (before == NULL || after == NULL)
			return;
		was_set = before->has_value;
		old = before->value;
		is_set = after->has_value;
		now = after->value;
	}
	str_add(out, "built with it ");
	add_value(out, was_set, old);
	str_add(out, ", now it is ");
	add_value(out, is_set, now);
}

void explain_detail(const struct explain *e, size_t unit, struct str *out)
{
	const struct verdict *v = &e->verdict[unit];
	const struct fresh_unit *u = &e->facts->facts.unit[unit];
	if (e->aside != NULL && e->aside[unit] != NULL) {
		str_add(out, e->aside[unit]);
		return;
	}
	switch (v->reason) {
	case DIRTY_ENV:
	case DIRTY_RERUN_ENV:
		variable_detail(u, v, out);
		return;
	case DIRTY_PRECALCULATED:
		str_printf(out, "the newest file of the package is `%s`; recorded was `%.*s`", v->subject,
			SPAN_ARG(u->fingerprint->local[0].text));
		return;
	case DIRTY_RUSTFLAGS:
		str_add(out, "built with");
		for (size_t i = 0; i < u->fingerprint->nrustflag; i++)
			str_printf(out, " `%.*s`", SPAN_ARG(u->fingerprint->rustflag[i]));
		if (u->fingerprint->nrustflag == 0)
			str_add(out, " none");
		return;
	case DIRTY_TOOLCHAIN:
		if (e->facts->has_rustc && e->facts->rustc.release != NULL)
			str_printf(out, "rustc %s was used here last", e->facts->rustc.release);
		return;
	case DIRTY_DEP_STALE:
		if (v->dep == SIZE_MAX)
			str_add(out, "its fingerprint is not in the target directory any more");
		return;
	default:
		return;
	}
}

static const char *missing_help(const struct explain *e, size_t unit)
{
	const struct verdict *v = &e->verdict[unit];
	const struct fresh_unit *u = &e->facts->facts.unit[unit];
	if (u->reference != NULL && strcmp(u->reference, v->subject) == 0)
		return "cargo keeps there what the unit was built from; it was removed, set aside because the unit "
		       "had to be built again, or damaged. One build brings it back";
	if (e->target->unit[unit].kind == UNIT_RUN_BUILD_SCRIPT)
		return "the build script names this path in a `rerun-if-changed` line; while it is not there, cargo runs "
		       "the script in every build. Create it, or let the script name only what is there";
	return "it was there when the unit was built; if it was moved, cargo finds that out by building";
}

static bool is_python_variable(const char *name)
{
	return strncmp(name, "PYO3_", 5) == 0 || strcmp(name, "VIRTUAL_ENV") == 0 ||
		strcmp(name, "PYTHON_SYS_EXECUTABLE") == 0;
}

static const char *variable_help(const struct verdict *v)
{
	if (is_python_variable(v->subject))
		return "front ends that build in a throw-away environment change it every time; "
		       "`cargo steady shim` gives cargo a name for the interpreter that stays";
	if (strcmp(v->subject, "PATH") == 0)
		return "a build script watches the whole of PATH; run cargo with the same PATH";
	return "give it the value it had, or build once with the new one";
}

static const char *help_text(const struct explain *e, size_t unit)
{
	const struct verdict *v = &e->verdict[unit];
	const struct unit *u = &e->target->unit[unit];
	switch (v->reason) {
	case DIRTY_TOOLCHAIN:
		return "another rustc compiles all crates anew; the same version of it finds them fresh";
	case DIRTY_RUSTFLAGS:
		return "RUSTFLAGS and `build.rustflags` are part of every unit; set them as they were";
	case DIRTY_PRECALCULATED:
		return u->kind == UNIT_RUN_BUILD_SCRIPT
			? "its build script prints no `rerun-if` line, so that the time of every file of the package counts; "
			  "`println!(\"cargo:rerun-if-changed=build.rs\")` would name what matters"
			: "documentation is made again when any file of the package is newer";
	case DIRTY_RERUN_ENV:
	case DIRTY_ENV:
		return variable_help(v);
	case DIRTY_FILE_CHANGED:
		return "if its bytes are those that were built, and only its time is new (a checkout, a copy), "
		       "`cargo steady restore` keeps what was built from it, where it was saved";
	case DIRTY_FILE_MISSING:
		return missing_help(e, unit);
	case DIRTY_OUTPUT_MISSING:
		return "what was built is gone: caches drop it (`cargo steady save --stash-outputs` keeps it), or somebody "
		       "deleted it";
	case DIRTY_DEP_NEWER:
		return "the dependency was built without this unit (`-p`, another target), so this one follows now";
	case DIRTY_NOTHING_OBVIOUS:
		return u->hash_state == HASH_EMPTY ? "an earlier build of the unit was begun and not finished"
						   : "its hash file holds another hash than it should";
	default:
		return NULL;
	}
}

void explain_help(const struct explain *e, size_t unit, struct str *out)
{
	const char *text = help_text(e, unit);
	if (text != NULL)
		str_add(out, text);
}
