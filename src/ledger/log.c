#include "ledger/log.h"

#include <assert.h>

#include "ledger/mix.h"

bool ledger_dotlog_init(struct arena *arena, struct dotlog *log, uint32_t max, uint32_t more_bytes)
{
    assert(max <= LEDGER_DOTLOG_MAX);
    struct log_record *ring = arena_take(arena, max, sizeof *ring);
    if (ring == NULL || !ledger_chains_init(arena, &log->chains, max) ||
        !ledger_side_init(arena, &log->side, more_bytes))
        return false;
    log->ring = ring;
    return true;
}

uint64_t ledger_dotlog_added(const struct dotlog *log)
{
    return log->chains.added;
}

void ledger_dotlog_add(struct dotlog *log, uint32_t slot, const struct dot *d)
{
    assert(slot < LEDGER_DOTLOG_SLOTS);
    const uint64_t at = ledger_chains_add(&log->chains, ledger_mix_dot(slot, d->seq));
    struct log_record *r = &log->ring[at & log->chains.mask];
    *r = (struct log_record){.seq = d->seq,
                             .hash = d->hash,
                             .version = d->version,
                             .slot = (uint16_t)slot,
                             .prefix_len = d->prefix_len,
                             .kind = d->kind,
                             .has_version = d->has_version,
                             .soft = d->soft,
                             .has_side = ledger_side_needed(d)};
    if (r->has_side)
        r->side = ledger_side_add(&log->side, d);
    else
        r->digest = d->digest;
}

const struct log_record *ledger_dotlog_leaving(const struct dotlog *log, uint64_t *position)
{
    const struct chains *c = &log->chains;
    if (c->added <= c->mask)
        return NULL;
    *position = c->added - c->mask - 1;
    return &log->ring[*position & c->mask];
}

const struct log_record *ledger_dotlog_find(const struct dotlog *log, const struct log_key *key)
{
    uint64_t at;
    bool more = ledger_chains_first(&log->chains, ledger_mix_dot(key->slot, key->seq), &at);
    for (; more && at >= key->since; more = ledger_chains_next(&log->chains, &at)) {
        const struct log_record *r = &log->ring[at & log->chains.mask];
        if (r->seq == key->seq && r->slot == key->slot)
            return r;
    }
    return NULL;
}

const struct log_record *ledger_dotlog_newest(const struct dotlog *log, size_t i)
{
    assert(i < ledger_dotlog_n(log));
    return &log->ring[(log->chains.added - 1 - i) & log->chains.mask];
}

size_t ledger_dotlog_n(const struct dotlog *log)
{
    return ledger_chains_n(&log->chains);
}

bool ledger_dotlog_dot(const struct dotlog *log, const struct log_record *r, uint64_t epoch,
                       struct dot *out)
{
    *out = (struct dot){.epoch = epoch,
                        .seq = r->seq,
                        .kind = r->kind,
                        .has_version = r->has_version,
                        .soft = r->soft,
                        .prefix_len = r->prefix_len,
                        .hash = r->hash,
                        .version = r->version};
    if (r->has_side)
        return ledger_side_get(&log->side, r->side, out);
    out->digest = r->digest;
    return true;
}
