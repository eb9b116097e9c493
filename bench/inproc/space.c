/** What an item takes beside its key and value. */
#include <assert.h>

#include "base/attr.h"
#include "inproc/load.h"

#define LIFE_MS 3600000

static const struct shape {
    const char *name;
    struct load_shape shape;
} SHAPES[] = {
    {"plain", {.ttl_ms = 0}},
    {"life", {.ttl_ms = LIFE_MS}},
    {"life and version", {.ttl_ms = LIFE_MS, .has_version = true}},
    {"one tag", {.tagged = UINT64_MAX}},
};

static_assert(ARRAY_LEN(SHAPES) == SPACES_N, "measure_space() has room for each");

/** Fill with more than there can be room for; what is there then is what fits. */
static bool fill_over(struct load *l, uint64_t budget_bytes)
{
    const uint64_t payloads = budget_bytes / PAYLOAD_LEN;
    for (uint64_t i = 0; i < payloads + payloads / 4; i++) {
        if (!load_fill(l, i))
            return false;
    }
    return true;
}

bool measure_space(uint64_t budget_bytes, struct space out[SPACES_N])
{
    for (uint32_t i = 0; i < SPACES_N; i++) {
        struct load l;
        bool done = load_begin(&l, budget_bytes);
        l.shape = SHAPES[i].shape;
        done = done && fill_over(&l, budget_bytes);
        const uint64_t items = done ? load_items(&l) : 0;
        load_end(&l);
        if (items == 0)
            return false;
        out[i] =
            (struct space){.shape = SHAPES[i].name,
                           .items = items,
                           .beyond_payload = (double)budget_bytes / (double)items - PAYLOAD_LEN};
    }
    return true;
}
