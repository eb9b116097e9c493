/**
 * floors.h - of what is aimed at, the newest commit that some dots speak of.
 *
 * A dot is kept with the number of the last commit before it was issued. Raising floors with it says:
 * whatever it aims at must be newer than that commit. Knows nothing of nodes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/hash.h"

#include "source.h"

#define FLOOR_PAIRS (SOURCE_NAMESPACES * SOURCE_TAGS * SOURCE_TAGS)
#define FLOOR_KEYS  6 /* of one DOT_BUCKETS */
#define DOT_UNKNOWN 0 /* a node issued it of itself, and nobody has told yet what it was */

/** One dot: what it aims at, by the source's numbers, and the newest commit that it speaks of. */
struct oracle_dot {
    uint8_t kind; /* enum dot_kind, or DOT_UNKNOWN */
    bool soft, has_version;
    bool aborted;   /* DOT_BEGIN: its end is told to nobody, as it changes nothing */
    bool with_put;  /* DOT_COMMIT: issued with the put that is the next dot, of the same write */
    uint8_t more_n; /* DOT_BUCKETS: keys beside the target */
    uint16_t more[FLOOR_KEYS - 1];
    uint32_t
        target; /* key, also of DOT_BUCKETS the first; tag + namespace * SOURCE_TAGS; a pair of tags, as floors_pair() has it;
                      * prefix id; namespace */
    uint32_t commit;
    uint64_t version; /* when has_version: of the key's own write, which is then also the commit */
    uint64_t hash;    /* of the target, and the digest of a put, as the node was given them */
    struct hash128 digest;
};

struct floors {
    bool raised; /* ever */
    uint32_t everything;
    uint32_t ns[SOURCE_NAMESPACES];
    uint32_t tags[SOURCE_NAMESPACES * SOURCE_TAGS];
    uint32_t pairs[FLOOR_PAIRS];
    uint32_t prefixes[SOURCE_NAMESPACES * SOURCE_PREFIXES];
    uint32_t *keys; /* one for each key of the source, lent */
};

/** The number of the pair of tags a < b of a namespace. */
uint32_t floors_pair(uint32_t ns, uint32_t a, uint32_t b);

/** From now on what dot aims at is newer than its commit. */
void floors_raise(struct floors *f, const struct oracle_dot *dot);

/** From now on what any of both says: keys_n is the number of keys. */
void floors_merge(struct floors *into, const struct floors *from, uint32_t keys_n);

/** The newest commit of a dot that aims at an entry of this state. */
uint32_t floors_of(const struct floors *f, const struct source *src, uint32_t state);

/** Does the dot aim at an entry of this state? */
bool floors_aimed(const struct source *src, const struct oracle_dot *dot, uint32_t state);
