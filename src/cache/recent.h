/**
 * cache/recent.h - what a shard still knows of recent dots, for the fills that are in flight.
 *
 * A ring of records with a hash index. The oldest record makes room for the newest, and on its way
 * out raises the floor to its index: a fill with an older token is refused from then on, whatever its
 * key. The floor is never lowered. Never forgets without that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct record {
    uint64_t hash; /* target hash of a key or a tag */
    uint64_t index;
    uint64_t older; /* number of the next older record of the same chain; 0 = none */

    /* A digest covers the version: of a put that has both, the version says all. */
    union {
        struct hash128 digest; /* unless has_version: of a put's value; zero equals nothing */
        uint64_t version;      /* when has_version: of the source */
    };

    bool has_version;
};

struct recent {
    struct record *ring;
    uint64_t *heads; /* number of the newest record of each chain */
    uint64_t next;   /* number of the next record, from 1 */
    uint64_t floor;
    uint64_t top;  /* the highest index ever recorded: whoever is not older need not look */
    uint32_t mask; /* records - 1 = chains - 1 */
    uint64_t seed;
};

/** Begin empty with n zeroed records and n zeroed chains, n a power of two. Lends both arrays. */
void recent_init(struct recent *r, struct record *ring, uint64_t *heads, uint32_t n);

/** Where the chain of a hash begins: the number of its newest record. Lent. */
uint64_t *recent_head(const struct recent *r, uint64_t hash);

/** Raise the floor; an older index changes nothing. */
void recent_raise_floor(struct recent *r, uint64_t index);

/** Remember one dot: all of what but `older` is taken. */
void recent_add(struct recent *r, const struct record *what);

/** The newest record of hash, or NULL. Lent until the next add. */
const struct record *recent_first(const struct recent *r, uint64_t hash);

/** Has hash a record past stamp? */
bool recent_newer(const struct recent *r, uint64_t hash, uint64_t stamp);

/** The next older record of the same hash, or NULL. At most every record of the ring is looked at. */
const struct record *recent_next(const struct recent *r, const struct record *record);
