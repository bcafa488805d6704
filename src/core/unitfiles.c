#include "unitfiles_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/workers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below this many units threads cost more than they save. */
#define PARALLEL_FROM 64

const char *package_origin_name(enum package_origin origin)
{
	static const char *const name[] = {"unknown", "workspace", "path", "cargo-home", "other"};
	return name[origin];
}

/* Reads a file of at most `max` bytes; `*ret_state` says how that went. */
static struct span read_reference(struct unit_reader *r, struct unit_files *u, size_t max)
{
	const struct unit_beside *beside = u->unit->beside;
	struct span bytes = {NULL, 0};
	if (u->unit->kind != UNIT_RUN_BUILD_SCRIPT && beside != NULL && beside->depinfo.ptr != NULL) {
		u->reference.st = beside->depinfo_stat;
		u->reference.present = true;
		u->reference_state = REFERENCE_READ;
		return beside->depinfo;
	}
	int code = fsnear_read(&r->own, u->reference.path, max, r->mem, &bytes, &u->reference.st, NULL);
	u->reference.present = code == 0;
	u->reference_state = code == 0 ? REFERENCE_READ
		: code == FSIO_MISSING ? REFERENCE_MISSING
				       : REFERENCE_DAMAGED;
	if (code < 0)
		unit_file_stat(&r->own, &u->reference);
	return bytes;
}

static void read_depinfo(struct unit_reader *r, struct unit_files *u)
{
	const struct fingerprint *fp = u->unit->fingerprint;
	const struct local *local = fp != NULL && fp->nlocal != 0 ? &fp->local[0] : NULL;
	if (u->unit->kind == UNIT_DOC && (local == NULL || local->kind != LOCAL_CHECK_DEP_INFO))
		return;
	u->reference.path = arena_printf(r->mem, "%s/dep-%s", u->unit->directory, u->unit->base);
	struct span bytes = read_reference(r, u, DEPINFO_MAX_BYTES);
	bool has_method =
		local != NULL && local->kind == LOCAL_CHECK_DEP_INFO && local->method != METHOD_ABSENT;
	if (u->reference_state == REFERENCE_READ &&
		depinfo_parse(r->mem, bytes, has_method, &u->depinfo, NULL) < 0)
		u->reference_state = REFERENCE_DAMAGED;
}

static void read_run(struct unit_reader *r, struct unit_files *u)
{
	u->reference.path = unit_output_path(r->mem, u->unit);
	struct span bytes = read_reference(r, u, BUILDOUTPUT_MAX_BYTES);
	if (u->reference_state == REFERENCE_READ)
		build_output_parse(r->mem, bytes, &u->output);
	u->outputs = arena_alloc(r->mem, sizeof(*u->outputs));
	u->outputs[0].file = u->reference;
	u->noutput = 1;
}

static void read_unit(struct unit_reader *r, struct unit_files *u)
{
	const bool is_run = u->unit->kind == UNIT_RUN_BUILD_SCRIPT;
	if (is_run) {
		read_run(r, u);
	} else {
		read_depinfo(r, u);
		unit_read_outputs(r, u);
	}
	const char *dir = is_run ? unit_run_dir(r->mem, u->unit) : u->unit->directory;
	const bool below_run = is_run && u->unit->layout == LAYOUT_NEW;
	u->invoked.path = arena_printf(r->mem, "%s%s/invoked.timestamp", dir, below_run ? "/run" : "");
	if (!is_run && u->unit->beside != NULL && u->unit->beside->has_invoked) {
		u->invoked.present = true;
		u->invoked.st = u->unit->beside->invoked;
	} else {
		unit_file_stat(&r->own, &u->invoked);
	}
}

static void preload_one(void *ctx, unsigned worker, size_t i)
{
	struct unitfiles *f = ctx;
	if (f->state[i] != LOAD_NONE)
		return;
	struct unit_reader *r = &f->part[worker];
	read_unit(r, &f->unit[i]);
	(void)unit_find_root(f, &f->unit[i], r->mem);
	f->state[i] = LOAD_ROOTED;
}

/* The directories that it holds open. */
static void close_reader(struct unit_reader *r)
{
	fsnear_release(&r->own);
	fsnear_release(&r->out);
	fsnear_release(&r->doc);
}

void unitfiles_preload(struct unitfiles *f)
{
	workers_for(f->t->count, f->t->count >= PARALLEL_FROM ? f->nparts : 1, preload_one, f);
	for (unsigned i = 0; i < f->nparts; i++)
		close_reader(&f->part[i]);
	for (size_t i = 0; i < f->t->count; i++)
		(void)unitfiles_get(f, i);
}

static void ensure_read(struct unitfiles *f, size_t i)
{
	if (f->state[i] == LOAD_NONE) {
		read_unit(&f->reader, &f->unit[i]);
		f->state[i] = LOAD_READ;
	}
	if (f->state[i] == LOAD_READ) {
		(void)unit_find_root(f, &f->unit[i], f->mem);
		f->state[i] = LOAD_ROOTED;
	}
}

