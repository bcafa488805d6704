/* What cargo would look at for a unit: its outputs, its reference, the files and variables it watches. */
#include "freshfacts_priv.h"

#include "steady/core/mtimewalk.h"
#include "steady/format/toml.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/workers.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

/* Entries of watched directories, all together, after which the rest counts as unchanged. */
#define MAX_WATCHED ((size_t)1000000)
/* Below this many files threads cost more than they save. */
#define PARALLEL_FROM 256
/* cargo takes CARGO_HOME for immutable from 1.69 on, from 1.73 only its git and registry. */
#define MINOR_SKIP_HOME 69
#define MINOR_SKIP_REGISTRY 73
/* From here on [env] counts for variables that rustc recorded. */
#define MINOR_DEPINFO_CONFIG 84

static bool below(struct span path, const char *dir, const char *name)
{
	CLEANUP_STR struct str full = STR_INIT;
	path_join(&full, dir, name);
	return path_has_prefix(path, str_span(&full));
}

static bool is_skipped(const struct gather *g, struct span path)
{
	const char *home = unitfiles_cargo_home(g->files);
	if (g->minor != 0 && g->minor < MINOR_SKIP_HOME)
		return false;
	if (g->minor != 0 && g->minor < MINOR_SKIP_REGISTRY)
		return path_has_prefix(path, span_of(home));
	return below(path, home, "registry") || below(path, home, "git");
}

static struct fresh_input *input_of(struct gather *g, struct span path)
{
	struct fresh_input *input = strmap_get(g->inputs, path);
	if (input != NULL)
		return input;
	input = arena_alloc(g->mem, sizeof(*input));
	input->path = arena_strndup(g->mem, path.ptr, path.len);
	(void)strmap_put(g->inputs, path, input);
	*vec_add(&g->input) = input;
	return input;
}

static void add_watch(
	struct gather *g, struct fresh_unit *u, const struct str *path, const struct depinfo_file *file)
{
	if (is_skipped(g, str_span(path)))
		return;
	struct fresh_watch *w = &u->watch[u->nwatch++];
	*w = (struct fresh_watch){.input = input_of(g, str_span(path))};
	if (file != NULL && file->has_checksum) {
		w->has_checksum = true;
		w->size = file->size;
	}
}

/* What the manifest says for one of the CARGO_PKG_ variables that cargo records since 1.85. */
static const struct {
	const char *variable, *key;
} manifest_variable[] = {
	{"CARGO_PKG_DESCRIPTION", "package.description"},
	{"CARGO_PKG_HOMEPAGE", "package.homepage"},
	{"CARGO_PKG_REPOSITORY", "package.repository"},
	{"CARGO_PKG_LICENSE", "package.license"},
	{"CARGO_PKG_LICENSE_FILE", "package.license-file"},
	{"CARGO_PKG_RUST_VERSION", "package.rust-version"},
};

static bool manifest_has(struct gather *g, const struct unit_files *f, const char *key, struct span value)
{
	struct span text, found;
	struct toml_value *doc;
	CLEANUP_CLOSE int fd = f->package_root != NULL ? fsio_open_root(f->package_root, NULL) : -1;
	if (fd < 0 || fsio_read(fd, "Cargo.toml", TOML_MAX_BYTES, g->mem, &text, NULL, NULL) != 0 ||
		toml_parse(g->mem, text, &doc, NULL) < 0)
		return true;
	const struct toml_value *item = toml_get(doc, key);
	if (item == NULL)
		return value.len == 0;
	/* Inherited from the workspace: not followed. */
	return !toml_string(item, &found) || span_eq(found, value);
}

/* Variables that cargo sets itself for rustc are compared with what it would set. */
static bool is_cargos_own(struct gather *g, const struct unit_files *f, const struct depinfo_env *env)
{
	for (size_t i = 0; i < COUNT_OF(manifest_variable); i++) {
		if (span_eq_str(env->key, manifest_variable[i].variable))
			return manifest_has(g, f, manifest_variable[i].key, env->value);
	}
	return span_eq_str(env->key, "CARGO_PKG_AUTHORS") || span_eq_str(env->key, "CARGO_PKG_README");
}

static bool has_changed(struct gather *g, const struct unit_files *f, const struct depinfo_env *env,
	struct fresh_variable *ret)
{
	const bool config = g->minor == 0 || g->minor >= MINOR_DEPINFO_CONFIG;
	struct span value = {NULL, 0};
	if (is_cargos_own(g, f, env))
		return false;
	bool is_set = cargoenv_get(g->options->env, env->key, config, &value);
	/* Which cargo will run is known only where we were started by one. */
	if (span_eq_str(env->key, "CARGO") && !is_set)
		return false;
	if (is_set == env->has_value && (!is_set || span_eq(value, env->value)))
		return false;
	*ret = (struct fresh_variable){.name = arena_strndup(g->mem, env->key.ptr, env->key.len),
		.had_value = env->has_value,
		.has_value = is_set,
		.old_value = env->value,
		.value = value};
	return true;
}

