/**
 * spread/recent.h - the newest dots of one fan, for first and repeated transmission.
 *
 * A ring by number: for our own dots the number is the sequence, for relayed ones it is the order of
 * arrival. Names and `more` lie in a byte ring of their own, where the newest overwrite the oldest. A
 * dot whose name was overwritten, or never fitted, travels without; one whose `more` is gone cannot
 * travel at all. Never knows links.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"

/** One kept dot: its slices are empty, their bytes lie at bytes_at of the ring of bytes. */
struct recent_slot {
    struct dot dot;
    uint64_t bytes_at;
    uint64_t bytes_total; /* estimated record bytes of all dots up to and including this one */
    uint16_t more_len;
    uint16_t ns_len;
    uint16_t target_len;
    bool more_lost; /* `more` found no room */
};

struct recent {
    struct recent_slot *slots;
    uint64_t slots_max; /* a power of two */
    uint64_t first;     /* first number ever kept; 0 when none was */
    uint64_t newest;
    uint8_t *bytes;
    uint64_t bytes_max;
    uint64_t bytes_at;   /* bytes ever taken, skipped ends included */
    uint64_t names_lost; /* names that found no room */
};

/** Take room for slots_max dots and bytes_max bytes of names and `more`. false: the arena is too small. */
bool spread_recent_init(struct recent *r, struct arena *arena, uint32_t slots_max,
                        uint32_t bytes_max);

/** Keep d as dot n, the number after the newest (asserted). Copies d whole; drops the oldest. */
void spread_recent_put(struct recent *r, uint64_t n, const struct dot *d);

/** The oldest number that is kept; 0 when none is. */
uint64_t spread_recent_oldest(const struct recent *r);

/** Can dot n (asserted to be kept) be sent? Not when its `more` is gone. */
bool spread_recent_whole(const struct recent *r, uint64_t n);

/** The kept dot n (asserted to be kept). Its name, if it still has one, and `more` are lent until the
 *  next put. */
struct dot spread_recent_get(const struct recent *r, uint64_t n);

/** Estimated bytes of the records after number `after`, names included; exact enough to see when a
 *  datagram is full. */
uint64_t spread_recent_bytes(const struct recent *r, uint64_t after);
