#include "steady/core/foreign.h"

#include "steady/format/toml.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <errno.h>

#define MAX_LOCK_BYTES ((size_t)64 * 1024 * 1024)

/* cargo writes one line for each package: name = "..." */
static struct strmap *read_lock(const char *root, struct arena *mem)
{
	const struct span before = SPAN_LIT("name = \"");
	CLEANUP_CLOSE int fd = fsio_open_root(root, NULL);
	struct span text, line;
	if (fd < 0 || fsio_read(fd, "Cargo.lock", MAX_LOCK_BYTES, mem, &text, NULL, NULL) != 0)
		return NULL;
	struct strmap *names = strmap_new();
	while (span_next_line(&text, &line)) {
		if (!span_starts(line, before))
			continue;
		struct span name = span_skip(line, before.len);
		(void)strmap_put(names, span_make(name.ptr, span_find(name, '"')), names);
	}
	return names;
}

/* Does the manifest in the directory name the package? One that cannot be read may. */
static bool may_be_its_manifest(const char *dir, const char *package, struct arena *mem)
{
	CLEANUP_CLOSE int fd = fsio_open_root(dir, NULL);
	struct span text, name;
	struct toml_value *doc;
	if (fd == -ENOENT)
		return false;
	int code = fd < 0 ? fd : fsio_read(fd, "Cargo.toml", TOML_MAX_BYTES, mem, &text, NULL, NULL);
	if (code == FSIO_MISSING)
		return false;
	if (code != 0 || toml_parse(mem, text, &doc, NULL) < 0)
		return true;
	const struct toml_value *table = toml_get(doc, "package");
	if (!toml_string(toml_get(table != NULL ? table : toml_get(doc, "project"), "name"), &name))
		return false;
	return span_eq_str(name, package);
}

static bool is_foreign(struct unitfiles *files, size_t i, const struct strmap *names, struct arena *mem)
{
	const struct unit_files *unit = unitfiles_get(files, i);
	if (unit->origin != ORIGIN_WORKSPACE && unit->origin != ORIGIN_PATH && unit->origin != ORIGIN_UNKNOWN)
		return false;
	return strmap_get(names, span_of(unit->unit->package)) == NULL &&
		(unit->package_root == NULL ||
			!may_be_its_manifest(unit->package_root, unit->unit->package, mem));
}

bool *foreign_find(const struct target *t, struct unitfiles *files, const size_t *order, struct arena *mem)
{
	bool *foreign = arena_array(mem, t->count, sizeof(*foreign));
	const char *root = unitfiles_workspace_root(files);
	if (path_has_prefix(span_of(unitfiles_build_dir(files)), span_of(root)))
		return foreign;
	CLEANUP_ARENA struct arena *texts = arena_new();
	struct strmap *names = read_lock(root, texts);
	for (size_t n = 0; names != NULL && n < t->count; n++) {
		size_t i = order[n];
		const struct unit *u = &t->unit[i];
		foreign[i] = is_foreign(files, i, names, texts);
		for (size_t d = 0; u->fingerprint != NULL && d < u->fingerprint->ndep; d++)
			foreign[i] |= u->dep[d] != UNIT_NONE && foreign[u->dep[d]];
	}
	(void)strmap_free(names);
	return foreign;
}
