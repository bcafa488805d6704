#include "target_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"
#include "steady/util/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Below this many directories threads cost more than they save. */
#define PARALLEL_FROM 64
/* Toolchains that may have left units behind; in a hostile tree every unit could claim another one. */
#define MAX_TOOLCHAINS 64
/* Units that may share one hash: a script's run for the host and each triple. */
#define MAX_CANDIDATES 64

/* What one thread reads; units keep the index of their directory so that the order does not depend on
 * threads. */
struct part {
	struct arena *mem;
	struct unit_list units;
	struct warning_list warnings;
	/* Open <profile>/.fingerprint of the last directory read: its neighbours are one short step away. */
	const struct profile_dir *place;
	int fingerprints;
};

struct load {
	const struct target *t;
	const struct unit_dir_list *dirs;
	bool whole;
	struct part part[8];
};

static int open_unit_dir(struct part *part, int buildfd, const struct unit_dir *dir, struct err *err)
{
	if (dir->layout == LAYOUT_NEW)
		return fsio_open_dir(buildfd, dir->path, err);
	struct span path = span_of(dir->path);
	struct span parent = path_dir(path);
	if (part->place != dir->place) {
		steady_cleanup_close(&part->fingerprints);
		part->place = dir->place;
		part->fingerprints =
			fsio_open_dir(buildfd, arena_strndup(part->mem, parent.ptr, parent.len), err);
	}
	return part->fingerprints < 0 ? part->fingerprints
				      : fsio_open_dir(part->fingerprints, dir->path + parent.len + 1, err);
}

static void read_one(void *ctx, unsigned worker, size_t i)
{
	struct load *load = ctx;
	struct part *part = &load->part[worker];
	const struct unit_dir *dir = &load->dirs->data[i];
	struct err err = ERR_INIT;
	CLEANUP_CLOSE int fd = open_unit_dir(part, load->t->fd, dir, &err);
	if (fd < 0)
		target_warn(&part->warnings, part->mem, "%s: %s; left out", dir->path, err.msg);
	else
		unit_dir_read(fd, &(struct unit_dir_request){dir, part->mem, load->whole, &part->warnings},
			&part->units);
}

static int by_directory(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;
	int order = strcmp(x->directory, y->directory);
	return order != 0 ? order : strcmp(x->base, y->base);
}

static void keep_warnings(struct target *t, const struct warning_list *list)
{
	size_t room = TARGET_MAX_WARNINGS - t->nwarning;
	size_t take = list->len < room ? list->len : room;
	if (take != 0)
		memcpy(t->warning + t->nwarning, list->data, take * sizeof(*t->warning));
	t->nwarning += take;
}

static void read_units(struct target *t, const struct unit_dir_list *dirs, bool whole)
{
	unsigned threads = dirs->len >= PARALLEL_FROM ? workers_count() : 1;
	struct load load = {.t = t, .dirs = dirs, .whole = whole};
	t->part = arena_array(t->mem, threads, sizeof(*t->part));
	t->npart = threads;
	for (unsigned i = 0; i < threads; i++) {
		t->part[i] = load.part[i].mem = arena_new();
		load.part[i].fingerprints = -1;
	}
	workers_for(dirs->len, threads, read_one, &load);

	for (unsigned i = 0; i < threads; i++)
		t->count += load.part[i].units.len;
	t->unit = arena_array(t->mem, t->count, sizeof(*t->unit));
	size_t at = 0;
	for (unsigned i = 0; i < threads; i++) {
		struct part *part = &load.part[i];
		if (part->units.len != 0)
			memcpy(t->unit + at, part->units.data, part->units.len * sizeof(*t->unit));
		at += part->units.len;
		keep_warnings(t, &part->warnings);
		steady_cleanup_close(&part->fingerprints);
		vec_release(&part->units);
		vec_release(&part->warnings);
	}
	if (t->count != 0)
		qsort(t->unit, t->count, sizeof(*t->unit), by_directory);
}

/* Units of one toolchain: the same `rustc` value and the same hasher share one Path algorithm. */
struct toolchain {
	uint64_t rustc;
	enum fingerprint_hasher hasher;
	/** How many units each algorithm explains, of those whose hash depends on it. */
	size_t matches[PATHS_COUNT_OF];
};

struct toolchain_list {
	struct toolchain item[MAX_TOOLCHAINS];
	size_t count;
};

