/**
 * cache/lease.h - who is loading a key that was missed: one holder at a time, the others may wait.
 *
 * A lease says only that somebody asked and was given a token; it protects the source from a stampede
 * and never decides what may be stored. So it may be lost at any time: then two callers load the same
 * key. A holder that is late loses it, and whoever asks next becomes the holder.
 * Never looks at items. Runs under the shard's lock.
 * Source: the leases of Nishtala et al., "Scaling Memcache at Facebook" (2013), section 3.2.1, without
 * their part in consistency, which stamps have here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define LEASE_WAYS 4 /* places that one key may take */

struct lease {
    uint64_t hash;  /* of the key; with until 0 the place is free */
    uint64_t owner; /* whoever was given the token */
    mono_us until;
    bool waited; /* somebody waits for its end */
};

struct leases {
    struct lease *at;
    uint32_t mask; /* places - 1 */
    uint64_t seed; /* against keys chosen to fall together */
    uint64_t lost; /* leases that made room for others before their time */
};

/** What became of a wish to load a key. */
enum lease_claim {
    LEASE_MINE, /* the caller loads it */
    LEASE_TAKEN /* somebody else does */
};

/** Begin with n zeroed places, n a power of two, at least LEASE_WAYS (asserted). Lends the array. */
void leases_init(struct leases *t, struct lease *at, uint32_t n, uint64_t seed);

/** A wish to load one key. */
struct lease_wish {
    uint64_t hash;
    uint64_t owner; /* who asks again is not turned away by itself */
    mono_us now;
    uint64_t hold_us; /* for so long it is theirs alone */
    bool waits;       /* if it is taken: leases_end() shall say that somebody waits */
};

/** The places of a key: LEASE_WAYS in a row. Lent. */
struct lease *leases_set(const struct leases *t, uint64_t hash);

/** Ask for the lease of a key. A full set gives up the lease that ends first. */
enum lease_claim leases_claim(struct leases *t, const struct lease_wish *wish);

/** The holder is gone, or will not load after all: nothing when the lease is another's. Returns: does
 *  anybody wait for that? */
bool leases_release(struct leases *t, uint64_t hash, uint64_t owner);

/** The load of a key is over: stored, refused, or invalidated. Returns: does anybody wait for that? */
bool leases_end(struct leases *t, uint64_t hash);
