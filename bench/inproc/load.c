#include "inproc/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <sys/mman.h>

#define ITEM_ROOM  260         /* bytes for an item and its share of all tables */
#define TABLE_ROOM (16U << 20) /* and for tables that do not grow with them */
#define NODE_VALUE (8U << 20)  /* the longest value that a node takes if nobody says otherwise */

uint64_t load_budget(uint64_t items)
{
    return items * ITEM_ROOM + TABLE_ROOM;
}

bool load_begin(struct load *l, uint64_t budget_bytes)
{
    const struct stand_cfg cfg = {
        .budget_bytes = budget_bytes, .value_max = NODE_VALUE, .like_a_node = true};
    *l = (struct load){.draws = 0};
    return stand_begin(&l->stand, &cfg);
}

void load_touch(struct load *l)
{
    const struct store_map *map = &l->stand.map;
    /* Wishes: without them all is well, but slower. */
    (void)madvise(map->at, map->len, MADV_HUGEPAGE);
    (void)madvise(map->at, map->len, MADV_POPULATE_WRITE);
}

void load_end(struct load *l)
{
    stand_end(&l->stand);
}

struct slice load_tag(const struct load *l, uint64_t i, char room[LOAD_TAG_LEN])
{
    const uint64_t number = l->shape.tagged == 0 ? 0 : i / l->shape.tagged;
    (void)snprintf(room, LOAD_TAG_LEN, "tag %" PRIu64, number);
    return slice_text(room);
}

bool load_fill(struct load *l, uint64_t i)
{
    uint8_t room[BUDGET_KEY_LEN];
    char tag_room[LOAD_TAG_LEN];
    const bool has_tag = l->shape.tagged > 0;
    const struct slice tag = has_tag ? load_tag(l, i, tag_room) : slice_of(NULL, 0);
    const struct cache_key key = budget_key(l->stand.cache, i, room);
    const struct cache_item item = {.value = slice_of(l->value, sizeof l->value),
                                    .ttl_ms = l->shape.ttl_ms,
                                    .tags = &tag,
                                    .tags_n = has_tag,
                                    .has_version = l->shape.has_version,
                                    .version = i};
    return stand_fill(&l->stand, &key, &item);
}

bool load_get(struct load *l, uint64_t i)
{
    uint8_t room[BUDGET_KEY_LEN];
    const struct cache_key key = budget_key(l->stand.cache, i, room);
    return stand_get(&l->stand, &key, l->value);
}

bool load_key(struct load *l, uint64_t i)
{
    uint8_t room[BUDGET_KEY_LEN];
    const struct cache_key key = budget_key(l->stand.cache, i, room);
    return key.hash != 0;
}

void load_key_at(struct load *l, uint64_t i, struct load_keys *keys, uint32_t j)
{
    keys->at[j] = budget_key(l->stand.cache, i, keys->room[j]);
}

/* splitmix64 (Steele et al., 2014), scaled by Lemire's multiplication. */
uint64_t load_draw(struct load *l, uint64_t n)
{
    uint64_t x = l->draws += 0x9E3779B97F4A7C15ULL;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
    x ^= x >> 31;
    return (x >> 32) * n >> 32;
}

uint64_t load_items(struct load *l)
{
    struct cache_stats stats;
    cache_stats(l->stand.cache, &stats);
    return stats.items;
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t load_wall_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t load_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
