#include "heal/touched.h"

#include <assert.h>

#include "heal/pull.h"

#define SPREAD_US (100 * US_PER_MS) /* by then a dot that is under way has reached whoever is up */

/* ---- serving ---- */

/** The last sequence such that r->lo up to it is covered here; 0 when r->lo is not. */
static uint64_t covered_hi(const struct ledger *l, const struct dot_range *r)
{
    struct origin_view view;
    struct dot_range missing;
    if (!ledger_covered(l, r->epoch, r->lo))
        return 0;
    if (ledger_covered(l, r->epoch, r->hi) && ledger_missing(l, *r, &missing, 1) == 0)
        return r->hi; /* also of an origin that ended, which has no view */
    if (!ledger_origin(l, r->epoch, &view))
        return 0;
    const uint64_t hi = view.head < r->hi ? view.head : r->hi;
    return ledger_missing(l, *r, &missing, 1) == 0 ? hi : missing.lo - 1;
}

/** Copy what is covered here, the front of each range, to covered. */
static void pick_covered(const struct ledger *l, const struct peer_ranges *gone,
                         struct peer_ranges *covered)
{
    covered->n = 0;
    for (size_t i = 0; i < gone->n; i++) {
        struct dot_range r = gone->at[i];
        r.hi = covered_hi(l, &r);
        if (r.hi != 0)
            covered->at[covered->n++] = r;
    }
}

/** Cut the fronts that were picked off gone, in the order in which they were picked. */
static void cut_picked(struct peer_ranges *gone, const struct peer_ranges *picked)
{
    size_t left = 0;
    size_t at = 0;
    for (size_t i = 0; i < gone->n; i++) {
        struct dot_range r = gone->at[i];
        const struct dot_range *front = at < picked->n ? &picked->at[at] : NULL;
        if (front != NULL && front->epoch == r.epoch && front->lo == r.lo) {
            at++;
            if (front->hi == r.hi)
                continue;
            r.lo = front->hi + 1;
        }
        gone->at[left++] = r;
    }
    gone->n = left;
}

/** A bitmap that is nearly full spares nearly nothing, and costs eight kilobytes. */
static bool is_nearly_full(const struct ledger_touched *t)
{
    return (uint64_t)t->set_n * 10 > (9ULL << t->bucket_bits);
}

bool heal_touched(struct heal *h, struct peer_ranges *gone, struct peer_ranges *ranges,
                  struct ledger_touched *out)
{
    assert(gone->n <= PEER_RANGES_MAX);
    pick_covered(h->ledger, gone, ranges);
    if (ranges->n == 0 || ledger_touched(h->ledger, ranges->at, ranges->n, out) != OK) {
        ranges->n = 0;
        return false;
    }
    cut_picked(gone, ranges);
    out->everything = out->everything || is_nearly_full(out);
    h->counters.touched_served += ranges->n;
    return true;
}

void heal_closed_touched(struct heal *h, uint64_t closed_n)
{
    h->counters.touched_closed += closed_n;
}

/* ---- asking ---- */

/**
 * Buckets are only known where the range was covered. That holds for its origin, most likely for who
 * showed the head, and for all others after a while: before, dots that are under way would open streams
 * for nothing.
 */
static bool may_have_covered(const struct pull *w, const struct heal_peer *p, mono_us now)
{
    if (p->epoch == w->epoch || p->id == w->advertiser)
        return true;
    return w->ripe_at < now && now - w->ripe_at >= SPREAD_US;
}

void heal_touched_ask(struct heal *h, mono_us now, struct pull *w, struct heal_peer *p,
                      const struct dot_range *r)
{
    if (may_have_covered(w, p, now))
        heal_pulls_stream(h, now, w, p, r);
}
