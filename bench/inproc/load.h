/** inproc/load.h - a cache to measure, and the plain things that are done to it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "inproc/measure.h"

#define LOAD_TAG_LEN 32

/** What load_fill() stores beside key and value. */
struct load_shape {
    uint64_t ttl_ms;
    bool has_version;
    uint64_t tagged; /* so many items in a row carry one tag; 0: none has any */
};

struct load {
    struct stand stand;
    struct load_shape shape;
    uint64_t draws; /* state of load_draw() */
    uint8_t value[VALUE_LEN];
};

/** Make an empty cache for so many items, as a node would: its locks, shards and pages. */
bool load_begin(struct load *l, uint64_t budget_bytes);

/** Have all of its memory at hand, so that no call pays for the first touch of a page. */
void load_touch(struct load *l);

/** Give its memory back. */
void load_end(struct load *l);

/** A budget in which items of PAYLOAD_LEN have room to spare. */
uint64_t load_budget(uint64_t items);

/** The tag that item number i carries, or would. Lent from room. */
struct slice load_tag(const struct load *l, uint64_t i, char room[LOAD_TAG_LEN]);

/** Store item number i; was it stored? */
bool load_fill(struct load *l, uint64_t i);

/** Look for item number i; is it there? */
bool load_get(struct load *l, uint64_t i);

/** The key of item number i, made and forgotten: what each of the others does first. */
bool load_key(struct load *l, uint64_t i);

/** Some keys, and the bytes that they lend. */
struct load_keys {
    struct cache_key at[COST_BATCH];
    uint8_t room[COST_BATCH][BUDGET_KEY_LEN];
};

/** Make key j the one of item number i. */
void load_key_at(struct load *l, uint64_t i, struct load_keys *keys, uint32_t j);

/** A number below n, as good as random. */
uint64_t load_draw(struct load *l, uint64_t n);

/** Items that the cache holds now. */
uint64_t load_items(struct load *l);

/** Nanoseconds of the wall's clock, and of CPU time of this thread. */
uint64_t load_wall_ns(void);
uint64_t load_cpu_ns(void); /**< see above */
