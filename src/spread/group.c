#include "spread/group.h"

#include <assert.h>

#define WINDOW_US (100 * US_PER_MS)

/* With n groups, whoever relays has links / n to tell and the origin tells n: equal at n * n links.
 * Borders lie between the squares of 8, 16 and 32, at equal ratios. */
#define BORDER_16 128U
#define BORDER_32 512U

static bool well_above(uint32_t links, uint32_t border)
{
    return links > border + border / 4;
}

static bool well_below(uint32_t links, uint32_t border)
{
    return links < border - border / 4;
}

uint32_t spread_group_count(uint32_t now_n, uint32_t links)
{
    uint32_t n = now_n == 0 ? GROUPS_MIN : now_n;
    if (n < 16 && well_above(links, BORDER_16))
        n = 16;
    if (n < 32 && well_above(links, BORDER_32))
        n = 32;
    if (n > 16 && well_below(links, BORDER_32))
        n = 16;
    if (n > 8 && well_below(links, BORDER_16))
        n = 8;
    return n;
}

/** Finalizer of splitmix64: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
    x = (x ^ x >> 27) * 0x94D049BB133111EBU;
    return x ^ x >> 31;
}

uint32_t spread_group_of(uint64_t id, uint32_t n)
{
    assert(n > 0 && n <= GROUPS_MAX);
    return (uint32_t)(mix(id) % n);
}

void spread_relays_clear(struct relays *r)
{
    *r = (struct relays){0};
    for (uint32_t g = 0; g < GROUPS_MAX; g++) {
        r->primary[g] = NO_SLOT;
        r->backup[g] = NO_SLOT;
    }
}

uint64_t spread_relays_weight(uint64_t self, uint64_t id, uint64_t round)
{
    return mix(mix(mix(self) ^ id) ^ round);
}

void spread_relays_offer(struct relays *r, uint32_t g, uint32_t slot, uint64_t weight)
{
    assert(g < GROUPS_MAX);
    if (r->primary[g] == NO_SLOT || weight > r->primary_weight[g]) {
        r->backup[g] = r->primary[g];
        r->backup_weight[g] = r->primary_weight[g];
        r->primary[g] = slot;
        r->primary_weight[g] = weight;
    } else if (r->backup[g] == NO_SLOT || weight > r->backup_weight[g]) {
        r->backup[g] = slot;
        r->backup_weight[g] = weight;
    }
}

static void turn_window(struct pace *p, mono_us now)
{
    if (now < p->from + WINDOW_US)
        return;
    const bool adjacent = now < p->from + 2 * WINDOW_US;
    p->before = adjacent ? p->now_n : 0;
    p->from = adjacent ? p->from + WINDOW_US : now;
    p->now_n = 0;
}

void spread_pace_count(struct pace *p, mono_us now)
{
    if (p->n > 0 && p->last == now)
        return;
    turn_window(p, now);
    p->last = now;
    p->n++;
    p->now_n++;
}

uint64_t spread_pace_rate(const struct pace *p, mono_us now)
{
    struct pace at = *p;
    turn_window(&at, now);
    const uint64_t left_us = at.from + WINDOW_US - now; /* of the window before, still counted */
    return (at.before * left_us / WINDOW_US + at.now_n) * (US_PER_SEC / WINDOW_US);
}
