#include "fuzz.h"

#include "steady/util/mem.h"

struct span fuzz_exact(const uint8_t *data, size_t size)
{
	char *copy = xmalloc(size);
	if (size != 0)
		memcpy(copy, data, size);
	return span_make(copy, size);
}
