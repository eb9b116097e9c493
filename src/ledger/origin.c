#include "ledger/origin.h"

#include <assert.h>
#include <stddef.h>

#include "ledger/mix.h"

#define SLOTS_LIMIT (1U << 16) /* as many as a record of the log can name */

static uint32_t size_index(uint32_t max)
{
    uint32_t size = 2;
    while (size < 2 * max)
        size *= 2;
    return size;
}

bool ledger_origins_init(struct arena *arena, struct origins *t, uint32_t max, uint64_t seed)
{
    assert(max >= 1 && max <= SLOTS_LIMIT);
    const uint32_t size = size_index(max);
    struct origin *at = arena_take(arena, max, sizeof *at);
    uint32_t *index = arena_take(arena, size, sizeof *index);
    if (at == NULL || index == NULL)
        return false;
    *t = (struct origins){
        .at = at, .max = max, .index = index, .index_mask = size - 1, .seed = seed};
    return true;
}

/** Where epoch is in the index, or the empty place where it would be. */
static uint32_t probe_index(const struct origins *t, uint64_t epoch)
{
    uint32_t i = (uint32_t)ledger_mix(epoch ^ t->seed) & t->index_mask;
    while (t->index[i] != 0 && t->at[t->index[i] - 1].epoch != epoch)
        i = (i + 1) & t->index_mask;
    return i;
}

struct origin *ledger_origins_find(const struct origins *t, uint64_t epoch)
{
    const uint32_t named = t->index[probe_index(t, epoch)];
    return named == 0 ? NULL : &t->at[named - 1];
}

struct origin *ledger_origins_add(struct origins *t, uint64_t epoch)
{
    if (t->n == t->max)
        return NULL;
    const uint32_t i = probe_index(t, epoch);
    assert(t->index[i] == 0);
    struct origin *o = &t->at[t->n++];
    t->index[i] = t->n;
    *o = (struct origin){.epoch = epoch};
    return o;
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
