/* A pack and its index (version 2), mapped. */
#ifndef STEADY_CORE_PACKINDEX_PRIV_H
#define STEADY_CORE_PACKINDEX_PRIV_H

#include "steady/util/base.h"
#include "steady/util/filemap.h"

struct packfile {
	struct filemap index;
	struct filemap pack;
	uint32_t count;
};

/** `name` ends in .idx, the pack lies beside it. 0 or -errno. */
int packfile_open(int dirfd, const char *name, struct packfile *ret);
/** Whether the two maps are an index and its pack; sets the count. 0 or -EBADMSG. */
int packfile_check(struct packfile *f);
void packfile_close(struct packfile *f);
/** Where the object's entry begins; false if it is not in this pack. */
bool packfile_find(struct packfile *f, const unsigned char id[20], uint64_t *ret_offset);

#endif
