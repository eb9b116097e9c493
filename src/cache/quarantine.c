#include "cache/quarantine.h"

#include <stddef.h>

/* A shard has the top bits of the hash in common. */
static uint32_t bucket_of(uint64_t hash)
{
    return (uint32_t)(hash % QUARANTINE_BUCKETS);
}

/** When a quarantine that begins now ends; what a hostile dot asks beyond the limit is cut. */
static mono_us end_of(mono_us now, const struct dot *d)
{
    const uint32_t ms = d->ms < DOT_MS_MAX ? d->ms : DOT_MS_MAX;
    return now + ms * US_PER_MS;
}

/** The same quarantine begun before: of this BEGIN, or any NOSTORE of this key. */
static struct quarantined *find(struct quarantine *q, const struct quarantined *other)
{
    for (uint32_t i = 0; i < q->used; i++) {
        struct quarantined *it = &q->all[i];
        if (it->hash == other->hash && it->epoch == other->epoch && it->seq == other->seq)
            return it;
    }
    return NULL;
}

/** The NOSTORE that ends first: it makes way for a BEGIN. NULL when there is none. */
static struct quarantined *pick_nostore(struct quarantine *q)
{
    struct quarantined *first = NULL;
    for (uint32_t i = 0; i < q->used; i++) {
        struct quarantined *it = &q->all[i];
        if (it->epoch == 0 && (first == NULL || it->until_us < first->until_us))
            first = it;
    }
    return first;
}

/** There is no room: a BEGIN takes the place of a NOSTORE, or shuts the bucket of its key. */
static void begin_full(struct quarantine *q, const struct quarantined *added)
{
    struct quarantined *weaker = pick_nostore(q);
    mono_us *shut = &q->shut_until_us[bucket_of(added->hash)];
    if (added->epoch != 0 && weaker != NULL)
        *weaker = *added;
    else if (added->epoch != 0)
        *shut = time_max(*shut, added->until_us);
}

bool quarantine_begin(struct quarantine *q, mono_us now, const struct dot *d)
{
    const bool intent = d->kind == DOT_BEGIN;
    const struct quarantined added = {.hash = d->hash,
                                      .until_us = end_of(now, d),
                                      .epoch = intent ? d->epoch : 0,
                                      .seq = intent ? d->seq : 0};
    struct quarantined *there = find(q, &added);
    if (there != NULL) {
        there->until_us = time_max(there->until_us, added.until_us);
        return true;
    }
    if (q->used == CACHE_QUARANTINE_MAX)
        quarantine_clear(q, now);
    if (q->used < CACHE_QUARANTINE_MAX) {
        q->all[q->used++] = added;
        return true;
    }
    begin_full(q, &added);
    return false;
}

static void drop(struct quarantine *q, uint32_t i)
{
    q->all[i] = q->all[--q->used];
}

void quarantine_end(struct quarantine *q, uint64_t epoch, uint64_t seq)
{
    uint32_t i = 0;
    while (i < q->used && (q->all[i].epoch != epoch || q->all[i].seq != seq))
        i++;
    if (i < q->used && epoch != 0)
        drop(q, i);
}

enum cache_reason quarantine_ask(const struct quarantine *q, mono_us now, uint64_t hash)
{
    enum cache_reason says = CACHE_STORED;
    if (now < q->shut_until_us[bucket_of(hash)])
        return CACHE_INTENT;
    for (uint32_t i = 0; i < q->used; i++) {
        const struct quarantined *it = &q->all[i];
        if (it->hash != hash || now >= it->until_us)
            continue;
        if (it->epoch != 0)
            return CACHE_INTENT;
        says = CACHE_NOSTORE;
    }
    return says;
}

void quarantine_clear(struct quarantine *q, mono_us now)
{
    uint32_t i = 0;
    while (i < q->used) {
        if (now >= q->all[i].until_us)
            drop(q, i);
        else
            i++;
    }
}
