#include "fuzz.h"

#include "../../src/core/gitprogram_priv.h"

/* The index as the git program lists it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_exact(data, size);
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct gitindex index;
	struct err err = ERR_INIT;
	if (gitprogram_parse_index(text, mem, &index, &err) < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0] != '\0');
	} else {
		for (size_t i = 0; i < index.count; i++) {
			const struct gitindex_entry *e = &index.entry[i];
			FUZZ_CHECK(
				e->path.ptr >= text.ptr && e->path.ptr + e->path.len < text.ptr + text.len);
			FUZZ_CHECK(e->path.ptr[e->path.len] == '\0' && (e->id.len == 20 || e->id.len == 32));
			(void)gitindex_find(&index, e->path);
		}
	}
	free((void *)(uintptr_t)text.ptr);
	return 0;
}
