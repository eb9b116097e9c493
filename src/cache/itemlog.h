/**
 * cache/itemlog.h - where items lie: one circular buffer, written at its head, freed at its tail.
 *
 * A position is a count of bytes since the beginning of time; position p lies at offset p mod cap. So
 * positions order items by age and never repeat. An item never straddles the end of the buffer: a
 * filler, whose first word is all there is, takes the rest of the lap.
 * Never looks at keys, stamps or time, and never decides what may be dropped.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/time.h"

#define ITEM_DEAD     1  /* no index slot names it any more */
#define ITEM_FILLER   2  /* not an item: skip to the end of the buffer */
#define ITEM_UNPROVEN 4  /* stored by a put without a token */
#define ITEM_STALE    8  /* a soft dot of its key has marked it */
#define ITEM_VERSION  16 /* has a version of the source */
#define ITEM_FRESH    32 /* has a time at which it becomes stale */

#define ITEM_FREQ_MAX 3

/** One record; then, each only if its flag is set, a version and a time (8 bytes each); tags_n tag ids
 *  (u32), the key and the value, padded to 8 bytes. */
struct item {
    uint32_t value_len;
    uint16_t key_len;
    uint8_t ns_i;
    uint8_t flags; /* in the first word, which is all that a filler has */
    uint64_t hash; /* target hash of the key */
    uint64_t stamp;
    mono_us expires_us; /* dead from then on; NEVER = none */
    mono_us created_us; /* modulo 2^64: a copy may be older than this clock */
    uint8_t tags_n;
    uint8_t freq;   /* hits since it was written or last reinserted, capped */
    uint8_t life;   /* expiry class, digest.h */
    uint8_t fresh;  /* that of becoming stale */
    uint32_t units; /* size of the record in 8-byte units */
};

struct itemlog {
    uint8_t *at;
    uint64_t cap;  /* bytes, a multiple of 8 */
    uint64_t head; /* position of the next record */
    uint64_t tail; /* position of the oldest record */
};

/** Begin with an empty log in the cap bytes at `at`, aligned to 8. Lends `at`. */
void itemlog_init(struct itemlog *l, void *at, uint64_t cap);

/** What decides the size of a record: flags as in struct item, and lengths. */
struct item_shape {
    uint8_t flags;
    uint64_t tags_n, key_len, value_len;
};

/** Bytes of a record of this shape. */
uint64_t itemlog_size(const struct item_shape *shape);

/** Bytes in use, dead records and fillers included. */
uint64_t itemlog_used(const struct itemlog *l);

/** Largest record this log takes: with half of the buffer, a filler can never make it impossible. */
uint64_t itemlog_size_max(const struct itemlog *l);

/** Does a record of size bytes fit now, without dropping anything? */
bool itemlog_fits(const struct itemlog *l, uint64_t size);

/** Append size bytes (asserts that they fit); *offset is their place in 8-byte units. Uninitialised
 *  but for units. */
struct item *itemlog_append(struct itemlog *l, uint64_t size, uint32_t *offset);

/** The record at a position in [tail, head); lent until it is dropped or moved. */
struct item *itemlog_at(const struct itemlog *l, uint64_t pos);

/** The record at an offset in 8-byte units, as append gave it. */
struct item *itemlog_item(const struct itemlog *l, uint32_t offset);

/** Offset of a position, in 8-byte units. */
uint32_t itemlog_offset(const struct itemlog *l, uint64_t pos);

/** Position of the record behind the one at pos. */
uint64_t itemlog_next(const struct itemlog *l, uint64_t pos);

/** Forget the oldest record; asserts that there is one. */
void itemlog_drop(struct itemlog *l);

/** Move the oldest record, an item, to the head. NULL, and nothing changed, when it has no place. */
struct item *itemlog_reinsert(struct itemlog *l, uint32_t *offset);

/** The parts of an item; all lent from it. Its flags say where they are: set those first. */
uint64_t *item_words(struct item *it);
uint32_t *item_tags(struct item *it);           /**< tags_n ids in the tag table */
struct slice item_key(const struct item *it);   /**< the key */
struct slice item_value(const struct item *it); /**< the value */

/** Its version; false when it has none. */
bool item_version(const struct item *it, uint64_t *out);

/** Microseconds since its value was stored first, here or where it was copied from; 0 when that is later
 *  than now, which another thread may have read a moment before. */
uint64_t item_age(const struct item *it, mono_us now);

/** When it becomes stale of itself; NEVER when it does not. */
mono_us item_fresh_until(const struct item *it);
