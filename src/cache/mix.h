/** cache/mix.h - turns a target hash, which outsiders can compute, into a position they cannot. */
#pragma once

#include <stdint.h>

/** A bijection of hash that depends on seed. Source: the 64-bit finaliser of MurmurHash3 (Appleby). */
static inline uint64_t mix_hash(uint64_t hash, uint64_t seed)
{
    const uint64_t a = ((hash ^ seed) ^ (hash ^ seed) >> 33) * 0xff51afd7ed558ccdULL;
    const uint64_t b = (a ^ a >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return b ^ b >> 33;
}

/** The largest power of two that is at most n; n is at least 1. */
static inline uint64_t mix_pow2(uint64_t n)
{
    return 1ULL << (63 - __builtin_clzll(n));
}
