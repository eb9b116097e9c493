/**
 * cache/ghost.h - what left the small queue of a shard lately, without having been used again.
 *
 * 18 bits of hash and 14 bits of time, the time being the number of such leavings. A line of 16 places
 * is the home of a hash; the newest takes the place of the oldest of its line. How far back memory goes
 * is the caller's to say, up to half of what 14 bits tell apart. Wrong answers are rare and harmless:
 * they choose a queue.
 * Never knows what a key is.
 * Source: Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction" (SOSP
 * 2023), 4.1.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GHOST_LINE 16

struct ghost {
    uint32_t *at; /* lines of GHOST_LINE places; 0 = empty */
    uint32_t lines;
    unsigned step; /* log2 of the leavings that one tick of the time is */
    uint64_t now;  /* leavings so far */
    uint64_t seed;
};

/** Begin empty, with zeroed lines. Lends `at`. */
void ghost_init(struct ghost *g, uint32_t *at, uint32_t lines, uint64_t seed);

/** Something with this hash left. */
void ghost_add(struct ghost *g, uint64_t hash);

/** Did something with this hash leave within the last so many leavings? It is forgotten then. */
bool ghost_take(struct ghost *g, uint64_t hash, uint64_t within);
