/**
 * cache/packed.h - an item as it lies in memory: 24 bytes, then what it has, then key and value.
 *
 * Aligned to 4 bytes, and padded to them. Behind the head come, each only if its flag is set, a version
 * and a time (8 bytes each); then tags_n tag ids (4 bytes each), the key, the value.
 * The hash of the key is not kept: it can be made from the key again. How often an item was used stands
 * in its slot (cache/slots.h), so that reading changes nothing here.
 * Never says where an item lies: that is cache/segments.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "base/time.h"

#define ITEM_DEAD     1  /* no slot names it any more */
#define ITEM_UNPROVEN 2  /* stored by a put without a token */
#define ITEM_STALE    4  /* a soft dot of its key has marked it */
#define ITEM_VERSION  8  /* has a version of the source */
#define ITEM_FRESH    16 /* has a time at which it becomes stale */

#define ITEM_ALIGN      4
#define ITEM_AGE_MAX_MS (1ULL << 37)       /* 4 years */
#define ITEM_STAMP_MAX  ((1ULL << 46) - 1) /* an event each microsecond for two years */

/** The head, three words of 64 bits, lowest bits first:
 *  0: value_len 24, key_len - 1 10, tags_n 5, ns_i 8, life 7, flags 5, created_ms high 5;
 *  1: stamp 46, expires_us high 18; 2: created_ms low 33, expires_us low 31. */
struct item {
    uint32_t halves[6];
};

_Static_assert(sizeof(struct item) == 24, "every item pays for its head");

/** What decides the size of an item: flags as above, and lengths. */
struct item_shape {
    uint8_t flags;
    uint64_t tags_n, key_len, value_len;
};

/** Bytes of an item of this shape. */
uint64_t item_size(const struct item_shape *shape);

/** What a head says. life and fresh: classes of its times (cache/digest.h). */
struct item_head {
    uint32_t value_len; /* below 2^24 */
    uint16_t key_len;   /* 1..1,024 */
    uint8_t tags_n;     /* at most 16 */
    uint8_t flags;
    uint8_t ns_i;
    uint8_t life;
    uint64_t stamp;      /* at most ITEM_STAMP_MAX, asserted */
    uint64_t created_ms; /* on the clock of now, modulo 2^38: before it began, too */
    mono_us expires_us;  /* NEVER = none */
};

/** Write a head; asserts that all of it is within limits. */
void item_begin(struct item *it, const struct item_head *head);

/** Bytes of an item that is there. */
uint64_t item_len(const struct item *it);

/** One of its words. */
static inline uint64_t item_word(const struct item *it, size_t i)
{
    uint64_t word;
    memcpy(&word, &it->halves[2 * i], sizeof word);
    return word;
}

/** n bits of it from bit `at` on. */
static inline uint64_t item_bits(const struct item *it, size_t i, unsigned at, unsigned n)
{
    return item_word(it, i) >> at & ((1ULL << n) - 1);
}

/** Single parts of the head: what flags are set; */
static inline uint8_t item_flags(const struct item *it)
{
    return (uint8_t)item_bits(it, 0, 54, 5);
}

/** bytes */
static inline uint32_t item_value_len(const struct item *it)
{
    return (uint32_t)item_bits(it, 0, 0, 24);
}

/** bytes */
static inline uint16_t item_key_len(const struct item *it)
{
    return (uint16_t)(item_bits(it, 0, 24, 10) + 1);
}

/** tag ids */
static inline uint8_t item_tags_n(const struct item *it)
{
    return (uint8_t)item_bits(it, 0, 34, 5);
}

/** number of its namespace */
static inline uint8_t item_ns(const struct item *it)
{
    return (uint8_t)item_bits(it, 0, 39, 8);
}

/** expiry class */
static inline uint8_t item_life(const struct item *it)
{
    return (uint8_t)item_bits(it, 0, 47, 7);
}

/** of the MISS that it answers */
static inline uint64_t item_stamp(const struct item *it)
{
    return item_bits(it, 1, 0, 46);
}

uint64_t item_age_ms(const struct item *it, mono_us now); /**< at most ITEM_AGE_MAX_MS */
mono_us item_expires(const struct item *it);              /**< dead from then on; NEVER = none */

/** Set flags that were not set. */
void item_mark(struct item *it, uint8_t flags);

/** Set a new end. */
void item_expire_at(struct item *it, mono_us expires_us, uint8_t life);

/** The optional words, each when its flag is set. */
void item_set_version(struct item *it, uint64_t version);
void item_set_fresh(struct item *it, mono_us until,
                    uint8_t fresh); /**< until when, and its class */

/** Its version; false when it has none. */
bool item_version(const struct item *it, uint64_t *out);

/** When it becomes stale of itself, and the class of that time; NEVER and 0 when it does not. */
mono_us item_fresh_until(const struct item *it);
uint8_t item_fresh(const struct item *it); /**< see above */

/** The other parts; all lent from it. The head must have been written. */
uint32_t *item_tags(struct item *it);                /**< tags_n ids in the tag table */
const uint32_t *item_tag_ids(const struct item *it); /**< the same */
uint8_t *item_text(struct item *it);                 /**< where key and value go */
struct slice item_key(const struct item *it);        /**< the key */
struct slice item_value(const struct item *it);      /**< the value */
