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
    DOT_TAGS_ALL = 4,  /* raise the barrier of entries that carry every one of `more`'s tags */
    DOT_PREFIX = 5,    /* raise the barrier of one key prefix */
    DOT_NAMESPACE = 6, /* raise the barrier of one namespace */
    DOT_ALL = 7,       /* raise the barrier of the whole cache */
    DOT_BUCKETS = 8,   /* raise the barriers of the buckets that are set in `more` */
    DOT_NOSTORE = 9,   /* as DOT_KEY, and nobody stores the key for `ms` */
    DOT_POISON = 10,   /* somebody else speaks with origin `subject_epoch`: as DOT_ALL, retire it */
    DOT_BEGIN = 11,  /* as DOT_KEY, and nobody stores the key until DOT_COMMIT, DOT_ABORT or `ms` */
    DOT_COMMIT = 12, /* as DOT_KEY, and ends the quarantine of dot (subject_epoch, subject_seq) */
    DOT_ABORT = 13   /* ends the quarantine of dot (subject_epoch, subject_seq), kills nothing */
};

#define DOT_TAGS_MIN    2   /* tags of a DOT_TAGS_ALL */
#define DOT_TAGS_MAX    16  /* and at most */
#define DOT_BUCKETS_LEN 512 /* bytes of the bitmap of a DOT_BUCKETS: one bit for 12 bits of hash */
#define DOT_MS_MAX      600000U /* longest quarantine, milliseconds */

/** Names for people: sent with the first transmission, never needed to apply, never logged. */
struct dot_name {
    bool known;
    struct slice ns;
    struct slice target;
};

/** One invalidation. Slices in name, and `more`, are lent by whoever made the dot. */
struct dot {
    uint64_t epoch;      /* origin, never 0 */
    uint64_t seq;        /* from 1 */
    uint8_t kind;        /* enum dot_kind; others are carried and act as DOT_ALL */
    bool has_version;    /* DOT_KEY, DOT_PUT */
    bool soft;           /* marks instead of kills; DOT_KEY, DOT_TAG, DOT_NAMESPACE, DOT_ALL only */
    bool relay;          /* whoever receives it passes it on to its group */
    uint16_t prefix_len; /* DOT_PREFIX: bytes of the prefix */
    uint32_t ms;         /* DOT_NOSTORE, DOT_BEGIN: 1 to DOT_MS_MAX */
    uint64_t hash;       /* target hash; 0 for the kinds that name no single target */
    uint64_t version;    /* source version when has_version */
    struct hash128 digest;  /* DOT_PUT: digest of the value; all zero equals nothing */
    uint64_t subject_epoch; /* DOT_COMMIT, DOT_ABORT: of the DOT_BEGIN; DOT_POISON: the origin */
    uint64_t subject_seq;   /* DOT_COMMIT, DOT_ABORT */
    struct slice more;      /* DOT_TAGS_ALL: tag hashes, 8 bytes each, big-endian, rising;
                             * DOT_BUCKETS: DOT_BUCKETS_LEN bytes, bit b % 8 of byte b / 8 */
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

/** Does a dot of this kind kill (or mark) the entry of exactly one key? */
static inline bool dot_names_key(uint8_t kind)
{
    return kind == DOT_KEY || kind == DOT_PUT || kind == DOT_NOSTORE || kind == DOT_BEGIN ||
           kind == DOT_COMMIT;
}

/** Does the effect index of this kind come from the dot's own application (true) or its hearing? */
static inline bool dot_is_strict(uint8_t kind)
{
    return dot_names_key(kind) || kind == DOT_ABORT;
}

/** The bucket of a target hash among 2^bits: its top bits, so that a shard owns whole buckets. */
static inline uint32_t dot_bucket(uint64_t hash, unsigned bits)
{
    return (uint32_t)(hash >> (64 - bits));
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
