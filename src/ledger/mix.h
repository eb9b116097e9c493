/** ledger/mix.h - spread the bits of one number over a table index; never a secret, never on the wire. */
#pragma once

#include <stdint.h>

/** The finalizer of splitmix64 (Steele, Lea and Flood 2014): a bijection with good low bits. */
static inline uint64_t ledger_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/** The hash under which both logs chain a dot of an origin slot. */
static inline uint64_t ledger_mix_dot(uint32_t slot, uint64_t seq)
{
    return ledger_mix(seq ^ (uint64_t)slot << 48);
}
