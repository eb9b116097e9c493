#include "ledger/origin.h"

#include <assert.h>
#include <stddef.h>

#define SLOTS_LIMIT (1U << 16) /* as many as a record of the logs can name */

bool ledger_origins_init(struct arena *arena, struct origins *t, uint32_t max, uint64_t seed)
{
    assert(max >= 1 && max <= SLOTS_LIMIT);
    struct origin *at = arena_take(arena, max, sizeof *at);
    uint32_t *order = arena_take(arena, max, sizeof *order);
    if (at == NULL || order == NULL || !ledger_epochs_init(arena, &t->index, max, seed))
        return false;
    t->at = at;
    t->order = order;
    t->max = max;
    t->n = 0;
    for (uint32_t i = 0; i < max; i++)
        order[i] = i;
    return true;
}

struct origin *ledger_origins_find(const struct origins *t, uint64_t epoch)
{
    const uint32_t slot = ledger_epochs_find(&t->index, epoch);
    return slot == LEDGER_EPOCHS_NONE ? NULL : &t->at[slot];
}

struct origin *ledger_origins_add(struct origins *t, uint64_t epoch)
{
    if (t->n == t->max)
        return NULL;
    const uint32_t place = t->n++;
    struct origin *o = &t->at[t->order[place]];
    ledger_epochs_add(&t->index, epoch, t->order[place]);
    *o = (struct origin){.epoch = epoch, .gone_since = NEVER, .place = place};
    return o;
}

void ledger_origins_remove(struct origins *t, struct origin *o)
{
    assert(o->window == NULL && o->checkpoints == NULL && o->parts_n == 0);
    const uint32_t slot = t->order[o->place];
    const uint32_t last = t->order[--t->n];
    ledger_epochs_remove(&t->index, o->epoch);
    t->order[o->place] = last;
    t->at[last].place = o->place;
    t->order[t->n] = slot;
    o->epoch = 0;
}

struct origin *ledger_origins_at(const struct origins *t, size_t place)
{
    assert(place < t->n);
    return &t->at[t->order[place]];
}

bool ledger_origins_used(const struct origins *t, uint32_t slot)
{
    return t->at[slot].epoch != 0;
}

uint32_t ledger_origins_slot(const struct origins *t, const struct origin *o)
{
    return (uint32_t)(o - t->at);
}

bool ledger_origin_in_window(const struct origin *o, uint64_t seq)
{
    return seq - o->applied <= LEDGER_WINDOW;
}

bool ledger_origin_covers(const struct origin *o, uint64_t seq)
{
    if (seq <= o->applied)
        return true;
    return o->window != NULL && ledger_origin_in_window(o, seq) &&
           ledger_window_has(o->window, seq);
}

/** How many of the len sequences from seq lie inside the window; 0 without one. */
static uint64_t reach_window(const struct origin *o, uint64_t seq, uint64_t len)
{
    if (o->window == NULL || !ledger_origin_in_window(o, seq))
        return 0;
    const uint64_t room = LEDGER_WINDOW + 1 - (seq - o->applied);
    return len < room ? len : room;
}

uint64_t ledger_origin_run(const struct origin *o, uint64_t seq, uint64_t len, bool covered)
{
    assert(seq > o->applied);
    const uint64_t within = reach_window(o, seq, len);
    const uint64_t run = within == 0 ? 0 : ledger_window_run(o->window, seq, within, covered);
    /* Nothing is covered past the window: an open run that reaches its end goes on to the end. */
    return covered || run < within ? run : len;
}

uint64_t ledger_origin_open_n(const struct origin *o, uint64_t lo, uint64_t hi)
{
    assert(o->applied < lo && lo <= hi);
    const uint64_t len = hi - lo + 1;
    const uint64_t within = reach_window(o, lo, len);
    return within == 0 ? len : len - ledger_window_count(o->window, lo, within);
}

void ledger_origin_advance(struct origin *o, uint64_t to)
{
    assert(to > o->applied);
    const uint64_t first = o->applied + 1;
    if (o->window != NULL)
        ledger_window_fill(o->window, first, reach_window(o, first, to - o->applied), false);
    o->applied = to;
    if (o->window == NULL || o->window->n == 0)
        return;
    const uint64_t run = ledger_window_run(o->window, to + 1, LEDGER_WINDOW, true);
    ledger_window_fill(o->window, to + 1, run, false);
    o->applied += run;
}
