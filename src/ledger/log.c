#include "ledger/log.h"

#include <assert.h>

#include "ledger/mix.h"

#define OLDER_MASK (LEDGER_DOTLOG_MAX * 2 - 1)

bool ledger_dotlog_init(struct arena *arena, struct dotlog *log, uint32_t max, uint64_t seed)
{
    assert(max >= 1 && max <= LEDGER_DOTLOG_MAX && (max & (max - 1)) == 0);
    struct log_record *ring = arena_take(arena, max, sizeof *ring);
    uint32_t *newest = arena_take(arena, max, sizeof *newest);
    if (ring == NULL || newest == NULL)
        return false;
    *log = (struct dotlog){.ring = ring, .newest = newest, .mask = max - 1, .seed = seed};
    return true;
}

static uint32_t pick_chain(const struct dotlog *log, uint32_t slot, uint64_t seq)
{
    return (uint32_t)ledger_mix(log->seed ^ seq ^ (uint64_t)slot << 48) & log->mask;
}

void ledger_dotlog_add(struct dotlog *log, uint32_t slot, const struct dot *d)
{
    assert(slot < LEDGER_DOTLOG_SLOTS);
    const uint32_t at = (uint32_t)log->added & log->mask;
    uint32_t *newest = &log->newest[pick_chain(log, slot, d->seq)];
    /* The head may be long overwritten; whoever follows the chain will see that. When it is the very
     * record that goes now, the distance is 0: none. */
    const uint32_t older = *newest == 0 ? 0 : (at - (*newest - 1)) & log->mask;
    log->ring[at] = (struct log_record){.seq = d->seq,
                                        .hash = d->hash,
                                        .version = d->version,
                                        .digest = d->digest,
                                        .slot = (uint16_t)slot,
                                        .prefix_len = d->prefix_len,
                                        .kind = d->kind,
                                        .has_version = d->has_version,
                                        .older = older & OLDER_MASK};
    *newest = at + 1;
    log->added++;
}

/**
 * Step from the record of this age (0 is the newest) down its chain.
 * Returns: false at the end of the chain: no link, or a link out of the ring.
 */
static bool step_older(const struct dotlog *log, size_t *age)
{
    const struct log_record *r = ledger_dotlog_newest(log, *age);
    *age += r->older;
    return r->older != 0 && *age < ledger_dotlog_n(log);
}

const struct log_record *ledger_dotlog_find(const struct dotlog *log, uint32_t slot, uint64_t seq)
{
    const uint32_t chain = pick_chain(log, slot, seq);
    if (log->newest[chain] == 0)
        return NULL;
    size_t age = (log->added - log->newest[chain]) & log->mask;
    do {
        const struct log_record *r = ledger_dotlog_newest(log, age);
        if (r->seq == seq && r->slot == slot)
            return r;
        /* A record of another chain took the place: all that was older here is gone as well. */
        if (pick_chain(log, r->slot, r->seq) != chain)
            return NULL;
    } while (step_older(log, &age));
    return NULL;
}

const struct log_record *ledger_dotlog_newest(const struct dotlog *log, size_t i)
{
    assert(i < ledger_dotlog_n(log));
    return &log->ring[(log->added - 1 - i) & log->mask];
}

size_t ledger_dotlog_n(const struct dotlog *log)
{
    const size_t max = (size_t)log->mask + 1;
    return log->added < max ? (size_t)log->added : max;
}

struct dot ledger_dotlog_dot(const struct log_record *r, uint64_t epoch)
{
    return (struct dot){.epoch = epoch,
                        .seq = r->seq,
                        .kind = r->kind,
                        .has_version = r->has_version,
                        .prefix_len = r->prefix_len,
                        .hash = r->hash,
                        .version = r->version,
                        .digest = r->digest};
}
