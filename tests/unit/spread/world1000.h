/**
 * world1000.h - one origin, at most 999 members, and those of them that relay, in virtual time.
 *
 * The origin and the relays are real spreads; the other members only remember what they have and
 * acknowledge it. Bursts of loss are those of an uplink or a downlink (a queue that overflows): the
 * packets that one node sends, or is sent, are lost in runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

struct weather {
    uint32_t loss;    /* permille */
    uint32_t burst;   /* mean length of a run of losses; 1: independent */
    uint32_t send_us; /* that a node is busy with each datagram it sends */
};

/** What one invalidation cost. */
struct told {
    uint64_t last_us;     /* until the last member had it */
    uint64_t copies_e3;   /* datagrams with the dot per member, times 1,000 */
    uint64_t heads;       /* bare heads */
    uint64_t origin_sent; /* of the copies, those that the origin sent */
};

struct world1000;

/** nodes: the origin included, 2 to 1,000. */
struct world1000 *world1000_new(uint64_t seed, uint32_t nodes);
void world1000_free(struct world1000 *w);

/** Issue one invalidation with so many active origins, and wait until everybody is quiet. */
struct told world1000_tell(struct world1000 *w, const struct weather *weather, uint32_t active);

/** From now on this many of the members that relay are dead: they are sent to, and do nothing. */
void world1000_kill_relays(struct world1000 *w, uint32_t n);
