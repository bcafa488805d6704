/*
 * The two hash functions of cargo's fingerprints, with both keys 0.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; std's SipHasher (cargo <= 1.84); the
 * crate rustc-stable-hash, which folds the two halves of a 128-bit result (cargo >= 1.85).
 */
#ifndef STEADY_FORMAT_SIPHASH_H
#define STEADY_FORMAT_SIPHASH_H

#include "steady/util/base.h"
#include "steady/util/span.h"

/** SipHash-2-4 with its 64-bit result. */
uint64_t siphash24(struct span bytes);
/** SipHash-1-3 with the 128-bit finish, halves a and b folded to a * 3 + b (mod 2^64). */
uint64_t siphash13_folded(struct span bytes);

#endif
