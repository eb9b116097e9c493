#include "ledger/retired.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define ROOM_FACTOR 2 /* known per counted: nodes that retire in other orders still know the same */

bool ledger_retired_init(struct arena *arena, struct retired_ring *ring, uint32_t max,
                         uint64_t seed)
{
    assert(max <= UINT32_MAX / ROOM_FACTOR / 2);
    const uint32_t room = ROOM_FACTOR * max;
    *ring = (struct retired_ring){.at = arena_take(arena, room, sizeof *ring->at),
                                  .by_epoch = arena_take(arena, room, sizeof *ring->by_epoch),
                                  .by_number = arena_take(arena, room, sizeof *ring->by_number),
                                  .max = max,
                                  .room = room};
    if (ring->at == NULL || ring->by_epoch == NULL || ring->by_number == NULL)
        return false;
    for (uint32_t i = 0; i < room; i++)
        ring->by_epoch[i] = i;
    return ledger_epochs_init(arena, &ring->index, room, seed);
}

struct retired_entry *ledger_retired_find(const struct retired_ring *ring, uint64_t epoch)
{
    const uint32_t at = ledger_epochs_find(&ring->index, epoch);
    return at == LEDGER_EPOCHS_NONE ? NULL : &ring->at[at];
}

/** How many entries have an epoch of at most this one. */
static uint32_t rank_of(const struct retired_ring *ring, uint64_t epoch)
{
    uint32_t lo = 0;
    uint32_t hi = ring->n;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (ring->at[ring->by_epoch[mid]].is.epoch <= epoch)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/** How many entries have a number of at most this one. */
static uint32_t turn_of(const struct retired_ring *ring, uint32_t number)
{
    uint32_t lo = 0;
    uint32_t hi = ring->n;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (ring->at[ring->by_number[mid]].number <= number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void raise_to(uint32_t *number, uint32_t to)
{
    if (*number < to)
        *number = to;
}

/** The n-th highest epoch's entry, n from 1; there are as many. */
static struct retired_entry *nth_highest(const struct retired_ring *ring, uint32_t n)
{
    return &ring->at[ring->by_epoch[ring->n - n]];
}

bool ledger_retired_would_count(const struct retired_ring *ring, uint64_t epoch)
{
    if (ring->n < ring->max)
        return true;
    return ring->max > 0 && epoch > nth_highest(ring, ring->max)->is.epoch;
}

/** Take an entry out of the lists; which others are counted is not looked at. */
static void unlink_entry(struct retired_ring *ring, struct retired_entry *e)
{
    const uint32_t place = (uint32_t)(e - ring->at);
    const uint32_t rank = rank_of(ring, e->is.epoch) - 1;
    const uint32_t turn = turn_of(ring, e->number) - 1;
    const uint32_t n = --ring->n;
    memmove(ring->by_epoch + rank, ring->by_epoch + rank + 1, (n - rank) * sizeof *ring->by_epoch);
    memmove(ring->by_number + turn, ring->by_number + turn + 1,
            (n - turn) * sizeof *ring->by_number);
    ring->by_epoch[n] = place;
    ledger_epochs_remove(&ring->index, e->is.epoch);
    *e = (struct retired_entry){0};
}

/** Put a copy of e into the lists; there is room. */
static void link_entry(struct retired_ring *ring, const struct retired_entry *e)
{
    const uint32_t n = ring->n;
    const uint32_t place = ring->by_epoch[n];
    const uint32_t rank = rank_of(ring, e->is.epoch);
    memmove(ring->by_epoch + rank + 1, ring->by_epoch + rank, (n - rank) * sizeof *ring->by_epoch);
    ring->by_epoch[rank] = place;
    ring->by_number[n] = place;
    ring->at[place] = *e;
    ring->n = n + 1;
    ledger_epochs_add(&ring->index, e->is.epoch, place);
}

/** Full: the entry that was retired first of those that are not counted goes. */
static void drop_one(struct retired_ring *ring)
{
    uint32_t turn = 0;
    while (ring->at[ring->by_number[turn]].counted)
        turn++;
    struct retired_entry *e = &ring->at[ring->by_number[turn]];
    raise_to(&ring->dropped, e->number);
    unlink_entry(ring, e);
}

struct retired_change ledger_retired_add(struct retired_ring *ring, const struct retired_entry *e)
{
    struct retired_entry entry = *e;
    struct retired_change change = {0};
    entry.number = ++ring->added;
    entry.counted = true;
    if (ring->max == 0) {
        ring->uncounted = ring->dropped = entry.number;
        return (struct retired_change){.uncounted = e->is, .dropped = true};
    }
    if (ring->n == ring->room) {
        drop_one(ring);
        change.dropped = true;
    }
    link_entry(ring, &entry);
    if (ring->n <= ring->max)
        return change;
    struct retired_entry *out = nth_highest(ring, ring->max + 1);
    if (!out->counted) /* the new one ranks even below it */
        out = ledger_retired_find(ring, e->is.epoch);
    out->counted = false;
    change.uncounted = out->is;
    raise_to(&ring->uncounted, out->number);
    return change;
}

struct retired_change ledger_retired_remove(struct retired_ring *ring, struct retired_entry *e)
{
    struct retired_change change = {0};
    const bool counted = e->counted;
    unlink_entry(ring, e);
    if (!counted || ring->n < ring->max)
        return change;
    struct retired_entry *in = nth_highest(ring, ring->max);
    in->counted = true;
    change.counted = in->is;
    return change;
}

const struct retired_entry *ledger_retired_past_number(const struct retired_ring *ring,
                                                       uint32_t number)
{
    const uint32_t turn = turn_of(ring, number);
    return turn == ring->n ? NULL : &ring->at[ring->by_number[turn]];
}

const struct retired_entry *ledger_retired_above(const struct retired_ring *ring, uint64_t epoch)
{
    const uint32_t rank = rank_of(ring, epoch);
    return rank == ring->n ? NULL : &ring->at[ring->by_epoch[rank]];
}