/* NULL if there are too many. */
static struct toolchain *find_toolchain(struct toolchain_list *list, const struct fingerprint *fp)
{
	enum fingerprint_hasher hasher = fingerprint_hasher(fp);
	for (size_t i = 0; i < list->count; i++) {
		if (list->item[i].rustc == fp->rustc && list->item[i].hasher == hasher)
			return &list->item[i];
	}
	if (list->count == MAX_TOOLCHAINS)
		return NULL;
	list->item[list->count] = (struct toolchain){.rustc = fp->rustc, .hasher = hasher};
	return &list->item[list->count++];
}

static enum fingerprint_paths best_of(const struct toolchain *chain)
{
	enum fingerprint_paths best = PATHS_CHUNKBITS;
	for (int i = PATHS_COUNT_OF - 1; i >= 0; i--) {
		if (chain->matches[i] > chain->matches[best])
			best = (enum fingerprint_paths)i;
	}
	return best;
}

/*
 * Which algorithm a toolchain uses is found by trying: the one that reproduces the most of its units. Units
 * without paths hash alike under all. A toolchain is settled by the first few units that speak for one
 * algorithm alone.
 */
static void find_epochs(struct target *t, struct toolchain_list *chains)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct unit *u = &t->unit[i];
		if (u->fingerprint == NULL || u->hash_state != HASH_PRESENT ||
			!fingerprint_has_paths(u->fingerprint))
			continue;
		struct toolchain *chain = find_toolchain(chains, u->fingerprint);
		if (chain == NULL || chain->matches[best_of(chain)] >= 16)
			continue;
		for (int p = 0; p < PATHS_COUNT_OF; p++) {
			struct epoch epoch = {chain->hasher, (enum fingerprint_paths)p};
			if (fingerprint_hash(u->fingerprint, &epoch) == u->hash)
				chain->matches[p]++;
		}
	}
}

static void verify_unit(struct unit *u, const struct toolchain *chain)
{
	if (chain != NULL)
		u->epoch = (struct epoch){chain->hasher, best_of(chain)};
	if (u->hash_state == HASH_FOREIGN || (u->hash_state == HASH_PRESENT && chain == NULL))
		u->proof = PROOF_FAILED;
	else if (u->hash_state == HASH_PRESENT)
		u->proof = fingerprint_hash(u->fingerprint, &u->epoch) == u->hash ? PROOF_VERIFIED
										  : PROOF_FAILED;
}

static void verify_units(struct target *t)
{
	struct toolchain_list chains = {.count = 0};
	find_epochs(t, &chains);
	for (size_t i = 0; i < t->count; i++) {
		struct unit *u = &t->unit[i];
		if (u->fingerprint != NULL)
			verify_unit(u, find_toolchain(&chains, u->fingerprint));
	}
}

/* Units with the same hash, chained by index. */
struct by_hash {
	size_t *first, *next;
	size_t mask;
};

static size_t bucket_of(const struct by_hash *table, uint64_t hash)
{
	return (size_t)(hash * 0x9e3779b97f4a7c15u >> 20) & table->mask;
}

/* rustc's name of a target: dashes become underscores. */
static bool same_crate_name(struct span name, const char *target)
{
	if (strlen(target) != name.len)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = target[i] == '-' ? '_' : target[i];
		if (c != name.ptr[i])
			return false;
	}
	return true;
}

/*
 * How well a candidate fits: equal hashes mean equal contents, but the files of a unit built for the host and
 * for a triple lie in two places. A unit's script run lies in its own place, a library it links too; scripts
 * and macros lie in the host's.
 */
static int fitness(
	const struct unit *dependent, const struct fingerprint_dep *dep, const struct unit *candidate)
{
	bool script = span_eq_str(dep->name, "build_script_build");
	enum unit_kind wanted = !script                    ? UNIT_LIB
		: dependent->kind == UNIT_RUN_BUILD_SCRIPT ? UNIT_BUILD_SCRIPT
							   : UNIT_RUN_BUILD_SCRIPT;
	int fit = candidate->kind == wanted ? 8 : 0;
	if (script || same_crate_name(dep->name, candidate->target))
		fit += 4;
	if (candidate->place == dependent->place)
		fit += 2;
	if (candidate->layout == dependent->layout)
		fit += 1;
	return fit;
}

static size_t find_dependency(const struct target *t, const struct by_hash *table,
	const struct unit *dependent, const struct fingerprint_dep *dep)
{
	size_t best = UNIT_NONE;
	int best_fit = -1;
	unsigned seen = 0;
	for (size_t i = table->first[bucket_of(table, dep->hash)]; i != UNIT_NONE && seen < MAX_CANDIDATES;
		i = table->next[i], seen++) {
		const struct unit *candidate = &t->unit[i];
		if (candidate->hash != dep->hash || candidate == dependent)
			continue;
		int fit = fitness(dependent, dep, candidate);
		if (fit > best_fit || (fit == best_fit && i < best)) {
			best = i;
			best_fit = fit;
		}
	}
	return best;
}

