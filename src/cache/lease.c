#include "cache/lease.h"

#include <assert.h>
#include <stddef.h>

#include "cache/mix.h"

void leases_init(struct leases *t, struct lease *at, uint32_t n, uint64_t seed)
{
    assert(n >= LEASE_WAYS && (n & (n - 1)) == 0);
    *t = (struct leases){.at = at, .mask = n - 1, .seed = seed};
}

struct lease *leases_set(const struct leases *t, uint64_t hash)
{
    return &t->at[mix_hash(hash, t->seed) & t->mask & ~(uint64_t)(LEASE_WAYS - 1)];
}

static struct lease *find(const struct leases *t, uint64_t hash)
{
    struct lease *set = leases_set(t, hash);
    for (size_t i = 0; i < LEASE_WAYS; i++)
        if (set[i].until != 0 && set[i].hash == hash)
            return &set[i];
    return NULL;
}

/** A free place is as good as one whose time ended first. */
static struct lease *place_for(struct leases *t, uint64_t hash, mono_us now)
{
    struct lease *set = leases_set(t, hash);
    struct lease *first = &set[0];
    for (size_t i = 1; i < LEASE_WAYS; i++)
        if (set[i].until < first->until)
            first = &set[i];
    t->lost += first->until > now;
    return first;
}

enum lease_claim leases_claim(struct leases *t, const struct lease_wish *wish)
{
    struct lease *l = find(t, wish->hash);
    if (l != NULL && l->until > wish->now && l->owner != wish->owner) {
        l->waited = l->waited || wish->waits;
        return LEASE_TAKEN;
    }
    /* Late, or asked for again by its holder: whoever waits goes on waiting for the same key. */
    const bool waited = l != NULL && l->waited;
    if (l == NULL)
        l = place_for(t, wish->hash, wish->now);
    *l = (struct lease){.hash = wish->hash,
                        .owner = wish->owner,
                        .until = wish->now + wish->hold_us,
                        .waited = waited};
    return LEASE_MINE;
}

bool leases_release(struct leases *t, uint64_t hash, uint64_t owner)
{
    const struct lease *l = find(t, hash);
    return l != NULL && l->owner == owner && leases_end(t, hash);
}

bool leases_end(struct leases *t, uint64_t hash)
{
    struct lease *l = find(t, hash);
    if (l == NULL)
        return false;
    const bool waited = l->waited;
    *l = (struct lease){.until = 0};
    return waited;
}