static void compare_env(struct gather *g, const struct unit_files *f, struct fresh_unit *u)
{
	struct fresh_variable *changed = arena_alloc(g->mem, sizeof(*changed));
	for (size_t i = 0; i < f->depinfo.nenv && u->changed_env == NULL; i++) {
		if (has_changed(g, f, &f->depinfo.env[i], changed))
			u->changed_env = changed;
	}
}

static void set_reference(struct gather *g, const struct unit_files *f, struct fresh_unit *u)
{
	u->reference = arena_printf(g->mem, "%s/%s", unitfiles_build_dir(g->files), f->reference.path);
	u->reference_missing = f->reference_state != REFERENCE_READ;
	if (!u->reference_missing)
		u->reference_mtime = f->reference.st.st_mtim;
}

static void watch_depinfo(struct gather *g, const struct unit_files *f, struct fresh_unit *u)
{
	CLEANUP_STR struct str path = STR_INIT;
	set_reference(g, f, u);
	if (u->reference_missing)
		return;
	if (u->nlocal != 0)
		u->by_content =
			u->local[0].method == METHOD_CHECKSUM_TRUE || u->local[0].method == METHOD_CONTENT;
	compare_env(g, f, u);
	u->watch = arena_array(g->mem, f->depinfo.nfile, sizeof(*u->watch));
	for (size_t i = 0; i < f->depinfo.nfile; i++) {
		if (unitfiles_depinfo_path(g->files, f, &f->depinfo.file[i], &path))
			add_watch(g, u, &path, &f->depinfo.file[i]);
		else
			gather_warn(g, "%s: the package's directory is not known", f->unit->directory);
	}
}

static void watch_reruns(struct gather *g, const struct unit_files *f, struct fresh_unit *u)
{
	CLEANUP_STR struct str path = STR_INIT;
	set_reference(g, f, u);
	u->watch = arena_array(g->mem, f->nrerun_path, sizeof(*u->watch));
	for (size_t i = 0; i < f->nrerun_path; i++) {
		if (unitfiles_rerun_path(f, f->rerun_path[i], &path))
			add_watch(g, u, &path, NULL);
		else
			gather_warn(g, "%s: the package's directory is not known", f->unit->directory);
	}
}

static void gather_outputs(struct gather *g, const struct unit_files *f, struct fresh_unit *u)
{
	bool rlib = false, rmeta = false;
	u->output = arena_array(g->mem, f->noutput, sizeof(*u->output));
	for (size_t i = 0; i < f->noutput; i++) {
		const struct unit_output *from = &f->outputs[i];
		u->output[u->noutput++] = (struct fresh_output){
			.path = arena_printf(g->mem, "%s/%s", unitfiles_build_dir(g->files), from->file.path),
			.present = from->file.present,
			.is_rmeta = from->is_rmeta,
			.mtime = from->file.st.st_mtim};
		rlib |= from->is_rlib;
		rmeta |= from->is_rmeta;
	}
	u->pipelined = rlib && rmeta;
}

void gather_inputs(struct gather *g, size_t i, struct fresh_unit *u)
{
	const struct unit_files *f = unitfiles_get(g->files, i);
	const struct fingerprint *fp = u->fingerprint;
	const bool overridden = fp != NULL && fp->nlocal != 0 && fp->ndep == 0 &&
		g->t->unit[i].kind == UNIT_RUN_BUILD_SCRIPT &&
		span_starts(fp->local[0].text, SPAN_LIT("overridden build state"));
	if (overridden)
		return;
	gather_outputs(g, f, u);
	if (f->reference_state == REFERENCE_NONE)
		return;
	if (g->t->unit[i].kind != UNIT_RUN_BUILD_SCRIPT)
		watch_depinfo(g, f, u);
	else if (f->nrerun_path != 0)
		watch_reruns(g, f, u);
}

struct stat_run {
	struct gather *g;
	/** `entries`: of watched directories, all together: a cache could name the root a thousand times. */
	atomic_size_t done, gaveup, entries;
};

static void stat_one(void *ctx, unsigned worker, size_t i)
{
	(void)worker;
	struct stat_run *run = ctx;
	struct fresh_input *input = run->g->input.data[i];
	struct stat st;
	size_t entries, before = atomic_load(&run->entries);
	size_t limit = before < MAX_WATCHED ? MAX_WATCHED - before : 0;
	int code = mtime_recursive_within(input->path, limit, &entries, &input->mtime, NULL);
	atomic_fetch_add(&run->entries, entries);
	input->missing = code == FSIO_MISSING;
	if (code < 0)
		atomic_fetch_add(&run->gaveup, 1);
	if (code == 0 && stat(input->path, &st) == 0 && S_ISREG(st.st_mode))
		input->size = (uint64_t)st.st_size;
	progress_to(run->g->options->progress, atomic_fetch_add(&run->done, 1) + 1, run->g->input.len);
}

void gather_stat(struct gather *g)
{
	struct stat_run run = {.g = g};
	unsigned threads = g->input.len >= PARALLEL_FROM ? workers_count() : 1;
	workers_for(g->input.len, threads, stat_one, &run);
	if (atomic_load(&run.gaveup) != 0)
		gather_warn(g,
			"%zu watched directories hold too many files to look at; they count as unchanged",
			atomic_load(&run.gaveup));
}
