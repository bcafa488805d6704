/* What lies outside of an environment and is imported from there: editable installations. */
#include "pydist_priv.h"

#include "steady/format/toml.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <string.h>
#include <unistd.h>

/* Directories above one that is imported from, in which its project's file may lie: src/, python/, lib/python/. */
#define MAX_UP 3

static bool has_file(struct span directory, const char *name)
{
	CLEANUP_STR struct str path = STR_INIT;
	str_printf(&path, "%.*s/%s", SPAN_ARG(directory), name);
	return access(path.buf, F_OK) == 0;
}

static bool names_cargo(struct span text)
{
	static const char *const words[] = {
		"maturin", "setuptools-rust", "setuptools_rust", "RustExtension", "cargo"};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (span_find_span(text, span_of(words[i])) != text.len)
			return true;
	}
	return false;
}

/* Of pyproject.toml, what builds; the rest may speak of anything. */
static bool builds_with_cargo(struct arena *mem, struct span text)
{
	struct toml_value *doc;
	struct span word;
	if (toml_parse(mem, text, &doc, NULL) < 0)
		return false;
	bool any = toml_get(doc, "tool.maturin") != NULL || toml_get(doc, "tool.setuptools-rust") != NULL ||
		(toml_string(toml_get(doc, "build-system.build-backend"), &word) && names_cargo(word));
	toml_each (item, toml_get(doc, "build-system.requires"))
		any |= toml_string(item, &word) && names_cargo(word);
	return any;
}

static const char *const project_file[] = {"pyproject.toml", "setup.py", "setup.cfg"};

static bool is_project(struct span directory)
{
	bool any = false;
	for (size_t i = 0; i < COUNT_OF(project_file); i++)
		any |= has_file(directory, project_file[i]);
	return any;
}

/* Does the project's build run cargo? One without a file that tells is built by hand. */
static bool is_built_by_cargo(const struct pydist *dist, struct span directory)
{
	struct span text;
	for (size_t i = 0; i < COUNT_OF(project_file); i++) {
		const char *path = arena_printf(dist->mem, "%.*s/%s", SPAN_ARG(directory), project_file[i]);
		int code = pydist_read_bytes(path, PYDIST_MAX_SMALL, dist->mem, &text);
		if (code == 0 && (i == 0 ? builds_with_cargo(dist->mem, text) : names_cargo(text)))
			return true;
	}
	return !is_project(directory) && has_file(directory, "Cargo.toml");
}

/*
 * Nobody's build needs it to be there already, and its files change with each edit. It lies where the manifests lie, in the
 * workspace or above. Where many environments have one name nobody installs the project itself.
 */
bool pydist_is_own(const struct pydist *dist, struct span directory)
{
	struct span root = span_of(dist->workspace_root);
	return !dist->env->pinned && (path_has_prefix(root, directory) || path_has_prefix(directory, root)) &&
		is_built_by_cargo(dist, directory);
}

bool pydist_is_in_own(const struct pydist *dist, struct span directory)
{
	for (unsigned up = 0; up <= MAX_UP && directory.len > 1; up++) {
		if (is_project(directory) || has_file(directory, "Cargo.toml"))
			return pydist_is_own(dist, directory);
		directory = path_dir(directory);
	}
	return false;
}

struct tree {
	struct pydist *dist;
	const char *directory;
};

/* Hidden ones cannot be imported from; the others are told by what their makers put into them. */
static bool is_passed_over(const struct tree *tree, const char *path)
{
	static const char *const sign[] = {"CACHEDIR.TAG", "pyvenv.cfg"};
	CLEANUP_STR struct str full = STR_INIT;
	struct span name = path_base(span_of(path));
	if (name.ptr[0] == '.' || span_eq_str(name, "node_modules"))
		return true;
	str_printf(&full, "%s/%s", tree->directory, path);
	for (size_t i = 0; i < COUNT_OF(sign); i++) {
		if (has_file(str_span(&full), sign[i]))
			return true;
	}
	return has_file(str_span(&full), "Cargo.toml") && pydist_is_own(tree->dist, str_span(&full));
}

