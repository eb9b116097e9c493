/** item.h - a state of the source as what a client stores: value, tags, time to live. */
#pragma once

#include <stdint.h>

#include "cache/cache.h"

#include "source.h"

/** An item of the source, with room for what it lends. */
struct item {
    uint8_t value[SOURCE_VALUE_MAX];
    struct slice tags[SOURCE_TAGS];
    struct cache_item item;
};

/** Make the item of a state. It lends from *out. */
void item_make(const struct source *src, uint32_t state, struct item *out);
