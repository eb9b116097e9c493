#include "policy/budget.h"

#include <assert.h>
#include <string.h>

#include "policy/stand.h"

#define STEP       64ULL /* finer differences are lost in the division among shards */
#define BUDGET_MAX (1ULL << 40)

struct cache_key budget_key(const struct cache *c, uint64_t i, uint8_t room[BUDGET_KEY_LEN])
{
    struct cache_key key;
    memcpy(room, "object:0123456789abcdef:", BUDGET_KEY_LEN - sizeof i);
    memcpy(room + BUDGET_KEY_LEN - sizeof i, &i, sizeof i);
    const enum err err = cache_key(c, slice_of(NULL, 0), slice_of(room, BUDGET_KEY_LEN), &key);
    assert(err == OK);
    return key;
}

/** Fill one key after the other; stop when the number of items no longer follows. */
static uint64_t fill_up(struct stand *s, uint32_t value_len, uint64_t most)
{
    static const uint8_t VALUE[BUDGET_VALUE_MAX];
    const struct cache_item item = {.value = slice_of(VALUE, value_len)};
    for (uint64_t i = 0; i < most; i++) {
        uint8_t room[BUDGET_KEY_LEN];
        struct cache_stats stats;
        const struct cache_key key = budget_key(s->cache, i, room);
        const bool stored = stand_fill(s, &key, &item);
        cache_stats(s->cache, &stats);
        if (!stored || stats.items != i + 1)
            return i;
    }
    return most;
}

uint64_t budget_holds(uint64_t budget_bytes, uint32_t value_len, uint64_t most)
{
    const struct stand_cfg cfg = {
        .budget_bytes = budget_bytes, .shards = 1, .value_max = value_len};
    struct stand s;
    assert(value_len <= BUDGET_VALUE_MAX);
    if (!stand_begin(&s, &cfg))
        return 0;
    const uint64_t held = fill_up(&s, value_len, most);
    stand_end(&s);
    return held;
}

bool budget_for(uint64_t n, uint32_t value_len, uint64_t *out)
{
    uint64_t too_small = 0, enough = STEP;
    while (budget_holds(enough * STEP, value_len, n) < n) {
        too_small = enough;
        enough *= 2;
        if (enough * STEP > BUDGET_MAX)
            return false;
    }
    while (enough - too_small > 1) {
        const uint64_t middle = too_small + (enough - too_small) / 2;
        *(budget_holds(middle * STEP, value_len, n) < n ? &too_small : &enough) = middle;
    }
    *out = enough * STEP;
    return true;
}
