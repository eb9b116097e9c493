#include "ledger/running.h"

#include <stddef.h>

#include "base/bytes.h"

/** What survives in the thin log: a key, or a tag. A kind of a later version acts as DOT_ALL, and is
 *  told on as that by nodes that do not know it. */
static uint8_t class_of(uint8_t kind)
{
    if (dot_names_key(kind))
        return DOT_KEY;
    return kind >= DOT_TAG && kind <= DOT_ABORT ? kind : DOT_ALL;
}

static uint64_t term_of(const struct hkey *hkey, const struct dot *d)
{
    uint8_t bytes[25];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_u64(&w, d->epoch);
    write_u64(&w, d->seq);
    write_u8(&w, class_of(d->kind));
    write_u64(&w, class_of(d->kind) == DOT_ALL ? 0 : d->hash);
    return hash_bytes(hkey, writer_slice(&w));
}

void ledger_running_restart(struct running *r)
{
    r->sum = 0;
    r->n = 0;
}

void ledger_running_add(struct running *r, const struct hkey *hkey, const struct dot *d)
{
    r->sum += term_of(hkey, d);
    if (d->seq % LEDGER_RUNNING_STEP == 0)
        r->at[r->n++ % LEDGER_RUNNING_KEPT] = (struct running_point){.seq = d->seq, .sum = r->sum};
}

static uint64_t count_held(const struct running *r)
{
    return r->n < LEDGER_RUNNING_KEPT ? r->n : LEDGER_RUNNING_KEPT;
}

bool ledger_running_newest(const struct running *r, struct ledger_sum *out)
{
    const uint64_t held = count_held(r);
    if (held < 2)
        return false;
    const struct running_point *oldest = &r->at[(r->n - held) % LEDGER_RUNNING_KEPT];
    const struct running_point *newest = &r->at[(r->n - 1) % LEDGER_RUNNING_KEPT];
    out->lo = oldest->seq;
    out->hi = newest->seq;
    out->sum = newest->sum - oldest->sum;
    return true;
}

static const struct running_point *find_point(const struct running *r, uint64_t seq)
{
    const uint64_t held = count_held(r);
    for (uint64_t i = 0; i < held; i++)
        if (r->at[i].seq == seq)
            return &r->at[i];
    return NULL;
}

bool ledger_running_between(const struct running *r, struct ledger_sum *out)
{
    const struct running_point *lo = find_point(r, out->lo);
    const struct running_point *hi = find_point(r, out->hi);
    if (lo == NULL || hi == NULL || out->lo >= out->hi)
        return false;
    out->sum = hi->sum - lo->sum;
    return true;
}
