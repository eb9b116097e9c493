#include "ledger/state.h"

size_t ledger_gaps(const struct ledger *l)
{
    return l->gaps.n;
}

mono_us ledger_gap_oldest(const struct ledger *l)
{
    return l->gaps.oldest;
}

static struct gap gap_of(const struct origin *o, uint32_t i)
{
    const struct part *p = &o->parts[i];
    return (struct gap){
        .epoch = o->epoch, .lo = p->lo, .hi = p->hi, .g = p->g, .opened_at = p->opened_at};
}

size_t ledger_gap_list(const struct ledger *l, struct gap *out, size_t cap)
{
    size_t n = 0;
    for (uint32_t slot = 0; n < cap && ledger_gaps_next(&l->gaps, &slot); slot++) {
        const struct origin *o = &l->origins.at[slot];
        for (uint32_t i = 0; i < o->parts_n && n < cap; i++)
            out[n++] = gap_of(o, i);
    }
    return n;
}

size_t ledger_gap_turn(const struct ledger *l, uint32_t *slot, struct gap *out, size_t origins_max)
{
    size_t n = 0;
    for (size_t origins = 0; origins < origins_max; origins++) {
        if (!ledger_gaps_next(&l->gaps, slot)) {
            *slot = 0;
            return n;
        }
        const struct origin *o = &l->origins.at[(*slot)++];
        for (uint32_t i = 0; i < o->parts_n; i++)
            out[n++] = gap_of(o, i);
    }
    return n;
}

/** Cut [*lo, *hi] back to what is heard and past applied; false when nothing is left. */
static bool clamp_open(const struct origin *o, uint64_t *lo, uint64_t *hi)
{
    if (*hi > o->head)
        *hi = o->head;
    if (*hi <= o->applied)
        return false;
    if (*lo <= o->applied)
        *lo = o->applied + 1;
    return *lo <= *hi;
}

size_t ledger_missing(const struct ledger *l, struct dot_range range, struct dot_range *out,
                      size_t cap)
{
    const uint64_t epoch = range.epoch;
    uint64_t lo = range.lo;
    uint64_t hi = range.hi;
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL || !clamp_open(o, &lo, &hi))
        return 0;
    size_t n = 0;
    while (n < cap) {
        const uint64_t skip = ledger_origin_run(o, lo, hi - lo + 1, true);
        if (skip > hi - lo)
            break;
        lo += skip;
        const uint64_t len = ledger_origin_run(o, lo, hi - lo + 1, false);
        out[n++] = (struct dot_range){.epoch = epoch, .lo = lo, .hi = lo + len - 1};
        if (len > hi - lo)
            break;
        lo += len;
    }
    return n;
}

struct closing {
    uint64_t g; /* newest of the parts that lose something */
    uint64_t n; /* sequences */
};

/** What would closing lo..hi close? */
static struct closing weigh_closing(const struct origin *o, uint64_t lo, uint64_t hi)
{
    struct closing c = {0};
    for (uint32_t i = 0; i < o->parts_n; i++) {
        const struct part *p = &o->parts[i];
        const uint64_t from = p->lo > lo ? p->lo : lo;
        const uint64_t to = p->hi < hi ? p->hi : hi;
        const uint64_t n = from <= to ? ledger_origin_open_n(o, from, to) : 0;
        if (n > 0 && p->g > c.g)
            c.g = p->g;
        c.n += n;
    }
    return c;
}

/** Close the uncovered of lo..hi, past applied and heard; what cannot be recorded stays open. */
static struct closing close_range(struct ledger *l, struct origin *o, uint64_t lo, uint64_t hi)
{
    const bool from_front = lo == o->applied + 1;
    if (!from_front && !ledger_origin_in_window(o, lo))
        return (struct closing){0};
    if (!from_front && !ledger_origin_in_window(o, hi))
        hi = o->applied + LEDGER_WINDOW;
    const struct closing c = weigh_closing(o, lo, hi);
    const uint64_t applied = o->applied;
    if (!ledger_mark_covered(l, o, lo, hi))
        return (struct closing){0};
    if (o->applied != applied)
        ledger_running_restart(&o->running);
    l->counters.closed += c.n;
    return c;
}

static struct closing close_heard(struct ledger *l, struct dot_range range)
{
    struct origin *o = ledger_origins_find(&l->origins, range.epoch);
    if (o == NULL || !clamp_open(o, &range.lo, &range.hi))
        return (struct closing){0};
    return close_range(l, o, range.lo, range.hi);
}

uint64_t ledger_close(struct ledger *l, uint64_t epoch, uint64_t lo, uint64_t hi,
                      uint64_t *closed_n)
{
    const struct closing c = close_heard(l, (struct dot_range){.epoch = epoch, .lo = lo, .hi = hi});
    if (c.n > 0)
        ledger_touch_all(l);
    if (closed_n != NULL)
        *closed_n = c.n;
    return c.g;
}

uint64_t ledger_close_touched(struct ledger *l, const struct dot_range *range,
                              const struct ledger_touched *touched, uint64_t *closed_n)
{
    const struct closing c = close_heard(l, *range);
    if (c.n > 0)
        ledger_touch_known(&l->touch, touched, l->l);
    if (closed_n != NULL)
        *closed_n = c.n;
    return c.g;
}
