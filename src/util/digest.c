#include "steady/util/digest.h"

#include "steady/util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define READ_SIZE ((size_t)256 * 1024)

_Static_assert(sizeof(struct digest) == sizeof(XXH128_canonical_t), "a digest is XXH3's canonical form");

static struct digest from_hash(XXH128_hash_t hash)
{
	XXH128_canonical_t canonical;
	struct digest d;
	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(d.byte, canonical.digest, sizeof(d.byte));
	return d;
}

struct digest digest_of(struct span bytes)
{
	return from_hash(XXH3_128bits(bytes.ptr, bytes.len));
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

void digest_hex(const struct digest *d, char ret_hex[DIGEST_HEX_LEN + 1])
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < sizeof(d->byte); i++) {
		ret_hex[2 * i] = digit[d->byte[i] >> 4];
		ret_hex[2 * i + 1] = digit[d->byte[i] & 15];
	}
	ret_hex[DIGEST_HEX_LEN] = '\0';
}

bool digest_parse(struct span hex, struct digest *ret)
{
	if (hex.len != DIGEST_HEX_LEN)
		return false;
	struct digest d;
	for (size_t i = 0; i < sizeof(d.byte); i++) {
		unsigned value = 0;
		for (size_t j = 0; j < 2; j++) {
			char c = hex.ptr[2 * i + j];
			if (c >= '0' && c <= '9')
				value = value * 16 + (unsigned)(c - '0');
			else if (c >= 'a' && c <= 'f')
				value = value * 16 + (unsigned)(c - 'a') + 10;
			else
				return false;
		}
		d.byte[i] = (unsigned char)value;
	}
	*ret = d;
	return true;
}

int digest_fd(int fd, struct digest *ret, uint64_t *ret_size, struct err *err)
{
	CLEANUP_FREE unsigned char *buf = xmalloc(READ_SIZE);
	uint64_t size = 0;
	ssize_t got = pread(fd, buf, READ_SIZE, 0);
	if (got >= 0 && (size_t)got < READ_SIZE) {
		/* The usual source file: one read, and one to see that this was the end. */
		unsigned char more;
		ssize_t rest = pread(fd, &more, 1, got);
		if (rest == 0) {
			*ret = from_hash(XXH3_128bits(buf, (size_t)got));
			if (ret_size != NULL)
				*ret_size = (uint64_t)got;
			return 0;
		}
	}

	XXH3_state_t *state = XXH3_createState();
	if (state == NULL)
		abort();
	(void)XXH3_128bits_reset(state);
	for (;;) {
		got = pread(fd, buf, READ_SIZE, (off_t)size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		(void)XXH3_128bits_update(state, buf, (size_t)got);
		size += (uint64_t)got;
	}
	int failure = got < 0 ? errno : 0;
	XXH128_hash_t hash = XXH3_128bits_digest(state);
	(void)XXH3_freeState(state);
	if (failure != 0)
		return err_sys(err, failure, "cannot read");
	*ret = from_hash(hash);
	if (ret_size != NULL)
		*ret_size = size;
	return 0;
}

uint64_t digest_u64(struct span bytes)
{
	return XXH3_64bits(bytes.ptr, bytes.len);
}
