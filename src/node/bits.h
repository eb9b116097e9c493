/** node/bits.h - sets of small numbers, 64 to a word. Never checks bounds: the caller owns the words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Words for numbers below n. */
static inline size_t bits_words(size_t n)
{
    return (n + 63) / 64;
}

/** Is i in the set? */
static inline bool bits_has(const uint64_t *set, size_t i)
{
    return (set[i / 64] >> i % 64 & 1) != 0;
}

/** Put i in. */
static inline void bits_add(uint64_t *set, size_t i)
{
    set[i / 64] |= 1ULL << i % 64;
}

/** Take i out. Returns: was it there? */
static inline bool bits_drop(uint64_t *set, size_t i)
{
    const bool had = bits_has(set, i);
    set[i / 64] &= ~(1ULL << i % 64);
    return had;
}

/** How many of the numbers are in. */
static inline size_t bits_count(const uint64_t *set, size_t words)
{
    size_t n = 0;
    for (size_t i = 0; i < words; i++)
        n += (size_t)__builtin_popcountll(set[i]);
    return n;
}

/** The first number of the set that is at least i; n when there is none below n. */
static inline size_t bits_next(const uint64_t *set, size_t n, size_t i)
{
    while (i < n && !bits_has(set, i))
        i = set[i / 64] >> i % 64 == 0 ? (i / 64 + 1) * 64 : i + 1;
    return i < n ? i : n;
}
