#include <assert.h>

#include "ledger/state.h"

bool ledger_secure_window(struct ledger *l, struct origin *o, uint64_t seq)
{
    if (!ledger_origin_in_window(o, seq))
        return false;
    if (o->window == NULL)
        o->window = ledger_window_take(&l->windows);
    return o->window != NULL;
}

/** Bring everything that is derived from what o has covered up to date. */
static void settle_origin(struct ledger *l, struct origin *o)
{
    if (o->window != NULL && o->window->n == 0) {
        ledger_window_give(&l->windows, o->window);
        o->window = NULL;
    }
    ledger_gaps_trim(&l->gaps, o);
}

bool ledger_lacks_end(const struct origin *o)
{
    return o->ended_at > o->applied;
}

void ledger_advance_origin(struct ledger *l, struct origin *o, uint64_t to)
{
    l->unended_n -= ledger_lacks_end(o);
    ledger_origin_advance(o, to);
    l->unended_n += ledger_lacks_end(o);
    ledger_digest_update(&l->digest, o);
    settle_origin(l, o);
}

bool ledger_mark_covered(struct ledger *l, struct origin *o, uint64_t lo, uint64_t hi)
{
    if (lo == o->applied + 1) {
        ledger_advance_origin(l, o, hi);
        return true;
    }
    if (!ledger_secure_window(l, o, hi))
        return false;
    ledger_window_fill(o->window, lo, hi - lo + 1, true);
    settle_origin(l, o);
    return true;
}

/** Hand what the log is about to forget to the thin log, if it still belongs to an origin. */
static void thin_oldest(struct ledger *l)
{
    uint64_t position;
    const struct log_record *r = ledger_dotlog_leaving(&l->log, &position);
    if (r != NULL && ledger_origins_used(&l->origins, r->slot) &&
        position >= l->origins.at[r->slot].log_since)
        ledger_thin_add(&l->thin, r);
}

/** Add what became contiguous to the running sum: d, and what came before its turn, from the log. */
static void sum_up(struct ledger *l, struct origin *o, uint64_t seq, const struct dot *d)
{
    struct log_key key = {.slot = ledger_origins_slot(&l->origins, o), .since = o->log_since};
    for (; seq <= o->applied; seq++) {
        key.seq = seq;
        const struct log_record *r = seq == d->seq ? NULL : ledger_dotlog_find(&l->log, &key);
        if (seq == d->seq)
            ledger_running_add(&o->running, &l->digest.hkey, d);
        else if (r == NULL)
            ledger_running_restart(&o->running);
        else
            ledger_running_add(
                &o->running, &l->digest.hkey,
                &(struct dot){.epoch = o->epoch, .seq = seq, .kind = r->kind, .hash = r->hash});
    }
}

void ledger_cover(struct ledger *l, const struct dot *d)
{
    struct origin *o = ledger_origins_find(&l->origins, d->epoch);
    assert(d->seq != 0);
    if (o == NULL || d->seq > o->head) /* retired since it was taken, and perhaps forgotten */
        return;
    if (ledger_origin_covers(o, d->seq))
        return;
    const uint64_t next = o->applied + 1;
    /* A window secured by ledger_take() goes back when the origin is contiguous in between, and the
     * pool may be empty by now: uncovered is true as well, the dot is pulled again. */
    if (!ledger_mark_covered(l, o, d->seq, d->seq)) {
        l->counters.beyond++;
        return;
    }
    l->counters.applied++;
    thin_oldest(l);
    ledger_dotlog_add(&l->log, ledger_origins_slot(&l->origins, o), d);
    ledger_touch_dot(&l->touch, d, l->l);
    sum_up(l, o, next, d);
}
