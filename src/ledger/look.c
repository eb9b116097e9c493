#include <assert.h>

#include "ledger/state.h"

uint64_t ledger_vector_hash(const struct ledger *l)
{
    return l->digest.sum;
}

const uint64_t *ledger_vector_groups(const struct ledger *l)
{
    return l->digest.groups;
}

uint64_t ledger_vector_term(const struct ledger *l, uint64_t epoch)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    const uint64_t last = o == NULL ? ledger_retired_last(l, epoch) : 0;
    if (o != NULL)
        return o->term;
    return last == 0 ? 0 : hash_pair(&l->digest.hkey, epoch, last);
}

static struct origin_view view_origin(const struct origin *o)
{
    struct origin_view v = {.epoch = o->epoch,
                            .applied = o->applied,
                            .head = o->head,
                            .gaps_n = o->parts_n,
                            .ended = o->applied == o->head && o->ended_at >= o->head && o->head > 0,
                            .gone_since = o->gone_since};
    if (o->window != NULL) {
        v.mask = ledger_window_word(o->window, o->applied + 2);
        v.beyond_mask = o->window->n > ledger_window_count(o->window, o->applied + 2, 64);
    }
    return v;
}

size_t ledger_origins(const struct ledger *l)
{
    return l->origins.n;
}

struct origin_view ledger_origin_at(const struct ledger *l, size_t i)
{
    return view_origin(ledger_origins_at(&l->origins, i));
}

bool ledger_origin(const struct ledger *l, uint64_t epoch, struct origin_view *out)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    const uint64_t last = o == NULL ? ledger_retired_last(l, epoch) : 0;
    if (o != NULL)
        *out = view_origin(o);
    else if (last > 0)
        *out = (struct origin_view){.epoch = epoch, .applied = last, .head = last};
    return o != NULL || last > 0;
}

static bool find_thin(const struct ledger *l, const struct origin *o, struct log_key *key,
                      struct dot *out)
{
    key->since = o->thin_since;
    if (!ledger_thin_find(&l->thin, key, out))
        return false;
    out->epoch = o->epoch;
    return true;
}

bool ledger_log_find(const struct ledger *l, uint64_t epoch, uint64_t seq, struct dot *out)
{
    const struct origin *o = ledger_origins_find(&l->origins, epoch);
    if (o == NULL)
        return false;
    struct log_key key = {
        .slot = ledger_origins_slot(&l->origins, o), .seq = seq, .since = o->log_since};
    const struct log_record *r = ledger_dotlog_find(&l->log, &key);
    if (r == NULL)
        return find_thin(l, o, &key, out);
    return ledger_dotlog_dot(&l->log, r, epoch, out);
}

struct dot ledger_log_newest(const struct ledger *l, size_t i)
{
    struct dot d;
    const struct log_record *r = ledger_dotlog_newest(&l->log, i);
    const struct origin *o = &l->origins.at[r->slot];
    const bool ours = ledger_dotlog_added(&l->log) - i > o->log_since;
    (void)ledger_dotlog_dot(&l->log, r, ours ? o->epoch : 0, &d);
    return d;
}

size_t ledger_log_max(const struct ledger *l)
{
    const size_t thin = l->thin.ring == NULL ? 0 : (size_t)l->thin.chains.mask + 1;
    return (size_t)l->log.chains.mask + 1 + thin;
}

size_t ledger_log_n(const struct ledger *l)
{
    return ledger_dotlog_n(&l->log);
}

struct ledger_counters ledger_counters(const struct ledger *l)
{
    struct ledger_counters counters = l->counters;
    counters.gaps_opened = l->gaps.opened;
    counters.gaps_merged = l->gaps.merged;
    return counters;
}

/* ---- running digests ---- */

bool ledger_sum_at(const struct ledger *l, size_t i, struct ledger_sum *out)
{
    const struct origin *o = ledger_origins_at(&l->origins, i);
    out->epoch = o->epoch;
    return ledger_running_newest(&o->running, out);
}

enum err ledger_sum_check(struct ledger *l, const struct ledger_sum *theirs)
{
    const struct origin *o = ledger_origins_find(&l->origins, theirs->epoch);
    struct ledger_sum ours = *theirs;
    if (o == NULL || !ledger_running_between(&o->running, &ours))
        return ERR_UNKNOWN;
    if (ours.sum == theirs->sum)
        return OK;
    l->counters.conflicts++;
    return ERR_CONFLICT;
}