static bool is_imported(const char *path, bool is_directory, const void *ctx)
{
	const struct tree *tree = ctx;
	struct pydist *dist = tree->dist;
	if (is_directory ? is_passed_over(tree, path) : span_ends(span_of(path), SPAN_LIT(".pyc")))
		return false;
	if (dist->budget == 0) {
		pydist_give_up(dist,
			arena_printf(dist->mem, "leads to %s, which holds too many files", tree->directory));
		return false;
	}
	dist->budget--;
	return true;
}

static struct pydist_item *find_item(struct pydist *dist, const char *name)
{
	vec_each (item, &dist->item) {
		if (item->version == NULL && strcmp(item->name, name) == 0)
			return item;
	}
	return NULL;
}

void pydist_add_tree(struct pydist *dist, const char *directory)
{
	struct tree tree = {dist, directory};
	if (dist->why != NULL || find_item(dist, directory) != NULL)
		return;
	struct pydist_item item = {
		.name = directory, .listing = arena_alloc(dist->mem, sizeof(struct listing))};
	item.listing->filter = is_imported;
	item.listing->ctx = &tree;
	item.listing->births = true;
	listing_walk(dist->mem, dist->contents, directory, item.listing);
	item.listing->ctx = NULL;
	*vec_add(&dist->item) = item;
}

/* A module's package, or else its one file; either may come to be there later. */
static bool add_module(struct pydist *dist, const char *path)
{
	const char *file = arena_printf(dist->mem, "%s.py", path);
	pydist_add_tree(dist, path);
	if (has_file(span_of(path), "__init__.py"))
		return true;
	if (access(file, F_OK) != 0)
		return access(path, F_OK) == 0;
	if (find_item(dist, file) == NULL)
		*vec_add(&dist->item) =
			(struct pydist_item){.name = file, .content = contents_want(dist->contents, file)};
	return true;
}

/* The paths among the strings of a dictionary, as Python prints it. False for what is not only that. */
static bool add_strings(struct pydist *dist, struct span text)
{
	if (span_find(text, '\\') != text.len)
		return false;
	while (text.len != 0) {
		char quote = text.ptr[0];
		text = span_skip(text, 1);
		if (quote != '\'' && quote != '"') {
			if (strchr("{}[]:, ", quote) == NULL)
				return false;
			continue;
		}
		size_t len = span_find(text, quote);
		if (len == text.len)
			return false;
		CLEANUP_STR struct str normal = STR_INIT;
		path_normalize(&normal, span_make(text.ptr, len));
		if (text.ptr[0] == '/' && !pydist_is_in_own(dist, str_span(&normal)) &&
			!add_module(dist, arena_strdup(dist->mem, normal.buf)))
			return false;
		text = span_skip(text, len + 1);
	}
	return true;
}

static bool is_dictionary(struct span line, const char *name, struct span *ret)
{
	size_t at = span_find(line, '{');
	*ret = span_trim(span_skip(line, at));
	return span_starts(line, span_of(name)) && at != line.len && span_ends(*ret, SPAN_LIT("}")) &&
		span_find_span(span_make(line.ptr, at), SPAN_LIT("= ")) != at;
}

void pydist_add_finder(struct pydist *dist, const char *path)
{
	struct span text, line, strings;
	bool known = span_ends(span_of(path), SPAN_LIT("_finder.py")) &&
		pydist_read_file(dist, path, PYDIST_MAX_SMALL, &text) == 0;
	unsigned seen = 0;
	while (known && span_next_line(&text, &line)) {
		bool mapping = span_starts(line, SPAN_LIT("MAPPING")),
		     names = span_starts(line, SPAN_LIT("NAMESPACES"));
		if (!mapping && !names)
			continue;
		known = is_dictionary(line, mapping ? "MAPPING" : "NAMESPACES", &strings) &&
			add_strings(dist, strings);
		seen += mapping;
	}
	if (!known || seen != 1)
		pydist_give_up(dist,
			arena_printf(dist->mem,
				"holds %s, an editable installation of a kind that is not known",
				path_base(span_of(path)).ptr));
}
