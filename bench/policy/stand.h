/**
 * policy/stand.h - the engine alone: one cache in memory of its own, without node, network or time.
 *
 * Uses nothing of the engine but cache/cache.h, so that it stands for whatever is behind that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"
#include "loop/pages.h"
#include "loop/store.h"

struct stand_cfg {
    uint64_t budget_bytes;
    uint32_t shards;    /* 0: as many as a node would make */
    uint32_t value_max; /* bytes */
    bool like_a_node;   /* with its locks, and its thread for huge pages */
};

struct stand {
    struct cache *cache;
    struct store_map map;
    struct store_locks *locks;
    struct pages pages;
    mono_us now;    /* the caller's to move */
    uint64_t index; /* the last that stand_tag() took */
};

/** Make an empty, open cache. false, and nothing is held: the budget is too small, or no memory. */
bool stand_begin(struct stand *s, const struct stand_cfg *cfg);

/** Give its memory back. */
void stand_end(struct stand *s);

/** Take a token and fill with it, as a client does after a MISS. Returns: was it stored? */
bool stand_fill(struct stand *s, const struct cache_key *key, const struct cache_item *item);

/** Get key, copying the value into room (its length is what the cache was made for). */
bool stand_get(struct stand *s, const struct cache_key *key, uint8_t *room);

/** Invalidate a tag of the default namespace. */
void stand_kill_tag(struct stand *s, struct slice tag);
