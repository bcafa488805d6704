#include "steady/core/revive.h"

#include <string.h>

/* Does the unit's JSON give the hash that it had when its record was written? */
static bool find_hash(const struct unit *u, const struct record *record, uint64_t *ret)
{
	char text[HASHFILE_LEN + 1];
	if (u->hash_state != HASH_EMPTY || u->fingerprint == NULL || record == NULL)
		return false;
	*ret = fingerprint_hash(u->fingerprint, &u->epoch);
	hashfile_format(*ret, text);
	return memcmp(record->hash, text, sizeof(record->hash)) == 0;
}

bool *revive_find(struct target *t, const struct recordset *records, struct arena *mem)
{
	bool *revived = arena_array(mem, t->count, sizeof(*revived));
	bool any = false;
	for (size_t i = 0; i < t->count; i++) {
		struct unit *u = &t->unit[i];
		uint64_t hash;
		revived[i] = find_hash(u, recordset_get(records, i)->record, &hash);
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
