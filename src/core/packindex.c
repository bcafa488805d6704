#include "packindex_priv.h"

#include "idtable_priv.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

#include <errno.h>
#include <string.h>

/* Signature and version, then 256 cumulative counts, the names, CRCs, offsets and large offsets. */
#define FANOUT 8
#define NAMES (FANOUT + IDTABLE_FANOUT)
#define TRAILER 40

static int check_index(struct packfile *f)
{
	static const unsigned char head[8] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};
	if (f->index.len < NAMES + TRAILER || memcmp(f->index.bytes, head, sizeof(head)) != 0)
		return -EBADMSG;
	if (!idtable_count(f->index.bytes + FANOUT, &f->count))
		return -EBADMSG;
	if ((f->index.len - NAMES - TRAILER) / 28 < f->count)
		return -EBADMSG;
	return 0;
}

static int check_pack(const struct packfile *f)
{
	if (f->pack.len < 32 || memcmp(f->pack.bytes, "PACK\0\0\0\2", 8) != 0)
		return -EBADMSG;
	return be32(f->pack.bytes + 8) == f->count ? 0 : -EBADMSG;
}

int packfile_check(struct packfile *f)
{
	int code = check_index(f);
	return code == 0 ? check_pack(f) : code;
}

int packfile_open(int dirfd, const char *name, struct packfile *ret)
{
	struct packfile f = {.count = 0};
	int code = filemap_open(dirfd, name, &f.index, NULL);
	if (code < 0)
		return code;
	CLEANUP_FREE char *pack = xstrdup(name);
	memcpy(pack + strlen(pack) - 4, ".pac", 4);
	CLEANUP_STR struct str path = STR_INIT;
	str_printf(&path, "%sk", pack);
	code = filemap_open(dirfd, path.buf, &f.pack, NULL);
	if (code == 0)
		code = packfile_check(&f);
	if (code < 0) {
		packfile_close(&f);
		return code;
	}
	*ret = f;
	return 0;
}

void packfile_close(struct packfile *f)
{
	filemap_close(&f->index);
	filemap_close(&f->pack);
}

static bool offset_of(const struct packfile *f, uint32_t i, uint64_t *ret)
{
	const unsigned char *offsets = f->index.bytes + NAMES + (size_t)f->count * 24;
	uint64_t offset = be32(offsets + (size_t)i * 4);
	if ((offset & 0x80000000u) != 0) {
		size_t large = NAMES + (size_t)f->count * 28 + (size_t)(offset & 0x7fffffffu) * 8;
		if (large > f->index.len - TRAILER || f->index.len - TRAILER - large < 8)
			return false;
		const unsigned char *at = f->index.bytes + large;
		offset = (uint64_t)be32(at) << 32 | be32(at + 4);
	}
	if (offset < 12 || offset >= f->pack.len)
		return false;
	*ret = offset;
	return true;
}

bool packfile_find(struct packfile *f, const unsigned char id[20], uint64_t *ret_offset)
{
	const struct idtable table = {f->index.bytes + FANOUT, f->index.bytes + NAMES};
	uint32_t at;
	if (!idtable_find(&table, id, &at))
		return false;
	filemap_touch(&f->index, NAMES + (size_t)at * 20);
	filemap_touch(&f->index, NAMES + (size_t)f->count * 24 + (size_t)at * 4);
	return offset_of(f, at, ret_offset);
}
