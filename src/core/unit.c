#include "target_priv.h"

#include "steady/core/aside.h"
#include "steady/core/recordfile.h"
#include "steady/util/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum unit_kind kind;
	const char *name;
} kind_name[] = {
	{UNIT_LIB, "lib"},
	{UNIT_BIN, "bin"},
	{UNIT_EXAMPLE, "example"},
	{UNIT_TEST, "test"},
	{UNIT_BENCH, "bench"},
	{UNIT_BUILD_SCRIPT, "build-script"},
	{UNIT_RUN_BUILD_SCRIPT, "run-build-script"},
	{UNIT_DOC, "doc"},
	{UNIT_OTHER, "other"},
};

const char *unit_kind_name(enum unit_kind kind)
{
	for (size_t i = 0; i < COUNT_OF(kind_name); i++) {
		if (kind_name[i].kind == kind)
			return kind_name[i].name;
	}
	return "other";
}

/* The forms of base names, the longer ones first; what follows is the target's name. */
static const struct {
	const char *prefix;
	enum unit_kind kind;
} base_form[] = {
	{"run-build-script-", UNIT_RUN_BUILD_SCRIPT},
	{"build-script-", UNIT_BUILD_SCRIPT},
	{"test-integration-test-", UNIT_TEST},
	{"test-example-", UNIT_TEST},
	{"test-bench-", UNIT_BENCH},
	{"test-lib-", UNIT_TEST},
	{"test-bin-", UNIT_TEST},
	{"doc-example-", UNIT_DOC},
	{"doc-lib-", UNIT_DOC},
	{"doc-bin-", UNIT_DOC},
	{"integration-test-", UNIT_TEST},
	{"example-", UNIT_EXAMPLE},
	{"bench-", UNIT_BENCH},
	{"lib-", UNIT_LIB},
	{"bin-", UNIT_BIN},
};

static void set_kind(struct unit *u)
{
	u->kind = UNIT_OTHER;
	u->target = u->base;
	for (size_t i = 0; i < COUNT_OF(base_form); i++) {
		size_t len = strlen(base_form[i].prefix);
		if (strncmp(u->base, base_form[i].prefix, len) == 0) {
			u->kind = base_form[i].kind;
			u->target = u->base + len;
			return;
		}
	}
}

char *unit_hash_path(struct arena *mem, const struct unit *u)
{
	return arena_printf(mem, "%s/%s", u->directory, u->base);
}

char *unit_json_path(struct arena *mem, const struct unit *u)
{
	return arena_printf(mem, "%s/%s.json", u->directory, u->base);
}

char *unit_run_dir(struct arena *mem, const struct unit *u)
{
	const char join = u->layout == LAYOUT_OLD ? '-' : '/';
	return arena_printf(mem, "%s/build/%s%c%s", u->place->path, u->package, join, u->meta);
}

char *unit_output_path(struct arena *mem, const struct unit *u)
{
	return arena_printf(
		mem, "%s/%s", unit_run_dir(mem, u), u->layout == LAYOUT_OLD ? "output" : "run/stdout");
}

char *unit_out_dir(struct arena *mem, const struct unit *u)
{
	return arena_printf(mem, "%s/out", unit_run_dir(mem, u));
}

char *unit_title(struct arena *mem, const struct unit *u)
{
	return arena_printf(mem, "%s%s%s (%s, %s)", u->package, u->version != NULL ? " v" : "",
		u->version != NULL ? u->version : "", unit_kind_name(u->kind), u->place->path);
}

struct reader {
	int fd;
	const struct unit_dir *dir;
	const struct dir_list *list;
	struct arena *mem;
	bool whole;
	struct warning_list *warnings;
};

/* Reads a small file of the directory; false where it is absent or not to be trusted (then a warning is
 * kept). */
static bool read_file(struct reader *r, const char *name, size_t max, struct span *ret, struct stat *ret_stat)
{
	struct err err = ERR_INIT;
	int code = arena_used(r->mem) < TARGET_MAX_MEMORY
		? fsio_read(r->fd, name, max, r->mem, ret, ret_stat, &err)
		: err_set(&err, EFBIG, "%s is too much: what was read before it fills the memory set aside",
			  name);
	if (code < 0)
		target_warn(r->warnings, r->mem, "%s: %s; left out", r->dir->path, err.msg);
	return code == 0;
}

static void read_hash(struct reader *r, struct unit *u)
{
	struct span text;
	struct stat st;
	if (!read_file(r, u->base, HASHFILE_LEN + 64, &text, &st))
		return;
	u->hash_mtime = st.st_mtim;
	u->hash_mode = st.st_mode;
	if (text.len == 0)
		u->hash_state = HASH_EMPTY;
	else
		u->hash_state = hashfile_parse(text, &u->hash) ? HASH_PRESENT : HASH_FOREIGN;
}

/* What one thread keeps of a tree: large files are read as long as there is room for many, small ones (all real
 * ones are) much longer. A tree made to fill the memory ends here. */
#define ROOMY ((size_t)32 * 1024 * 1024)
#define FULL ((size_t)256 * 1024 * 1024)
#define SMALL_JSON ((size_t)64 * 1024)

static size_t json_limit(const struct arena *mem)
{
	size_t used = arena_used(mem);
	if (used > ROOMY)
		return used > FULL ? 0 : SMALL_JSON;
	return FINGERPRINT_MAX_BYTES;
}

