#include "spread/spread.h"

#include <assert.h>

#include "spread/datagram.h"
#include "spread/fan.h"
#include "spread/group.h"
#include "spread/relay.h"
#include "wire/peer.h"

#define HOT_BYTES     (PEER_BODY_MAX / 4)
#define ROUND_FLUSHES 64 /* flushes between two choices of relays */

struct spread {
    struct spread_cfg cfg;
    struct fan own;
    struct relay relay;
    uint64_t *ids; /* by slot: members, side by side, as they are searched for each packet */
    uint32_t links_n;
    uint32_t active_n; /* origins that issued lately */
    uint32_t groups_n;
    uint64_t round; /* of the relays that are chosen */
    struct relays relays;
    struct pace pace;
    struct spread_counters counters;
    uint8_t buf[PEER_BODY_MAX];
};

/** A field that is left 0 means its default. */
static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value == 0 ? fallback : value;
}

struct spread *spread_new(struct arena *arena, const struct spread_cfg *cfg)
{
    assert(cfg->epoch != 0 && cfg->links_max > 0);
    struct spread *s = arena_take(arena, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    *s = (struct spread){.cfg = *cfg, .groups_n = GROUPS_MIN};
    s->cfg.direct_max = or_default(cfg->direct_max, SPREAD_DIRECT_MAX);
    s->cfg.relay_budget = or_default(cfg->relay_budget, SPREAD_RELAY_BUDGET);
    s->own.times = (struct link_times){.flush_us = cfg->flush_us,
                                       .rto_min_us = cfg->rto_min_us,
                                       .behind_us = cfg->behind_us,
                                       .patience_us = SPREAD_PATIENCE_US};
    s->own.counters = &s->counters;
    s->relay.fan.times = s->own.times;
    s->relay.fan.counters = &s->counters;
    s->own.roles_stale = true;
    s->ids = arena_take(arena, cfg->links_max, sizeof(*s->ids));
    if (s->ids == NULL || !spread_fan_init(&s->own, arena, cfg, cfg->recent_max) ||
        !spread_relay_init(&s->relay, arena, cfg))
        return NULL;
    return s;
}

/** The slot of id (0: the first free one among those that were ever used); NO_SLOT when none is. */
static uint32_t find_slot(const struct spread *s, uint64_t id)
{
    for (uint32_t i = 0; i < s->own.slots_n; i++) {
        if (s->ids[i] == id)
            return i;
    }
    return NO_SLOT;
}

static uint32_t free_slot(const struct spread *s)
{
    const uint32_t reused = find_slot(s, 0);
    if (reused != NO_SLOT || s->own.slots_n == s->cfg.links_max)
        return reused;
    return s->own.slots_n;
}

/* ---- groups ---- */

static bool in_own_group(const struct spread *s, uint64_t id)
{
    return id != 0 &&
           spread_group_of(id, s->groups_n) == spread_group_of(s->cfg.self_id, s->groups_n);
}

/** The number of links changed: so may the number of groups, and then our own group. */
static void regroup(struct spread *s)
{
    const uint32_t groups_n = spread_group_count(s->groups_n, s->links_n);
    s->own.roles_stale = true;
    if (groups_n == s->groups_n)
        return;
    s->groups_n = groups_n;
    for (uint32_t i = 0; i < s->own.slots_n; i++)
        spread_relay_assign(&s->relay, i, s->ids[i], in_own_group(s, s->ids[i]));
}

static void choose_relays(struct spread *s, uint64_t round)
{
    s->round = round;
    s->own.roles_stale = false;
    spread_relays_clear(&s->relays);
    for (uint32_t i = 0; i < s->own.slots_n; i++) {
        const uint64_t id = s->ids[i];
        if (id != 0 && !s->own.links[i].behind)
            spread_relays_offer(&s->relays, spread_group_of(id, s->groups_n), i,
                                spread_relays_weight(s->cfg.self_id, id, round));
    }
}

/* ---- links ---- */

static void assign(struct spread *s, uint32_t i, uint64_t id, uint64_t head)
{
    s->ids[i] = id;
    spread_fan_assign(&s->own, i, id, head);
    spread_relay_assign(&s->relay, i, id, in_own_group(s, id));
    regroup(s);
}

enum err spread_link_up(struct spread *s, mono_us now, uint64_t id, uint64_t head)
{
    (void)now; /* nothing is due for a new link: the member learns our head from any packet */
    assert(id != 0);
    if (find_slot(s, id) != NO_SLOT)
        return OK;
    const uint32_t i = free_slot(s);
    if (i == NO_SLOT) {
        s->counters.links_full++;
        return ERR_FULL;
    }
    if (head > s->own.head)
        s->own.head = head;
    s->links_n++;
    assign(s, i, id, head);
    return OK;
}

void spread_link_down(struct spread *s, uint64_t id)
{
    assert(id != 0);
    const uint32_t i = find_slot(s, id);
    if (i == NO_SLOT)
        return;
    s->links_n--;
    assign(s, i, 0, 0);
}

void spread_rtt(struct spread *s, uint64_t id, uint64_t srtt_us)
{
    assert(id != 0);
    const uint32_t i = find_slot(s, id);
    if (i == NO_SLOT || srtt_us == 0)
        return;
    s->own.links[i].srtt_us = srtt_us;
    s->relay.fan.links[i].srtt_us = srtt_us;
}

void spread_active(struct spread *s, uint32_t origins)
{
    s->active_n = origins;
}

/* ---- dots ---- */

/** One hop costs us a packet per link, and everybody a packet per origin; two hops cost everybody
 *  about 2 sqrt(links), however many origins there are. */
static bool needs_two_hops(const struct spread *s, mono_us now)
{
    if (s->links_n <= s->cfg.direct_max)
        return false;
    const uint64_t active = s->active_n;
    return active * active >= 4 * (uint64_t)s->links_n ||
           spread_pace_rate(&s->pace, now) * s->links_n > s->cfg.relay_budget;
}

static void send_to_all(struct spread *s, mono_us now)
{
    for (uint32_t i = 0; i < s->own.slots_n; i++) {
        if (s->ids[i] != 0)
            spread_fan_offer(&s->own, i, now, false);
    }
}

static void send_by_group(struct spread *s, uint32_t i, mono_us now)
{
    const uint32_t g = spread_group_of(s->ids[i], s->groups_n);
    if (s->relays.primary[g] == i)
        spread_fan_offer(&s->own, i, now, true);
    else if (s->relays.backup[g] == i)
        spread_fan_back_up(&s->own, i, now, s->relays.primary[g]);
    else
        spread_fan_hold(&s->own, i, now);
}

static void send_by_relays(struct spread *s, mono_us now)
{
    const uint64_t round = s->pace.n / ROUND_FLUSHES;
    if (s->own.roles_stale || round != s->round)
        choose_relays(s, round);
    s->counters.dots_two_hops++;
    for (uint32_t i = 0; i < s->own.slots_n; i++) {
        if (s->ids[i] != 0)
            send_by_group(s, i, now);
    }
}

void spread_issue(struct spread *s, mono_us now, const struct dot *d)
{
    assert(d->epoch == s->cfg.epoch);
    assert(d->seq > s->own.head);
    struct dot kept = *d;
    spread_pace_count(&s->pace, now);
    kept.relay = needs_two_hops(s, now);
    spread_fan_put(&s->own, d->seq, &kept);
    if (kept.relay)
        send_by_relays(s, now);
    else
        send_to_all(s, now);
}

void spread_relay(struct spread *s, mono_us now, uint64_t from, const struct dot *d)
{
    if (d->relay && d->epoch != s->cfg.epoch && from != 0)
        s->counters.dots_relayed += spread_relay_take(&s->relay, now, d, find_slot(s, from));
}

/** Cut the bits of dots that we never issued off a cover whose applied is honest. */
static struct cover clip(const struct cover *c, uint64_t head)
{
    struct cover clipped = *c;
    const uint64_t past = head - c->applied; /* bits 0..past-2 name dots up to head */
    if (past < 2)
        clipped.mask = 0;
    else if (past - 1 < 64)
        clipped.mask &= ((uint64_t)1 << (past - 1)) - 1;
    return clipped;
}

void spread_cover(struct spread *s, mono_us now, uint64_t id, const struct cover *c)
{
    assert(id != 0);
    const uint32_t i = find_slot(s, id);
    if (i == NO_SLOT || c->epoch != s->cfg.epoch)
        return;
    if (c->applied > s->own.head) {
        s->counters.covers_refused++;
        return;
    }
    const struct cover honest = clip(c, s->own.head);
    spread_fan_ack(&s->own, i, now, &honest);
}

void spread_cover_relayed(struct spread *s, mono_us now, uint64_t id, const struct cover *c)
{
    (void)now; /* an acknowledgement only ever ends something */
    assert(id != 0);
    if (s->relay.fan.busy_n == 0) /* most nodes, most of the time */
        return;
    const uint32_t i = find_slot(s, id);
    if (i != NO_SLOT && s->relay.fan.links[i].id != 0)
        spread_relay_ack(&s->relay, i, c);
}

/* ---- output ---- */

void spread_tick(struct spread *s, mono_us now)
{
    spread_fan_tick(&s->own, now);
    spread_fan_tick(&s->relay.fan, now);
}

bool spread_poll(struct spread *s, mono_us now, size_t room, struct spread_out *out)
{
    if (spread_deadline(s) > now)
        return false;
    struct dots_writer w = dots_writer_of(s->buf, room < sizeof(s->buf) ? room : sizeof(s->buf));
    uint64_t to = 0;
    if (!spread_fan_poll(&s->own, now, &w, &to) && !spread_fan_poll(&s->relay.fan, now, &w, &to))
        return false;
    *out = (struct spread_out){.to = to, .dots = dots_slice(&w)};
    return true;
}

mono_us spread_deadline(const struct spread *s)
{
    return time_min(s->own.deadline, s->relay.fan.deadline);
}

void spread_piggyback(struct spread *s, uint64_t id, struct dots_writer *w)
{
    assert(id != 0);
    const uint32_t i = s->own.recent.newest == 0 ? NO_SLOT : find_slot(s, id);
    if (i != NO_SLOT && !s->own.links[i].behind)
        s->counters.dots_hot += spread_write_hot(&s->own.recent, &s->own.links[i], w, HOT_BYTES);
}

/* ---- how it stands ---- */

bool spread_all_covered_range(const struct spread *s, uint64_t lo, uint64_t hi)
{
    for (uint32_t i = 0; i < s->own.slots_n; i++) {
        if (s->ids[i] != 0 && !spread_link_has_all(&s->own.links[i], lo, hi))
            return false;
    }
    return true;
}

bool spread_all_covered(const struct spread *s, uint64_t seq)
{
    return spread_all_covered_range(s, seq, seq);
}

bool spread_link(const struct spread *s, uint64_t id, struct spread_view *out)
{
    assert(id != 0);
    const uint32_t i = find_slot(s, id);
    if (i == NO_SLOT)
        return false;
    const struct link *k = &s->own.links[i];
    *out = (struct spread_view){
        .applied = k->cover.applied, .sent = k->sent, .srtt_us = k->srtt_us, .behind = k->behind};
    return true;
}

struct spread_counters spread_counters(const struct spread *s)
{
    struct spread_counters counters = s->counters;
    counters.names_lost = s->own.recent.names_lost;
    return counters;
}
