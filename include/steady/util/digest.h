/*
 * XXH3-128 of contents: to see change, never for trust.
 */
#ifndef STEADY_UTIL_DIGEST_H
#define STEADY_UTIL_DIGEST_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/span.h"

struct digest {
	/** Canonical (big-endian) form. */
	unsigned char byte[16];
};

#define DIGEST_HEX_LEN 32

struct digest digest_of(struct span bytes);
bool digest_eq(const struct digest *a, const struct digest *b);
/** Lower-case hexadecimal, NUL-terminated. */
void digest_hex(const struct digest *d, char ret_hex[DIGEST_HEX_LEN + 1]);
/** False unless `hex` is exactly 32 lower-case hexadecimal digits. */
bool digest_parse(struct span hex, struct digest *ret);
/** Digest of everything readable from fd, from its start; the offset moves. */
int digest_fd(int fd, struct digest *ret, uint64_t *ret_size, struct err *err);
/** XXH3-64, for checksums of our own formats. */
uint64_t digest_u64(struct span bytes);

#endif