static bool borrow_from(struct unitfiles *f, size_t i, size_t from)
{
	if (from == i || from == UNIT_NONE)
		return false;
	ensure_read(f, from);
	return unit_borrow_root(f, &f->unit[i], &f->unit[from]);
}

/*
 * A script's run knows no sources, a doc unit has no .d file, and some caches drop .d files: the script, or
 * another unit of the package, tells. One with the same crate root is best.
 */
static void borrow_root(struct unitfiles *f, size_t i)
{
	const struct unit *u = &f->t->unit[i];
	const struct fingerprint *fp = u->fingerprint;
	if (fp == NULL)
		return;
	/* A run depends on its own script, and on the runs of scripts with `links` among the dependencies. */
	for (size_t d = 0; u->kind == UNIT_RUN_BUILD_SCRIPT && d < fp->ndep; d++) {
		size_t dep = u->dep[d];
		if (dep != UNIT_NONE && f->t->unit[dep].kind == UNIT_BUILD_SCRIPT && borrow_from(f, i, dep))
			return;
	}
	size_t first = (size_t)(uintptr_t)strmap_get(f->by_package, span_of(u->package));
	for (int pass = 0; pass < 2; pass++) {
		for (size_t k = first; k != 0; k = f->next_same[k - 1]) {
			const struct unit *other = &f->t->unit[k - 1];
			bool same = other->fingerprint != NULL && other->fingerprint->path == fp->path;
			bool script = u->kind == UNIT_RUN_BUILD_SCRIPT && other->kind == UNIT_BUILD_SCRIPT;
			if ((pass == 1 || same || script) && borrow_from(f, i, k - 1))
				return;
		}
	}
}

/* Replaces every occurrence of `from`, as Rust's str::replace. */
static struct span replace_all(struct arena *mem, struct span text, struct span from, struct span to)
{
	if (from.len == 0 || span_find_span(text, from) == text.len)
		return text;
	CLEANUP_STR struct str out = STR_INIT;
	while (text.len != 0) {
		size_t at = span_find_span(text, from);
		str_add_span(&out, span_make(text.ptr, at));
		if (at == text.len)
			break;
		str_add_span(&out, to);
		text = span_skip(text, at + from.len);
	}
	return span_make(arena_strndup(mem, out.buf, out.len), out.len);
}

/* OUT_DIR when the script ran; cargo's root-output holds it. */
static struct span old_out_dir(const struct unitfiles *f, const struct unit *u)
{
	const char *path = arena_printf(
		f->mem, "%s%s/root-output", unit_run_dir(f->mem, u), u->layout == LAYOUT_NEW ? "/run" : "");
	struct span text = {NULL, 0};
	if (fsio_read(f->t->fd, path, (size_t)PATH_MAX * 4, f->mem, &text, NULL, NULL) != 0)
		return span_make(NULL, 0);
	return text;
}

static struct span strip_root(const struct unit_files *u, struct span path)
{
	if (u->package_root == NULL || !path_has_prefix(path, span_of(u->package_root)))
		return path;
	return path_below(path, span_of(u->package_root));
}

/* [KIND=]DIRECTORY */
static void derive_search(struct unit_files *u, struct span value)
{
	size_t kind = span_find(value, '=');
	bool has_kind = kind < value.len && kind < span_find(value, '/');
	u->link_search[u->nlink_search++] = has_kind ? span_skip(value, kind + 1) : value;
}

static void derive_reruns(struct unitfiles *f, struct unit_files *u)
{
	if (u->reference_state != REFERENCE_READ)
		return;
	struct span from = old_out_dir(f, u->unit);
	const char *to = arena_printf(f->mem, "%s/%s", f->build_dir, unit_out_dir(f->mem, u->unit));
	u->rerun_path = arena_array(f->mem, u->output.count, sizeof(*u->rerun_path));
	u->rerun_env = arena_array(f->mem, u->output.count, sizeof(*u->rerun_env));
	u->link_search = arena_array(f->mem, u->output.count, sizeof(*u->link_search));
	for (size_t i = 0; i < u->output.count; i++) {
		const struct output_line *line = &u->output.line[i];
		bool search = line->kind == OUTPUT_INSTRUCTION && span_eq_str(line->key, "rustc-link-search");
		if (line->kind != OUTPUT_RERUN_IF_CHANGED && line->kind != OUTPUT_RERUN_IF_ENV_CHANGED &&
			!search)
			continue;
		struct span value = replace_all(f->mem, line->value, from, span_of(to));
		if (line->kind == OUTPUT_RERUN_IF_CHANGED)
			u->rerun_path[u->nrerun_path++] = strip_root(u, value);
		else if (search)
			derive_search(u, value);
		else
			u->rerun_env[u->nrerun_env++] = value;
	}
}

const struct unit_files *unitfiles_get(struct unitfiles *f, size_t i)
{
	ensure_read(f, i);
	struct unit_files *u = &f->unit[i];
	if (f->state[i] == LOAD_DONE)
		return u;
	f->state[i] = LOAD_DONE;
	if (u->package_root == NULL)
		borrow_root(f, i);
	if (u->unit->kind == UNIT_RUN_BUILD_SCRIPT)
		derive_reruns(f, u);
	return u;
}

