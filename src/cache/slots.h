/**
 * cache/slots.h - the hash index of a shard: from a target hash to the places of records.
 *
 * The slots of a shard are divided among groups, each a table of its own that grows by a chunk of eight
 * cache lines at a time. A slot holds 30 bits of hash, so a group grows, and closes the hole that a
 * removal leaves, without a look at any record. A line is the home of its records: whoever finds it
 * full goes to the next one of the group. No group is more than 13/16 full, so a search ends.
 * Equal bits are candidates; the caller compares the record.
 * Never takes memory by itself, never looks at a record, never gives a chunk back.
 * Source: Knuth, The Art of Computer Programming, vol. 3, 6.4, algorithm R, for removals; Lemire, "Fast
 * random integer generation in an interval" (2019), for homes in a table of any size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SLOTS_LINE       8  /* slots of one cache line */
#define SLOTS_CHUNK      64 /* slots of one chunk */
#define SLOTS_CHUNK_LEN  (SLOTS_CHUNK * 8)
#define SLOTS_CHUNKS_MAX 96 /* of one group */
#define SLOTS_NEAR       14 /* whose numbers lie with the group */
#define SLOTS_FREQ_MAX   3
#define SLOTS_WHERE_MAX  ((1U << 31) - 2) /* the last place that a slot can name */

/** 30 bits of hash, 2 of use, 1 that is set while a group grows, 31 of place + 1; 0 = empty. Written
 *  under the lock of the shard, read without it by slots_hint() and slots_guess() alone. */
typedef uint64_t slot_word;

/** A table of its own, of n chunks: one cache line, but for the numbers of its later chunks. */
struct group {
    uint32_t n;
    uint32_t used;
    uint32_t chunks[SLOTS_NEAR];
};

_Static_assert(sizeof(struct group) == 64, "a group is a line");

struct slots {
    uint8_t *at; /* chunk i lies at i * SLOTS_CHUNK_LEN */
    struct group *groups;
    uint32_t *more; /* numbers of later chunks: slots_more_n() for each group */
    uint32_t groups_n;
    uint32_t chunks_max;
    uint32_t free;   /* 1 + number of the first chunk of a row that no group has; 0 = none */
    uint32_t free_n; /* such chunks */
    uint32_t used;   /* slots */
    uint64_t seed;
};

/** What an index is made with. All memory is zero, and lent. */
struct slots_cfg {
    uint8_t *at;
    struct group *groups; /* groups_n */
    uint32_t *more;       /* groups_n * slots_more_n(); NULL when that is none */
    uint32_t groups_n;
    uint32_t chunks_max; /* of a group, 1..SLOTS_CHUNKS_MAX */
};

/** Numbers of chunks that do not lie with a group which may have so many. */
uint32_t slots_more_n(uint32_t chunks_max);

/** Begin with no chunk, so with no room. */
void slots_init(struct slots *s, const struct slots_cfg *cfg);

/** Lend it n chunks from number first on. */
void slots_lend(struct slots *s, uint32_t first, uint32_t n);

/** What stands between one more record of a hash and its slot. */
enum slots_need {
    SLOTS_ROOM,         /* nothing */
    SLOTS_CHUNK_WANTED, /* slots_lend() first */
    SLOTS_FULL          /* its group has all the chunks that it may have: something must leave */
};
enum slots_need slots_need(const struct slots *s, uint64_t hash); /**< see above; changes nothing */

/** A walk over the slots that may name a record with a hash. */
struct probe {
    uint32_t bits;   /* of the hash */
    uint32_t group;  /* number */
    uint32_t i;      /* slot of the group to look at next */
    uint32_t slot_i; /* the candidate found */
    uint32_t where;  /* place of its record */
};

/** Begin a walk for hash. */
struct probe slots_probe(const struct slots *s, uint64_t hash);

/** Go to the next candidate; false when there is none left. */
bool slots_next(const struct slots *s, struct probe *p);

/** Add a record that was used so often (at most SLOTS_FREQ_MAX); asserts SLOTS_ROOM. */
void slots_add(struct slots *s, uint64_t hash, uint32_t where, unsigned freq);

/** The record of a candidate has moved; from now on it was used so often. */
void slots_move(struct slots *s, const struct probe *p, uint32_t where, unsigned freq);

/** How often the record of a candidate was used, up to SLOTS_FREQ_MAX; and once more. */
unsigned slots_freq(const struct slots *s, const struct probe *p);
void slots_use(struct slots *s, const struct probe *p); /**< see above */

/** Remove the candidate of a walk. The walk may go on: it looks at the same slot again. */
void slots_remove(struct slots *s, struct probe *p);

/**
 * Walk over all records. *at: 0 to begin; any number is a place to go on from. *looks: slots that it
 * may look at, reduced by those at which it did; slots that a group does not have yet are one.
 * Returns: true and *where, *at then behind it; false: *looks is 0, or the end.
 */
bool slots_walk(const struct slots *s, uint64_t *at, uint32_t *looks, uint32_t *where);
bool slots_walked(const struct slots *s, uint64_t at); /**< is this the end? */

/** Where a search is about to look, for prefetching. Made without the lock, and perhaps out of date. */
struct slots_hint {
    const struct group *group;
    const slot_word *home; /* the line at which it begins; NULL: not known, or there is none yet */
    uint32_t bits;         /* of the hash */
};

/** The group of a hash: nothing is read that changes. */
struct slots_hint slots_hint(const struct slots *s, uint64_t hash);

/** Then its home, for which the group is read. */
void slots_hint_home(const struct slots *s, struct slots_hint *h);

/** Then a place that the record probably has, for which the home is read; false: none is known. */
bool slots_guess(const struct slots_hint *h, uint32_t *where);
