/**
 * policy/budget.h - how much memory the engine needs to hold so many items, found by trying.
 *
 * Asks only what cache/cache.h shows of itself, so it finds it for any engine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"

#define BUDGET_KEY_LEN   32
#define BUDGET_VALUE_MAX 65536

/** The key of object number i: 32 bytes, lent from room. Returns the key as the cache wants it. */
struct cache_key budget_key(const struct cache *c, uint64_t i, uint8_t room[BUDGET_KEY_LEN]);

/** How many distinct keys with values of value_len bytes a one-shard cache of that budget takes until
 *  the first of them has to go; at most `most` are tried. 0: no cache can be made of it. */
uint64_t budget_holds(uint64_t budget_bytes, uint32_t value_len, uint64_t most);

/** The least budget, in steps of 64 bytes, that holds n items. false: none below 1 TiB. */
bool budget_for(uint64_t n, uint32_t value_len, uint64_t *out);
