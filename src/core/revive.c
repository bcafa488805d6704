#include "steady/core/revive.h"

#include "steady/core/recordfile.h"
#include "steady/util/fsio.h"

#include <string.h>

/* The hash that the unit had when its record was written, if nothing happened to it since. */
static bool find_hash(
	const struct target *t, const struct unit *u, const struct unit_files *files, uint64_t *ret)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct record record;
	char text[HASHFILE_LEN + 1];
	if (u->hash_state != HASH_EMPTY || u->fingerprint == NULL || !files->invoked.present ||
		recordfile_load(t, u, mem, &record, NULL) != 0 ||
		timespec_cmp(record.invoked, files->invoked.st.st_mtim) != 0)
		return false;
	*ret = fingerprint_hash(u->fingerprint, &u->epoch);
	hashfile_format(*ret, text);
	return memcmp(record.hash, text, sizeof(record.hash)) == 0;
}

bool *revive_find(struct target *t, struct unitfiles *files, struct arena *mem)
{
	bool *revived = arena_array(mem, t->count, sizeof(*revived));
	bool any = false;
	for (size_t i = 0; i < t->count; i++) {
		struct unit *u = &t->unit[i];
		uint64_t hash;
		revived[i] = find_hash(t, u, unitfiles_get(files, i), &hash);
		any |= revived[i];
		if (revived[i]) {
			u->hash_state = HASH_PRESENT;
			u->hash = hash;
			u->proof = PROOF_VERIFIED;
		}
	}
	if (any)
		target_link(t);
	return revived;
}