/* Absolute and in normal form; a relative path starts at the working directory. */
static const char *absolute(struct arena *mem, const char *path)
{
	char cwd[PATH_MAX];
	CLEANUP_STR struct str joined = STR_INIT;
	CLEANUP_STR struct str normal = STR_INIT;
	path_join(&joined, path[0] != '/' && getcwd(cwd, sizeof(cwd)) != NULL ? cwd : "", path);
	path_normalize(&normal, str_span(&joined));
	return arena_strdup(mem, normal.buf);
}

static const char *default_cargo_home(struct arena *mem)
{
	const char *home = getenv("CARGO_HOME");
	if (home != NULL && home[0] != '\0')
		return absolute(mem, home);
	home = getenv("HOME");
	return arena_printf(mem, "%s/.cargo", home != NULL ? home : "");
}

static void index_packages(struct unitfiles *f)
{
	f->by_package = strmap_new();
	f->next_same = arena_array(f->mem, f->t->count, sizeof(*f->next_same));
	for (size_t i = f->t->count; i-- > 0;) {
		void *next =
			strmap_put(f->by_package, span_of(f->t->unit[i].package), (void *)(uintptr_t)(i + 1));
		f->next_same[i] = (size_t)(uintptr_t)next;
	}
}

static struct unit_reader reader_new(const struct unitfiles *f, struct arena *mem)
{
	return (struct unit_reader){
		.f = f,
		.mem = mem,
		.own = FSNEAR_INIT(f->t->fd),
		.out = FSNEAR_INIT(f->t->fd),
		.doc = FSNEAR_INIT(f->target_fd >= 0 ? f->target_fd : f->t->fd),
	};
}

int unitfiles_open(const struct target *t, const struct unitfiles_options *options, struct unitfiles **ret,
	struct err *err)
{
	int target_fd = -1;
	if (options->target_dir != NULL) {
		target_fd = fsio_open_root(options->target_dir, err);
		if (target_fd < 0)
			return target_fd;
	}
	struct unitfiles *f = xcalloc(1, sizeof(*f));
	f->t = t;
	f->target_fd = target_fd;
	f->mem = arena_new();
	f->nparts = workers_count();
	f->part = arena_array(f->mem, f->nparts, sizeof(*f->part));
	for (unsigned i = 0; i < f->nparts; i++)
		f->part[i] = reader_new(f, arena_new());
	f->reader = reader_new(f, f->mem);
	f->unit = arena_array(f->mem, t->count, sizeof(*f->unit));
	f->state = arena_array(f->mem, t->count, 1);
	for (size_t i = 0; i < t->count; i++)
		f->unit[i].unit = &t->unit[i];
	f->workspace_root = absolute(f->mem, options->workspace_root);
	f->build_dir = absolute(f->mem, t->path);
	f->cargo_home = options->cargo_home != NULL ? absolute(f->mem, options->cargo_home)
						    : default_cargo_home(f->mem);
	index_packages(f);
	*ret = f;
	return 0;
}

struct unitfiles *unitfiles_free(struct unitfiles *f)
{
	if (f == NULL)
		return NULL;
	(void)strmap_free(f->by_package);
	for (unsigned i = 0; i < f->nparts; i++) {
		close_reader(&f->part[i]);
		(void)arena_free(f->part[i].mem);
	}
	close_reader(&f->reader);
	steady_cleanup_close(&f->target_fd);
	(void)arena_free(f->mem);
	free(f);
	return NULL;
}

void unitfiles_cleanup(struct unitfiles **f)
{
	*f = unitfiles_free(*f);
}

const char *unitfiles_workspace_root(const struct unitfiles *f)
{
	return f->workspace_root;
}

struct timespec unitfiles_began(const struct unitfiles *f)
{
	return f->t->began;
}

const char *unitfiles_build_dir(const struct unitfiles *f)
{
	return f->build_dir;
}

bool unitfiles_same_dirs(const struct unitfiles *f)
{
	return f->target_fd < 0;
}

const char *unitfiles_cargo_home(const struct unitfiles *f)
{
	return f->cargo_home;
}

static void join_span(struct str *out, const char *dir, struct span name)
{
	str_clear(out);
	if (name.len == 0 || name.ptr[0] != '/') {
		str_add(out, dir);
		str_add(out, name.len != 0 ? "/" : "");
	}
	str_add_span(out, name);
}

bool unitfiles_depinfo_path(const struct unitfiles *f, const struct unit_files *u,
	const struct depinfo_file *file, struct str *out)
{
	const char *dir = file->root == DEPINFO_BUILD ? f->build_dir : u->package_root;
	if (dir == NULL)
		return false;
	join_span(out, dir, file->path);
	return true;
}

bool unitfiles_rerun_path(const struct unit_files *u, struct span path, struct str *out)
{
	bool is_absolute = path.len != 0 && path.ptr[0] == '/';
	if (!is_absolute && u->package_root == NULL)
		return false;
	join_span(out, is_absolute ? "" : u->package_root, path);
	return true;
}
