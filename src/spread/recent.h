/**
 * spread/recent.h - our newest own dots with their names, for first and repeated transmission.
 *
 * A ring by sequence number. Names lie in a byte ring of their own: the newest names overwrite the
 * oldest, and a dot whose name was overwritten, or never fitted, travels without. Never knows links.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"

/** One kept dot: the name's slices in dot are empty, its bytes lie at name_at of the names ring. */
struct recent_slot {
    struct dot dot;
    uint64_t name_at;
    uint64_t bytes_total; /* estimated record bytes of all dots up to and including this one */
    uint16_t ns_len;
    uint16_t target_len;
};

struct recent {
    struct recent_slot *slots;
    uint64_t slots_max; /* a power of two */
    uint64_t first;     /* first sequence ever kept; 0 when none was */
    uint64_t newest;
    uint8_t *names;
    uint64_t names_max;
    uint64_t names_at;   /* bytes ever taken, skipped ends included */
    uint64_t names_lost; /* names that found no room */
};

/** Take room for slots_max dots and names_max bytes of names. false when the arena is too small. */
bool spread_recent_init(struct recent *r, struct arena *arena, uint32_t slots_max,
                        uint32_t names_max);

/** Keep d, which follows the newest dot (asserted). Copies d and its name; drops the oldest. */
void spread_recent_put(struct recent *r, const struct dot *d);

/** The oldest sequence that is kept; 0 when none is. */
uint64_t spread_recent_oldest(const struct recent *r);

/** The kept dot seq (asserted to be kept). Its name, if it still has one, is lent until the next put. */
struct dot spread_recent_get(const struct recent *r, uint64_t seq);

/** Estimated bytes of the records after sequence `after`, names included; exact enough to see when a
 *  datagram is full. */
uint64_t spread_recent_bytes(const struct recent *r, uint64_t after);
