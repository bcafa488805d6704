/* Where a unit's package lies, from what its files say. */
#include "unitfiles_priv.h"

#include "steady/util/path.h"

#include <string.h>
#include <unistd.h>

static bool has_manifest(const char *dir)
{
	CLEANUP_STR struct str path = STR_INIT;
	path_join(&path, dir, "Cargo.toml");
	return access(path.buf, F_OK) == 0;
}

/* The source that `path` in the JSON is the hash of; mostly the first. */
static bool find_main_source(const struct unit_files *u, struct span *ret)
{
	const struct fingerprint *fp = u->unit->fingerprint;
	if (!u->has_rustc || u->rustc.nfile == 0)
		return false;
	*ret = u->rustc.file[0];
	for (size_t i = 0; fp != NULL && i < u->rustc.nfile; i++) {
		if (fingerprint_hash_path(&u->unit->epoch, u->rustc.file[i]) == fp->path) {
			*ret = u->rustc.file[i];
			break;
		}
	}
	return true;
}

/* Does `path` end in the components of `tail`? Then *ret_head is what stands before it, without its slash. */
static bool ends_in_path(struct span path, struct span tail, struct span *ret_head)
{
	if (tail.len == 0 || !span_ends(path, tail))
		return false;
	size_t head = path.len - tail.len;
	if (head == 0) {
		*ret_head = span_make(path.ptr, 0);
		return true;
	}
	if (path.ptr[head - 1] != '/')
		return false;
	*ret_head = span_make(path.ptr, head - 1);
	return true;
}

/*
 * dep-info has package-relative paths where rustc has others of the same files: the difference is the root.
 * Of several (src/lib.rs and lib.rs) one with a manifest is meant, else the shortest root.
 */
static bool root_from_depinfo(const struct unit_files *u, struct span main, struct str *ret)
{
	bool found = false;
	CLEANUP_STR struct str candidate = STR_INIT;
	const bool is_run = u->unit->kind == UNIT_RUN_BUILD_SCRIPT;
	for (size_t i = 0; !is_run && u->reference_state == REFERENCE_READ && i < u->depinfo.nfile; i++) {
		const struct depinfo_file *file = &u->depinfo.file[i];
		struct span head;
		if (file->root != DEPINFO_PACKAGE || !ends_in_path(main, file->path, &head))
			continue;
		str_clear(&candidate);
		str_add_span(&candidate, head);
		if (!found || candidate.len < ret->len || has_manifest(candidate.buf)) {
			str_clear(ret);
			str_add_span(ret, head);
			found = true;
		}
		if (has_manifest(candidate.buf))
			break;
	}
	return found;
}

/* The nearest directory above a source that holds a manifest. */
static bool root_from_manifest(struct span main, struct str *ret)
{
	for (struct span dir = path_dir(main); dir.len > 1; dir = path_dir(dir)) {
		str_clear(ret);
		str_add_span(ret, dir);
		if (has_manifest(ret->buf))
			return true;
	}
	return false;
}

static bool has_package_files(const struct unit_files *u)
{
	if (u->unit->kind == UNIT_RUN_BUILD_SCRIPT || u->reference_state != REFERENCE_READ)
		return false;
	for (size_t i = 0; i < u->depinfo.nfile; i++) {
		if (u->depinfo.file[i].root == DEPINFO_PACKAGE)
			return true;
	}
	return false;
}

static bool below_home(const struct unitfiles *f, struct span path, const char *name)
{
	CLEANUP_STR struct str dir = STR_INIT;
	path_join(&dir, f->cargo_home, name);
	return path_has_prefix(path, str_span(&dir));
}

static enum package_origin origin_of(
	const struct unitfiles *f, const struct unit_files *u, struct span main, const char *root)
{
	if (main.len != 0 && main.ptr[0] != '/')
		return ORIGIN_WORKSPACE;
	if (below_home(f, main, "registry") || below_home(f, main, "git"))
		return ORIGIN_CARGO_HOME;
	if (!has_package_files(u))
		return ORIGIN_OTHER;
	return path_has_prefix(span_of(root), span_of(f->workspace_root)) ? ORIGIN_WORKSPACE : ORIGIN_PATH;
}

bool unit_find_root(const struct unitfiles *f, struct unit_files *u, struct arena *mem)
{
	struct span main;
	if (!find_main_source(u, &main))
		return false;
	CLEANUP_STR struct str absolute = STR_INIT;
	CLEANUP_STR struct str root = STR_INIT;
	u->main_source = arena_strndup(mem, main.ptr, main.len);
	path_join(&absolute, f->workspace_root, u->main_source);
	if (root_from_depinfo(u, str_span(&absolute), &root) ||
		root_from_manifest(str_span(&absolute), &root))
		u->package_root = arena_strdup(mem, root.buf);
	u->origin = origin_of(f, u, main, root.buf);
	return u->package_root != NULL;
}

/* With a root from elsewhere: is one of the unit's own package files, below it, what the JSON's path hashes?
 */
static bool root_explains(const struct unitfiles *f, const struct unit_files *u, const char *root)
{
	const struct fingerprint *fp = u->unit->fingerprint;
	struct span below = span_of(root);
	if (path_has_prefix(below, span_of(f->workspace_root)))
		below = path_below(below, span_of(f->workspace_root));
	for (size_t i = 0; fp != NULL && has_package_files(u) && i < u->depinfo.nfile; i++) {
		CLEANUP_STR struct str path = STR_INIT;
		str_add_span(&path, below);
		str_add(&path, below.len != 0 ? "/" : "");
		str_add_span(&path, u->depinfo.file[i].path);
		if (u->depinfo.file[i].root == DEPINFO_PACKAGE &&
			fingerprint_hash_path(&u->unit->epoch, str_span(&path)) == fp->path)
			return true;
	}
	return false;
}

bool unit_borrow_root(const struct unitfiles *f, struct unit_files *u, const struct unit_files *from)
{
	const struct fingerprint *mine = u->unit->fingerprint, *theirs = from->unit->fingerprint;
	if (from->package_root == NULL || mine == NULL || theirs == NULL)
		return false;
	bool same_source = mine->path != 0 && mine->path == theirs->path;
	if (!same_source && has_package_files(u) && !root_explains(f, u, from->package_root))
		return false;
	u->package_root = from->package_root;
	u->origin = from->origin;
	return true;
}
