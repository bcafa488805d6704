#include "fuzz.h"

#include "../../src/core/packindex_priv.h"

#include <string.h>

/* The input is the index; the pack has just a head, and seems to be as long as half the index. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span index = fuzz_exact(data, size);
	size_t pack_len = size / 2 + 32;
	unsigned char *pack = calloc(1, pack_len);
	FUZZ_CHECK(pack != NULL);
	memcpy(pack, "PACK\0\0\0\2", 8);
	/* How many objects the index has. */
	if (size >= 8 + 1024)
		memcpy(pack + 8, index.ptr + 8 + 1020, 4);
	struct packfile file = {
		.index = filemap_borrow(index.ptr, index.len), .pack = filemap_borrow(pack, pack_len)};
	if (packfile_check(&file) == 0) {
		FUZZ_CHECK(file.count <= size / 28);
		for (unsigned i = 0; i < 256 * 3; i++) {
			unsigned char id[20];
			memset(id, (int)(i / 3 + i % 3), sizeof(id));
			id[0] = (unsigned char)(i / 3);
			uint64_t offset = 0;
			if (packfile_find(&file, id, &offset))
				FUZZ_CHECK(offset >= 12 && offset < pack_len);
		}
		/* Those that are there. */
		for (uint32_t i = 0; i < file.count; i++) {
			uint64_t offset;
			(void)packfile_find(&file, file.index.bytes + 8 + 1024 + (size_t)i * 20, &offset);
		}
	}
	packfile_close(&file);
	free(pack);
	free((void *)(uintptr_t)index.ptr);
	return 0;
}