void target_link(struct target *t)
{
	struct by_hash table = {.mask = 63};
	while (table.mask < t->count * 2)
		table.mask = table.mask * 2 + 1;
	table.first = xmalloc((table.mask + 1) * sizeof(size_t));
	table.next = xmalloc((t->count + 1) * sizeof(size_t));
	memset(table.first, 0xff, (table.mask + 1) * sizeof(size_t)); /* UNIT_NONE */
	for (size_t i = 0; i < t->count; i++) {
		if (t->unit[i].hash_state != HASH_PRESENT)
			continue;
		size_t *first = &table.first[bucket_of(&table, t->unit[i].hash)];
		table.next[i] = *first;
		*first = i;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct unit *u = &t->unit[i];
		if (u->fingerprint == NULL)
			continue;
		u->dep = arena_array(t->mem, u->fingerprint->ndep, sizeof(*u->dep));
		for (size_t d = 0; d < u->fingerprint->ndep; d++)
			u->dep[d] = find_dependency(t, &table, u, &u->fingerprint->dep[d]);
	}
	free(table.first);
	free(table.next);
}

static int load_target(
	const char *path, const char *profile, bool whole, struct target **ret, struct err *err)
{
	int fd = fsio_open_root(path, err);
	if (fd < 0)
		return fd;
	struct target *t = xcalloc(1, sizeof(*t));
	t->mem = arena_new();
	t->path = arena_strdup(t->mem, path);
	t->fd = fd;
	(void)clock_gettime(CLOCK_REALTIME, &t->began);
	t->profile = profile != NULL ? arena_strdup(t->mem, profile) : NULL;
	t->warning = arena_array(t->mem, TARGET_MAX_WARNINGS, sizeof(*t->warning));

	struct unit_dir_list dirs = VEC_INIT;
	struct warning_list warnings = VEC_INIT;
	int code = layout_find(t, &dirs, &warnings, err);
	keep_warnings(t, &warnings);
	vec_release(&warnings);
	if (code < 0) {
		vec_release(&dirs);
		(void)target_free(t);
		return code;
	}
	read_units(t, &dirs, whole);
	vec_release(&dirs);
	verify_units(t);
	target_link(t);
	*ret = t;
	return 0;
}

int target_load(const char *path, struct target **ret, struct err *err)
{
	return load_target(path, NULL, false, ret, err);
}

int target_load_whole(const char *path, const char *profile, struct target **ret, struct err *err)
{
	return load_target(path, profile, true, ret, err);
}

/* Does the directory hold a stamp of that time or a later one? A link on the way could at worst hide a unit, which then
 * gets no record. */
static bool is_stamped(int buildfd, const char *directory, struct timespec since)
{
	CLEANUP_STR struct str path = STR_INIT;
	struct stat st;
	str_printf(&path, "%s/invoked.timestamp", directory);
	return fstatat(buildfd, path.buf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		timespec_cmp(st.st_mtim, since) >= 0;
}

/* Compilers leave their stamp beside the fingerprint, scripts where their output is. */
static bool was_started(int buildfd, const struct unit_dir *dir, struct timespec since)
{
	const char *place = dir->place->path;
	CLEANUP_STR struct str run = STR_INIT;
	if (dir->layout == LAYOUT_NEW)
		str_printf(&run, "%s/build/%s/%s/run", place, dir->package, dir->meta);
	else
		str_printf(&run, "%s/build/%s-%s", place, dir->package, dir->meta);
	return is_stamped(buildfd, dir->path, since) || is_stamped(buildfd, run.buf, since);
}

bool target_built_since(int buildfd, const char *profile, struct timespec since)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct unit_dir_list dirs = VEC_INIT;
	struct warning_list warnings = VEC_INIT;
	struct target t = {.mem = mem, .path = "the build directory", .fd = buildfd, .profile = profile};
	bool built = layout_find(&t, &dirs, &warnings, NULL) < 0 || warnings.len != 0;
	for (size_t i = 0; !built && i < dirs.len; i++)
		built = was_started(buildfd, &dirs.data[i], since);
	vec_release(&dirs);
	vec_release(&warnings);
	return built;
}

struct target *target_free(struct target *t)
{
	if (t == NULL)
		return NULL;
	for (size_t i = 0; i < t->npart; i++)
		(void)arena_free(t->part[i]);
	if (t->fd >= 0)
		steady_cleanup_close(&t->fd);
	(void)arena_free(t->mem);
	free(t);
	return NULL;
}

void target_cleanup(struct target **t)
{
	*t = target_free(*t);
}
