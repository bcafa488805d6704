#include "steady/core/packagestamp.h"

#include <string.h>

bool packagestamp_is(struct span text)
{
	uint64_t number;
	size_t dot = span_find(text, '.');
	if (dot == text.len || !span_u64(span_make(text.ptr, dot), &number))
		return false;
	struct span rest = span_skip(text, dot + 1);
	return rest.len > 9 + 4 && span_u64(span_make(rest.ptr, 9), &number) &&
		span_starts(span_skip(rest, 9), SPAN_LIT("s (")) && rest.ptr[rest.len - 1] == ')';
}

struct fingerprint *packagestamp_edit(struct arena *mem, const struct unit *u, const struct pkglist *package)
{
	const struct fingerprint *fp = u->fingerprint;
	for (size_t i = 0; i < fp->nlocal; i++) {
		if (fp->local[i].kind != LOCAL_PRECALCULATED || !packagestamp_is(fp->local[i].text))
			continue;
		const char *text = pkglist_newest(package, fp->local[i].text, mem);
		if (span_eq_str(fp->local[i].text, text))
			return NULL;
		struct fingerprint *copy = arena_alloc(mem, sizeof(*copy));
		*copy = *fp;
		copy->local = arena_array(mem, fp->nlocal, sizeof(*copy->local));
		memcpy(copy->local, fp->local, fp->nlocal * sizeof(*copy->local));
		copy->local[i].text = span_of(text);
		return copy;
	}
	return NULL;
}

bool packagestamp_differs(const struct unit *u, const struct pkglist *package)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	return packagestamp_edit(mem, u, package) != NULL;
}
