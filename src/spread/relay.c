#include "spread/relay.h"

static uint32_t relay_slots(const struct spread_cfg *cfg)
{
    return cfg->relay_max == 0 ? SPREAD_RELAY_MAX : cfg->relay_max;
}

/** Give every link a map of the ring, and some bits of room so that the ends never meet. */
static bool take_maps(struct relay *r, struct arena *arena, uint32_t links_max, uint64_t slots)
{
    const uint64_t words = slots / 64 + 2;
    uint64_t *maps = arena_take(arena, links_max, words * sizeof(*maps));
    if (maps == NULL)
        return false;
    for (uint32_t i = 0; i < links_max; i++) {
        r->fan.links[i].wide = maps + i * words;
        r->fan.links[i].wide_max = words * 64;
    }
    return true;
}

bool spread_relay_init(struct relay *r, struct arena *arena, const struct spread_cfg *cfg)
{
    const uint32_t slots = relay_slots(cfg);
    r->known_max = 2 * (uint64_t)slots;
    r->fan.forgets = true;
    r->known = arena_take(arena, r->known_max, sizeof(*r->known));
    r->members = arena_take(arena, cfg->links_max, sizeof(*r->members));
    if (r->known == NULL || r->members == NULL)
        return false;
    return spread_fan_init(&r->fan, arena, cfg, slots) &&
           take_maps(r, arena, cfg->links_max, slots);
}

static void leave_group(struct relay *r, uint32_t i)
{
    for (uint32_t at = 0; at < r->members_n; at++) {
        if (r->members[at] == i)
            r->members[at] = r->members[--r->members_n];
    }
}

void spread_relay_assign(struct relay *r, uint32_t i, uint64_t id, bool in_group)
{
    const uint64_t wanted = in_group ? id : 0;
    const bool known = i < r->fan.slots_n;
    if (known && r->fan.links[i].id == wanted)
        return;
    if (known && r->fan.links[i].id != 0)
        leave_group(r, i);
    spread_fan_assign(&r->fan, i, wanted, r->fan.head);
    if (wanted != 0)
        r->members[r->members_n++] = i;
}

static bool is_kept(const struct relay *r, uint64_t n, const struct dot *d)
{
    if (n == 0 || n < spread_recent_oldest(&r->fan.recent))
        return false;
    const struct dot kept = spread_recent_get(&r->fan.recent, n);
    return kept.epoch == d->epoch && kept.seq == d->seq;
}

bool spread_relay_take(struct relay *r, mono_us now, const struct dot *d, uint32_t origin)
{
    uint64_t *known = &r->known[(d->epoch ^ d->seq) & (r->known_max - 1)];
    if (is_kept(r, *known, d))
        return false;
    const uint64_t n = r->fan.head + 1;
    spread_fan_put(&r->fan, n, d); /* no link of this fan asks for relaying */
    *known = n;
    for (uint32_t at = 0; at < r->members_n; at++) {
        const uint32_t i = r->members[at];
        if (i == origin)
            spread_link_mark(&r->fan.links[i], n);
        else
            spread_fan_offer(&r->fan, i, now, false);
    }
    return true;
}

/** Does cover c hold dot n of the ring? */
static bool covers(const struct relay *r, const struct cover *c, uint64_t n)
{
    const struct dot d = spread_recent_get(&r->fan.recent, n);
    return d.epoch == c->epoch && cover_has(c, d.seq);
}

void spread_relay_ack(struct relay *r, uint32_t i, const struct cover *c)
{
    struct link *k = &r->fan.links[i];
    bool any = false;
    for (uint64_t n = k->cover.applied + 1; n <= r->fan.head; n++) {
        if (spread_link_has(k, n) || !covers(r, c, n))
            continue;
        spread_link_mark(k, n);
        any = true;
    }
    if (any)
        spread_link_acked(k);
    spread_fan_retime(&r->fan, i);
}
