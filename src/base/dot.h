/**
 * base/dot.h - what one invalidation is, as plain values shared by every floor.
 *
 * A dot (origin, sequence) names one invalidation. An origin is one process run: a random 64-bit
 * epoch. Sequences start at 1. Source: Preguica et al., "Dotted version vectors" (2010).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

/** What a dot does. The values are part of the peer protocol; an unknown kind acts as DOT_ALL. */
enum dot_kind {
    DOT_KEY = 1,       /* kill the entry of one key */
    DOT_PUT = 2,       /* as DOT_KEY, but an entry with an equal digest lives */
    DOT_TAG = 3,       /* raise the barrier of one tag */
    DOT_PREFIX = 5,    /* raise the barrier of one key prefix */
    DOT_NAMESPACE = 6, /* raise the barrier of one namespace */
    DOT_ALL = 7        /* raise the barrier of the whole cache */
};

/** Names for people: sent with the first transmission, never needed to apply, never logged. */
struct dot_name {
    bool known;
    struct slice ns;
    struct slice target;
};

/** One invalidation. Slices in name are lent by whoever made the dot. */
struct dot {
    uint64_t epoch; /* origin, never 0 */
    uint64_t seq;   /* from 1 */
    uint8_t kind;   /* enum dot_kind; others are carried and act as DOT_ALL */
    bool has_version;
    uint16_t prefix_len;   /* DOT_PREFIX: bytes of the prefix */
    uint64_t hash;         /* target hash; 0 for DOT_ALL */
    uint64_t version;      /* source version when has_version */
    struct hash128 digest; /* DOT_PUT: digest of the value; all zero equals nothing */
    struct dot_name name;
};

/** What a node has covered of one origin: 1..applied, and applied + 2 + i for every bit i of mask. */
struct cover {
    uint64_t epoch;
    uint64_t applied;
    uint64_t mask;
};

/** A run of sequence numbers of one origin, both ends included. */
struct dot_range {
    uint64_t epoch;
    uint64_t lo;
    uint64_t hi;
};

/** Does the effect index of this kind come from the dot's own application (true) or its hearing? */
static inline bool dot_is_strict(uint8_t kind)
{
    return kind == DOT_KEY || kind == DOT_PUT;
}

/** Does cover c say that seq of its origin is covered? */
static inline bool cover_has(const struct cover *c, uint64_t seq)
{
    if (seq <= c->applied)
        return true;
    const uint64_t past = seq - c->applied;
    return past >= 2 && past - 2 < 64 && (c->mask >> (past - 2) & 1) != 0;
}

/** The newest sequence that c covers; 0 when it covers nothing or its numbers wrap around. */
static inline uint64_t cover_newest(const struct cover *c)
{
    if (c->epoch == 0 || c->applied > UINT64_MAX - 66)
        return 0;
    return c->mask == 0 ? c->applied : c->applied + 65 - (uint64_t)__builtin_clzll(c->mask);
}
