/*
 * Units in a build directory of a test's own (tempdir.h), with JSON and hashes as cargo would write them.
 */
#ifndef STEADY_TESTS_FAKEUNITS_H
#define STEADY_TESTS_FAKEUNITS_H

#include "tempdir.h"

#include "steady/core/target.h"
#include "steady/format/fingerprint.h"

#define FAKE_TIME 1700000000

static const struct epoch fake_epoch = {HASHER_STABLE, PATHS_CHUNKBITS};

struct fake {
	/** "debug/.fingerprint/app-0123456789abcdef" and "lib-app". */
	const char *directory, *base;
	uint64_t rustc;
	/** Hash and name of up to three dependencies; hash 0 ends the list. */
	struct fingerprint_dep dep[3];
	struct local local[3];
	size_t nlocal;
	/** NULL for fake_epoch. */
	const struct epoch *epoch;
};

/** A local that hashes a path, as all compiled units have. */
static inline struct local fake_depinfo(const char *path)
{
	return (struct local){
		.kind = LOCAL_CHECK_DEP_INFO, .text = span_of(path), .method = METHOD_CHECKSUM_FALSE};
}

static inline struct local fake_env(const char *var, const char *value)
{
	return (struct local){.kind = LOCAL_RERUN_IF_ENV_CHANGED,
		.text = span_of(var),
		.has_value = value != NULL,
		.value = span_of(value != NULL ? value : "")};
}

static inline struct local fake_rerun(const char *output, const char *path)
{
	struct span *paths = arena_array(temp_mem, 1, sizeof(*paths));
	paths[0] = span_of(path);
	return (struct local){
		.kind = LOCAL_RERUN_IF_CHANGED, .text = span_of(output), .path = paths, .npath = 1};
}

static inline struct fingerprint_dep fake_dep(const char *name, uint64_t hash)
{
	return (struct fingerprint_dep){.pkg_id = 7, .name = span_of(name), .hash = hash};
}

/** Writes the unit's JSON and hash file; its hash. */
static inline uint64_t fake_put(const struct fake *fake)
{
	static uint64_t serial;
	const struct epoch *epoch = fake->epoch != NULL ? fake->epoch : &fake_epoch;
	struct fingerprint fp = {.rustc = fake->rustc != 0 ? fake->rustc : 1,
		.target = fingerprint_hash_str(HASHER_STABLE, span_of(fake->base)),
		.path = fingerprint_hash_str(HASHER_STABLE, span_of(fake->directory)),
		.has_metadata = epoch->hasher == HASHER_SIP24,
		.dep = arena_array(temp_mem, 3, sizeof(*fp.dep)),
		.local = arena_array(temp_mem, 3, sizeof(*fp.local)),
		.nlocal = fake->nlocal};
	memcpy(fp.dep, fake->dep, sizeof(fake->dep));
	memcpy(fp.local, fake->local, sizeof(fake->local));
	while (fp.ndep < 3 && fp.dep[fp.ndep].hash != 0)
		fp.ndep++;
	/* Scripts' runs are the same in every place, so equal ones have equal hashes. */
	if (strncmp(fake->base, "run-", 4) == 0)
		fp.target = fp.path = 0;

	CLEANUP_STR struct str json = STR_INIT;
	char hash[HASHFILE_LEN + 1];
	fingerprint_format(&fp, &json);
	hashfile_format(fingerprint_hash(&fp, epoch), hash);
	const char *path = arena_printf(temp_mem, "%s/%s", fake->directory, fake->base);
	temp_put(path, hash);
	temp_put_bytes(arena_printf(temp_mem, "%s.json", path), str_span(&json));
	temp_set_time(path, FAKE_TIME, (long)(++serial % 1000000000));
	temp_set_time(arena_printf(temp_mem, "%s.json", path), FAKE_TIME, (long)(++serial % 1000000000));
	return fingerprint_hash(&fp, epoch);
}

static inline struct target *fake_load(void)
{
	struct target *t = NULL;
	struct err err = ERR_INIT;
	if (target_load(temp_root, &t, &err) != 0)
		fail_msg("%s", err.msg);
	return t;
}

/** The index of the unit; fails if it is not there. */
static inline size_t fake_index(const struct target *t, const char *directory, const char *base)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->unit[i].directory, directory) == 0 && strcmp(t->unit[i].base, base) == 0)
			return i;
	}
	fail_msg("no unit %s/%s", directory, base);
	return UNIT_NONE;
}

static inline const struct unit *fake_unit(const struct target *t, const char *directory, const char *base)
{
	return &t->unit[fake_index(t, directory, base)];
}

#endif
