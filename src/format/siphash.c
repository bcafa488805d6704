#include "steady/format/siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(struct state *s, unsigned count)
{
	for (; count != 0; count--) {
		s->v0 += s->v1;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v2 = rotate(s->v2, 32);
	}
}

/* The constants spell "somepseudorandomlygeneratedbytes"; keys of 0 leave them as they are. */
static struct state start(void)
{
	return (struct state){0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573};
}

static uint64_t little_endian(const char *bytes, size_t count)
{
	uint64_t word = 0;
	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
	return word;
}

static void compress(struct state *s, uint64_t word, unsigned per_word)
{
	s->v3 ^= word;
	rounds(s, per_word);
	s->v0 ^= word;
}

/* All whole words, then the rest with the length in its highest byte. */
static void absorb(struct state *s, struct span bytes, unsigned per_word)
{
	size_t at = 0;
	for (; bytes.len - at >= 8; at += 8)
		compress(s, little_endian(bytes.ptr + at, 8), per_word);
	uint64_t last = (uint64_t)bytes.len << 56;
	if (at < bytes.len)
		last |= little_endian(bytes.ptr + at, bytes.len - at);
	compress(s, last, per_word);
}

static uint64_t folded(const struct state *s)
{
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash24(struct span bytes)
{
	struct state s = start();
	absorb(&s, bytes, 2);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return folded(&s);
}

uint64_t siphash13_folded(struct span bytes)
{
	struct state s = start();
	s.v1 ^= 0xee;
	absorb(&s, bytes, 1);
	s.v2 ^= 0xee;
	rounds(&s, 3);
	uint64_t a = folded(&s);
	s.v1 ^= 0xdd;
	rounds(&s, 3);
	return a * 3 + folded(&s);
}
