#include "heal/audit.h"

#include <assert.h>

#define FORK_US (60 * US_PER_SEC) /* between two barriers for one origin */

/* ---- telling ---- */

/** Not all nodes of a cluster that was started at once at the same time. */
static mono_us first_audit(struct heal *h, mono_us now)
{
    return now + rng_below(&h->rng, h->cfg.audit_us) + 1;
}

void heal_audit_plan(struct heal *h, mono_us now)
{
    if (h->audit_at > now)
        return;
    const bool first = h->audit_at == 0;
    h->audit_at = first ? first_audit(h, now) : now + h->cfg.audit_us;
    if (!first && h->peers_n > 0)
        h->audit_to = h->peers[rng_below(&h->rng, h->peers_n)].id;
}

/** Collect the next sums, of each origin one at most, going on where the last audit ended. */
static void collect_sums(struct heal *h, struct peer_sums *out)
{
    const size_t origins_n = ledger_origins(h->ledger);
    struct ledger_sum sum;
    size_t at = h->audit_i % origins_n;
    out->n = 0;
    for (size_t looked = 0; looked < origins_n && out->n < PEER_SUMS_MAX; looked++) {
        if (ledger_sum_at(h->ledger, at, &sum))
            out->at[out->n++] = (struct peer_sum){sum.epoch, sum.lo, sum.hi, sum.sum};
        at = (at + 1) % origins_n;
    }
    h->audit_i = (uint32_t)at;
}

uint64_t heal_audit_poll(struct heal *h)
{
    const uint64_t to = h->audit_to;
    h->audit_to = 0;
    if (to == 0 || heal_find_peer(h, to) == NULL)
        return 0;
    struct peer_sums *sums = &heal_msg(h, PEER_SUMS)->args.sums;
    collect_sums(h, sums);
    return sums->n > 0 ? to : 0;
}

/* ---- comparing ---- */

static struct fork *find_fork(struct heal *h, uint64_t epoch)
{
    struct fork *oldest = &h->forks[0];
    for (uint32_t i = 0; i < FORKS_MAX; i++) {
        struct fork *f = &h->forks[i];
        if (f->epoch == epoch)
            return f;
        if (f->epoch == 0 || (oldest->epoch != 0 && f->at < oldest->at))
            oldest = f;
    }
    *oldest = (struct fork){.epoch = 0};
    return oldest;
}

/**
 * Whatever was issued up to s->hi was issued before the barrier, so one barrier is enough for it. An
 * origin that forks on and on costs one a minute.
 */
static void note_fork(struct heal *h, mono_us now, const struct ledger_sum *s)
{
    struct fork *f = find_fork(h, s->epoch);
    if (f->epoch != 0 && (s->hi <= f->hi || now - f->at < FORK_US))
        return;
    *f = (struct fork){.epoch = s->epoch, .hi = s->hi, .at = now};
    h->forked_due = true;
}

void heal_sums(struct heal *h, mono_us now, uint64_t id, const struct peer_sums *sums)
{
    (void)id; /* whoever is right: the difference is what counts */
    assert(sums->n <= PEER_SUMS_MAX);
    for (size_t i = 0; i < sums->n; i++) {
        const struct peer_sum *s = &sums->at[i];
        const struct ledger_sum theirs = {s->epoch, s->lo, s->hi, s->sum};
        const enum err err = ledger_sum_check(h->ledger, &theirs);
        h->counters.sums_compared += err == OK || err == ERR_CONFLICT;
        if (err == ERR_CONFLICT)
            note_fork(h, now, &theirs);
    }
}
