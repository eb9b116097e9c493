#include "ledger/state.h"

/** Is all of lo..hi covered? */
static bool covers_range(const struct origin *o, uint64_t lo, uint64_t hi)
{
    if (hi <= o->applied)
        return true;
    if (lo <= o->applied)
        lo = o->applied + 1;
    return ledger_origin_run(o, lo, hi - lo + 1, true) > hi - lo;
}

/** The index before the first dot of a range was first heard of; false when not all is covered. */
static bool find_before(const struct ledger *l, const struct dot_range *range, uint64_t *x)
{
    if (range->lo == 0 || range->lo > range->hi)
        return false;
    const struct origin *o = ledger_origins_find(&l->origins, range->epoch);
    if (o != NULL) {
        *x = ledger_checkpoints_before(o->checkpoints, range->lo, o->born);
        return covers_range(o, range->lo, range->hi);
    }
    const struct retired_entry *e = ledger_retired_find(&l->retired, range->epoch);
    *x = e == NULL ? 0 : e->born;
    return e != NULL && range->hi <= e->is.last;
}

enum err ledger_touched(const struct ledger *l, const struct dot_range *ranges, size_t n,
                        struct ledger_touched *out)
{
    uint64_t least = l->l;
    for (size_t i = 0; i < n; i++) {
        uint64_t x;
        if (!find_before(l, &ranges[i], &x))
            return ERR_REFUSED;
        least = x < least ? x : least;
    }
    ledger_touch_since(&l->touch, least, out);
    return OK;
}

void ledger_touch_all(struct ledger *l)
{
    ledger_touch_everything(&l->touch, l->l);
}