static void read_json(struct reader *r, struct unit *u, const char *name)
{
	struct span text;
	struct stat st;
	if (!read_file(r, name, json_limit(r->mem), &text, &st))
		return;
	u->json_mtime = st.st_mtim;
	u->json_mode = st.st_mode;
	struct err err = ERR_INIT;
	struct fingerprint *fp = arena_alloc(r->mem, sizeof(*fp));
	if (fingerprint_parse(r->mem, text, fp, &err) == 0) {
		u->fingerprint = fp;
		return;
	}
	if (u->hash_state == HASH_PRESENT)
		u->proof = PROOF_FAILED;
	target_warn(r->warnings, r->mem, "%s/%s: %s; the unit is left alone", r->dir->path, name, err.msg);
}

/* A registry package's script without rerun-if hashes the version instead of files. */
static void version_from_local(struct reader *r, struct unit *u)
{
	const struct fingerprint *fp = u->fingerprint;
	if (fp == NULL || fp->nlocal != 1 || fp->local[0].kind != LOCAL_PRECALCULATED)
		return;
	if (is_version(fp->local[0].text))
		u->version = arena_strndup(r->mem, fp->local[0].text.ptr, fp->local[0].text.len);
}

static bool is_reserved_name(const char *name)
{
	return strncmp(name, "dep-", 4) == 0 || strncmp(name, "output-", 7) == 0 ||
		strcmp(name, "invoked.timestamp") == 0 || name[0] == '.' || strncmp(name, "steady", 6) == 0;
}

static int by_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct dir_entry *)entry)->name);
}

static bool has_entry(const struct dir_list *list, const char *name)
{
	return bsearch(name, list->entry, list->count, sizeof(*list->entry), by_name) != NULL;
}

/* The entry with this name, or NULL. */
static const char *find_named(const struct reader *r, const char *prefix, const char *base)
{
	char name[NAME_MAX + 1];
	size_t head = strlen(prefix), tail = strlen(base);
	if (head + tail >= sizeof(name))
		return NULL;
	memcpy(name, prefix, head);
	memcpy(name + head, base, tail + 1);
	const struct dir_entry *found =
		bsearch(name, r->list->entry, r->list->count, sizeof(*r->list->entry), by_name);
	return found != NULL ? found->name : NULL;
}

/* A file that the directory is known to hold; nothing where that fails: whoever needs it tries again, and says why. */
static struct span read_entry(
	struct reader *r, const char *prefix, const char *base, size_t max, struct stat *ret_stat)
{
	struct span bytes = {NULL, 0};
	const char *name = find_named(r, prefix, base);
	if (name != NULL && arena_used(r->mem) < ROOMY)
		(void)fsio_read(r->fd, name, max, r->mem, &bytes, ret_stat, NULL);
	return bytes;
}

static void read_beside(struct reader *r, struct unit *u)
{
	struct unit_beside *beside = arena_alloc(r->mem, sizeof(*beside));
	beside->record = read_entry(r, RECORDFILE_PREFIX, u->base, RECORD_MAX_BYTES, &beside->record_stat);
	u->beside = beside;
	/* Those of a script's run lie elsewhere. */
	if (u->kind == UNIT_RUN_BUILD_SCRIPT)
		return;
	beside->depinfo = read_entry(r, "dep-", u->base, DEPINFO_MAX_BYTES, &beside->depinfo_stat);
	beside->has_invoked = fsio_stat(r->fd, "invoked.timestamp", &beside->invoked, NULL) == 0;
}

static void add_unit(struct reader *r, struct unit_list *units, const char *base, const char *json)
{
	struct unit u = {.place = r->dir->place,
		.layout = r->dir->layout,
		.directory = r->dir->path,
		.base = base,
		.package = r->dir->package,
		.meta = r->dir->meta};
	set_kind(&u);
	u.has_record = find_named(r, RECORDFILE_PREFIX, base) != NULL;
	u.has_aside = find_named(r, ASIDE_PREFIX, base) != NULL;
	read_hash(r, &u);
	if (json != NULL)
		read_json(r, &u, json);
	version_from_local(r, &u);
	if (r->whole)
		read_beside(r, &u);
	*vec_add(units) = u;
}

void unit_dir_read(int fd, const struct unit_dir_request *rq, struct unit_list *units)
{
	struct err err = ERR_INIT;
	struct dir_list list;
	struct reader r = {fd, rq->dir, &list, rq->mem, rq->whole, rq->warnings};
	if (fsio_list(fd, TARGET_MAX_ENTRIES, rq->mem, &list, &err) < 0) {
		target_warn(rq->warnings, rq->mem, "%s: %s; left out", rq->dir->path, err.msg);
		return;
	}
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.entry[i].name;
		size_t len = strlen(name);
		if (is_reserved_name(name))
			continue;
		if (len > 5 && strcmp(name + len - 5, ".json") == 0) {
			const char *base = arena_strndup(rq->mem, name, len - 5);
			add_unit(&r, units, base, name);
			continue;
		}
		const char *json = arena_printf(rq->mem, "%s.json", name);
		struct unit probe = {.base = name};
		set_kind(&probe);
		if (probe.kind != UNIT_OTHER && !has_entry(&list, json))
			add_unit(&r, units, name, NULL);
	}
}
