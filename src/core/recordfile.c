#include "steady/core/recordfile.h"

#include "steady/util/fsio.h"

#include <string.h>

char *recordfile_path(struct arena *mem, const struct unit *u)
{
	return arena_printf(mem, "%s/" RECORDFILE_PREFIX "%s", u->directory, u->base);
}

int recordfile_load(
	const struct target *t, const struct unit *u, struct arena *mem, struct record *ret, struct err *err)
{
	struct span bytes;
	int code = fsio_read(t->fd, recordfile_path(mem, u), RECORD_MAX_BYTES, mem, &bytes, NULL, err);
	return code != 0 ? code : record_parse(mem, bytes, ret, err);
}

int recordfile_save(const struct target *t, struct unit *u, const struct record *record, size_t *ret_bytes,
	struct err *err)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str bytes = STR_INIT;
	record_format(record, &bytes);
	*ret_bytes = bytes.len;
	const struct file_meta meta = {.mode = u->json_mode != 0 ? u->json_mode : 0644, .unsynced = true};
	int code = fsio_replace(t->fd, recordfile_path(mem, u), str_span(&bytes), &meta, err);
	u->has_record |= code == 0;
	if (u->beside != NULL)
		u->beside->record = span_make(NULL, 0);
	return code;
}

bool record_has_hash(const struct record *record, const struct unit *u)
{
	char text[HASHFILE_LEN + 1];
	if (u->hash_state != HASH_PRESENT)
		return false;
	hashfile_format(u->hash, text);
	return memcmp(record->hash, text, sizeof(record->hash)) == 0;
}

/* Archives cut stamps to the second, to two, or round them up. */
static bool is_about(struct timespec coarse, struct timespec exact)
{
	return coarse.tv_nsec == 0 && coarse.tv_sec >= exact.tv_sec - 1 && coarse.tv_sec <= exact.tv_sec + 2;
}

enum record_bond record_bond(const struct record *record, const struct unit_files *files)
{
	if (!files->invoked.present || !record_has_hash(record, files->unit))
		return BOND_NONE;
	if (is_about(files->invoked.st.st_mtim, record->invoked))
		return BOND_COARSE;
	return record_has_start(record, files) ? BOND_EXACT : BOND_OTHER;
}

bool record_has_start(const struct record *record, const struct unit_files *files)
{
	return timespec_cmp(record->invoked, files->invoked.st.st_mtim) == 0;
}
