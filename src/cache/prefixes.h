/**
 * cache/prefixes.h - the barriers of key prefixes in one shard, in the order in which they were raised.
 *
 * A key is looked up once per prefix length in use, so there are at most CACHE_PREFIX_LENS of those.
 * A barrier must stay until a sweep that began after it has removed every dead entry; which sweep that
 * is, it remembers as `pass`. Never forgets by itself: the shard decides what a dropped barrier turns
 * into.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "cache/cache.h"

struct prefix {
    uint64_t hash;  /* target hash: namespace, length and bytes */
    uint64_t index; /* matching entries with an older stamp are dead */
    uint64_t pass;  /* the first sweep that began after it was raised */
    uint16_t len;
    uint16_t chain; /* i + 1 of the next with the same hash head; 0 = last */
    uint16_t newer; /* i + 1 in order of raising */
    uint16_t older;
};

struct prefixes {
    struct prefix *all;
    uint16_t *heads;
    uint32_t max;  /* at most CACHE_PREFIXES_MAX */
    uint32_t mask; /* heads - 1 */
    uint32_t used;
    uint16_t fresh;
    uint16_t free;
    uint16_t oldest, newest; /* i + 1 */
    uint64_t top;            /* no barrier is newer than this */
    uint16_t lens[CACHE_PREFIX_LENS];
    uint16_t lens_used[CACHE_PREFIX_LENS]; /* barriers of that length; 0 = slot free */
    uint64_t seed;
};

/** Begin empty with max zeroed barriers and heads_n (a power of two) zeroed chains. Lends both. */
void prefixes_init(struct prefixes *p, struct prefix *all, uint32_t max, uint16_t *heads,
                   uint32_t heads_n);

/** Raise a barrier that is there already; false when it is not. Its sweep begins anew if it rose. */
bool prefixes_raise(struct prefixes *p, uint64_t hash, uint64_t index, uint64_t pass);

/** Is there a place for one more barrier of this length? */
bool prefixes_take(const struct prefixes *p, uint16_t len);

/** A barrier that is not there yet; asserts prefixes_take(). */
void prefixes_add(struct prefixes *p, const struct prefix *barrier);

/** The barrier raised longest ago, lent; NULL when there is none. No other has a smaller pass. */
const struct prefix *prefixes_oldest(const struct prefixes *p);

/** The one raised last, lent; NULL when there is none. No other has a larger pass. */
const struct prefix *prefixes_newest(const struct prefixes *p);

/** Drop the oldest. What it stood for must have been raised elsewhere before. */
void prefixes_drop(struct prefixes *p);

/** Does any barrier newer than stamp cover key in namespace ns? */
bool prefixes_cover(const struct prefixes *p, const struct hkey *hkey, struct slice ns,
                    struct slice key, uint64_t stamp);
