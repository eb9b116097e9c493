/**
 * cache/ghost.h - what left the small queue of a shard lately, without having earned the main one.
 *
 * A hash has a line as its home, where 15 bits of it stand in front of those that came earlier; the
 * last of a full line falls out. So a place in a line tells an age: so many have come to this line
 * since, and about as many to every other. How far back memory goes is the caller's to say, up to what
 * all lines hold; it uses no more lines than that needs, or few places would have to tell all ages.
 * Wrong answers are rare and harmless: they choose a queue.
 * Never knows what a key is.
 * Source: Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction" (SOSP
 * 2023), 4.1.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GHOST_LINE 32 /* places; 64 bytes */

struct ghost {
    uint16_t *at; /* lines of GHOST_LINE places, newest first; 0 = none from here on */
    uint32_t lines;
    uint32_t lines_used; /* the first ones */
    uint64_t reach;      /* leavings that are remembered */
    uint64_t seed;
};

/** Begin empty, with zeroed lines. Lends `at`. */
void ghost_init(struct ghost *g, uint16_t *at, uint32_t lines, uint64_t seed);

/** Remember about so many leavings from now on, at most. Most of what was is forgotten when this is no
 *  longer near to what it was. Before the first is added. */
void ghost_reach(struct ghost *g, uint64_t leavings);

/** Begin to fetch what ghost_add() and ghost_take() of a hash look at. */
void ghost_hint(const struct ghost *g, uint64_t hash);

/** Something with this hash left; it was used once, or not at all. */
void ghost_add(struct ghost *g, uint64_t hash, bool once);

enum ghost_found {
    GHOST_NONE,
    GHOST_UNUSED,
    GHOST_ONCE /* it had been used once */
};

/** Did something with this hash leave within reach? It is forgotten then. */
enum ghost_found ghost_take(struct ghost *g, uint64_t hash);
