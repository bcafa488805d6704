#include "target_priv.h"

#include "steady/util/fsio.h"

#include <string.h>

/* rustc's .d files name every source; a larger one than this is not worth a version number. */
#define MAX_D_FILE ((size_t)8 * 1024 * 1024)

bool is_version(struct span s)
{
	if (s.len == 0 || s.ptr[0] < '0' || s.ptr[0] > '9')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (memchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-", s.ptr[i],
			    65) == NULL)
			return false;
	}
	return span_find(s, '.') != s.len && !span_ends(s, SPAN_LIT("s"));
}

/* Where rustc wrote the unit's .d file. */
static const char *rustc_d_path(struct arena *mem, const struct unit *u)
{
	char *crate = arena_strdup(mem, u->kind == UNIT_BUILD_SCRIPT ? "build_script_build" : u->target);
	for (char *c = crate; *c != '\0'; c++)
		*c = *c == '-' ? '_' : *c;
	if (u->layout == LAYOUT_NEW)
		return arena_printf(mem, "%s/build/%s/%s/out/%s-%s.d", u->place->path, u->package, u->meta,
			crate, u->meta);
	if (u->kind == UNIT_BUILD_SCRIPT)
		return arena_printf(
			mem, "%s/build/%s-%s/%s-%s.d", u->place->path, u->package, u->meta, crate, u->meta);
	return arena_printf(mem, "%s/%s/%s-%s.d", u->place->path,
		u->kind == UNIT_EXAMPLE ? "examples" : "deps", crate, u->meta);
}

/* The version behind "/<package>-" in a path of the registry or of vendored sources. */
static bool version_in_path(struct span text, const char *package, struct arena *mem, struct span *ret)
{
	struct span needle = span_of(arena_printf(mem, "/%s-", package));
	for (;;) {
		size_t at = span_find_span(text, needle);
		if (at == text.len)
			return false;
		text = span_skip(text, at + needle.len);
		struct span candidate = span_make(text.ptr, span_find(text, '/'));
		if (candidate.len < 64 && is_version(candidate)) {
			*ret = candidate;
			return true;
		}
	}
}

const char *unit_version_from_rustc(const struct target *t, const struct unit *u, struct arena *mem)
{
	struct span text, version;
	if (fsio_read(t->fd, rustc_d_path(mem, u), MAX_D_FILE, mem, &text, NULL, NULL) != 0)
		return NULL;
	struct span key = SPAN_LIT("# env-dep:CARGO_PKG_VERSION=");
	size_t at = span_find_span(text, key);
	if (at != text.len) {
		struct span rest = span_skip(text, at + key.len);
		version = span_trim(span_make(rest.ptr, span_find(rest, '\n')));
		if (is_version(version))
			return arena_strndup(mem, version.ptr, version.len);
	}
	return version_in_path(text, u->package, mem, &version) ? arena_strndup(mem, version.ptr, version.len)
								: NULL;
}
