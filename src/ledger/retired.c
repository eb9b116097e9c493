#include "ledger/retired.h"

#include <assert.h>
#include <stddef.h>

bool ledger_retired_init(struct arena *arena, struct retired_ring *ring, uint32_t max,
                         uint64_t seed)
{
    assert((max & (max - 1)) == 0);
    struct retired_entry *at = arena_take(arena, max, sizeof *at);
    *ring = (struct retired_ring){.at = at, .max = max};
    return at != NULL && ledger_epochs_init(arena, &ring->index, max, seed);
}

struct retired_entry *ledger_retired_find(const struct retired_ring *ring, uint64_t epoch)
{
    const uint32_t at = ledger_epochs_find(&ring->index, epoch);
    return at == LEDGER_EPOCHS_NONE ? NULL : &ring->at[at];
}

bool ledger_retired_add(struct retired_ring *ring, const struct retired_entry *e,
                        struct retired *forgotten)
{
    const uint32_t number = ++ring->added;
    if (ring->max == 0) {
        ring->forgotten = number;
        *forgotten = e->is;
        return true;
    }
    struct retired_entry *place = &ring->at[number & (ring->max - 1)];
    *forgotten = place->is;
    if (forgotten->epoch != 0) {
        ring->forgotten = number - ring->max;
        ledger_retired_remove(ring, place);
    }
    *place = *e;
    ledger_epochs_add(&ring->index, e->is.epoch, number & (ring->max - 1));
    return forgotten->epoch != 0;
}

void ledger_retired_remove(struct retired_ring *ring, struct retired_entry *e)
{
    ledger_epochs_remove(&ring->index, e->is.epoch);
    *e = (struct retired_entry){0};
}
