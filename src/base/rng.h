/**
 * base/rng.h - seeded pseudo-random numbers for choices that need no secrecy (probe order, jitter).
 *
 * Keys, runs and token secrets never come from here: they are arguments, drawn from the system.
 * Source: xoshiro256** and splitmix64, Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators" (2018).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/** Start the generator from any seed, 0 included. Equal seeds give equal sequences. */
void rng_init(struct rng *r, uint64_t seed);

/** The next 64 uniformly random bits. */
uint64_t rng_next(struct rng *r);

/** A uniformly random number in [0, bound), without modulo bias; bound is at least 1. */
uint64_t rng_below(struct rng *r, uint64_t bound);

/** True in permille of 1,000 cases. */
bool rng_chance(struct rng *r, uint32_t permille);

/** value moved by a uniform share of at most +-percent per cent (percent at most 100). */
uint64_t rng_jitter(struct rng *r, uint64_t value, uint32_t percent);

/** Put the n indices at `at` into a uniformly random order (Fisher-Yates). */
void rng_shuffle(struct rng *r, uint32_t *at, size_t n);
