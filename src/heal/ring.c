#include "heal/ring.h"

static struct ring_pos *find_ring(const struct heal *h, uint64_t epoch)
{
    for (uint32_t i = 0; i < h->rings_n; i++) {
        if (h->rings[i].epoch == epoch)
            return &h->rings[i];
    }
    return NULL;
}

static struct ring_pos *longest_unused(const struct heal *h)
{
    struct ring_pos *oldest = &h->rings[0];
    for (uint32_t i = 1; i < h->rings_n; i++) {
        if (h->rings[i].used_at < oldest->used_at)
            oldest = &h->rings[i];
    }
    return oldest;
}

/** Whoever is put out for want of room counts as unheard when it comes back: that costs a barrier. */
static struct ring_pos *add_ring(struct heal *h, uint64_t epoch)
{
    struct ring_pos *r;
    if (h->rings_n < 2 * h->cfg.peers_max) {
        r = &h->rings[h->rings_n++];
    } else {
        r = longest_unused(h);
        h->counters.rings_out++;
    }
    *r = (struct ring_pos){.epoch = epoch};
    return r;
}

static void raise_to(uint32_t *number, uint32_t to)
{
    if (*number < to)
        *number = to;
}

/**
 * Forgotten first, equal second: vectors are equal, too, where neither holds what the other forgot.
 *
 * After the barrier all that the peer had retired by then is dealt with, since every fill that survives
 * began later: `safe`. The peer's ring is heard from its oldest entry on all the same, or the two
 * vectors would differ until the peer forgets it. What that costs hits a cache that was just emptied.
 */
void heal_ring_note(struct heal *h, mono_us now, uint64_t epoch, const struct peer_msg *m)
{
    if (m->retired_n == 0)
        return;
    struct ring_pos *r = find_ring(h, epoch);
    if (r == NULL)
        r = add_ring(h, epoch);
    r->used_at = now;
    if (m->forgotten_n > r->heard && m->forgotten_n > r->safe) {
        h->forgotten_due = true;
        raise_to(&r->safe, m->retired_n);
    }
    raise_to(&r->heard, m->forgotten_n);
    if (m->vector_hash == ledger_vector_hash(h->ledger))
        raise_to(&r->heard,
                 m->retired_n); /* the vector counts all that is retired and not forgotten */
}

uint32_t heal_ring_heard(const struct heal *h, uint64_t epoch)
{
    const struct ring_pos *r = find_ring(h, epoch);
    return r == NULL ? 0 : r->heard;
}

void heal_ring_told(struct heal *h, uint64_t epoch, uint32_t from, uint32_t to)
{
    struct ring_pos *r = find_ring(h, epoch);
    if (r != NULL && from != 0 && from - 1 <= r->heard)
        raise_to(&r->heard, to);
}

static void write_retired(struct writer *w, uint32_t number, const struct retired *r)
{
    write_u32(w, number);
    write_u64(w, r->epoch);
    write_u64(w, r->last);
}

uint32_t heal_ring_tell(const struct heal *h, uint32_t seen, struct writer *w)
{
    const uint32_t forgotten = ledger_forgotten_n(h->ledger);
    const uint32_t last = ledger_retired_n(h->ledger);
    const uint32_t begin = seen > forgotten ? seen : forgotten;
    for (uint32_t i = begin; i < last && w->len + PEER_RETIRED_LEN <= w->cap; i++) {
        struct retired r = {0};
        if (ledger_retired_at(h->ledger, i + 1, &r) || i + 1 == last)
            write_retired(w, i + 1, &r);
    }
    return begin < last ? begin + 1 : 0;
}
