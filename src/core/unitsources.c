#include "steady/core/unitsources.h"

#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <stdlib.h>

#define MAX_SOURCE ((size_t)4 << 20)

static bool file_matches(const char *path, bool (*match)(struct span text))
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int root = fsio_open_root("/", NULL);
	CLEANUP_FREE char *real = realpath(path, NULL);
	struct span text;
	return root < 0 || real == NULL ||
		fsio_read(root, real + 1, MAX_SOURCE, mem, &text, NULL, NULL) != 0 || match(text);
}

bool unitsources_any(struct unitfiles *files, size_t unit, bool (*match)(struct span text))
{
	const struct unit_files *f = unitfiles_get(files, unit);
	CLEANUP_STR struct str path = STR_INIT;
	if (f->reference_state != REFERENCE_READ)
		return true;
	for (size_t i = 0; i < f->depinfo.nfile; i++) {
		if (!unitfiles_depinfo_path(files, f, &f->depinfo.file[i], &path) ||
			file_matches(path.buf, match))
			return true;
	}
	return f->depinfo.nfile == 0;
}
