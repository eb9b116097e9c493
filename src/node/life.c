/** node/life.c - JOINING, READY, DRAINING, LEFT, and when to ask who is there. */
#include <assert.h>

#include "base/bytes.h"
#include "node/inside.h"

#define NAMED_PATIENCE_US  (10 * US_PER_SEC) /* DNS names others, and they do not answer */
#define LISTED_PATIENCE_US (2 * US_PER_SEC)  /* DNS names us and nobody else */
#define LOOKUP_LOST_US     (8 * US_PER_SEC)  /* a look-up that was never answered is asked again */
#define ALONE_LOOKUP_US    (4 * US_PER_SEC)  /* +-10 %: at most 4.4 s, for ever */
#define LOOKUP_MIN_US      (5 * US_PER_SEC)
#define LOOKUP_MAX_US      (30 * US_PER_SEC)

static void tell(struct node *n, enum node_out_kind kind)
{
    notice_add(n->notices, &(struct node_out){.kind = kind});
}

static void enter(struct node *n, enum node_state state)
{
    n->life.state = state;
    tell(n, NODE_OUT_STATE);
}

static void set_gate(struct node *n)
{
    enum cache_gate gate = CACHE_CLOSED;
    /* Who hears no invalidations must not answer: our name is another's, or our links are down. */
    if (swim_muted(n->swim) || n->life.refusing || n->life.poisoned)
        gate = CACHE_MUTED;
    else if (n->life.state == NODE_READY)
        gate = CACHE_OPEN;
    else if (n->life.state != NODE_JOINING)
        gate = CACHE_DRAINING;
    cache_gate_set(n->cache, gate);
}

/*
 * Become READY. The cache is empty, so it is consistent with everything: what was heard of and is
 * still missing counts as covered, under a barrier and a floor that every later token dominates.
 * Source: the join of a causally consistent replica; see src/ledger/README.md.
 */
static void adopt(struct node *n)
{
    struct gap gap;
    while (ledger_gap_list(n->ledger, &gap, 1) == 1)
        ledger_close(n->ledger, gap.epoch, gap.lo, gap.hi, NULL);
    const uint64_t index = ledger_advance(n->ledger);
    cache_publish(n->cache, index);
    cache_adopt(n->cache, index);
}

/* They come before the heads, so that a joiner knows them before it adopts. */
void life_inherit(struct node *n, mono_us now, uint64_t donor, struct slice retired)
{
    struct reader r = reader_of(retired);
    while (r.rest.len > 0) {
        (void)read_u32(&r); /* its number at the donor: ours is another */
        struct retired one = {.epoch = read_u64(&r)};
        one.last = read_u64(&r);
        if ((one.last & PEER_RETIRED_MARK) != 0)
            heal_inherit(n->heal, now, donor, &one);
        else if (ledger_adopt_retired(n->ledger, &one) != OK)
            n->counters.dropped_decode++;
    }
}

/* donor: the run that we synced with; 0 when nobody is there. */
static void become_ready(struct node *n, uint64_t donor)
{
    adopt(n);
    heal_inherited(n->heal, donor);
    enter(n, NODE_READY);
    set_gate(n);
}

void life_begin(struct node *n, mono_us now)
{
    n->life = (struct life){
        .state = NODE_JOINING, .started_at = now, .resolve_at = n->cfg.seeded ? now : NEVER};
    set_gate(n);
    if (!n->cfg.seeded)
        become_ready(n, 0);
}

static bool is_alone(const struct node *n)
{
    return swim_alive(n->swim) <= 1;
}

/* Alone, or fewer alive than names known: ask often, for the whole life of the process. */
static uint64_t lookup_period(struct node *n, uint32_t ttl_s)
{
    if (is_alone(n) || swim_alive(n->swim) < n->life.named + 1) {
        const uint64_t early = (1ULL << (n->life.lookups < 2 ? n->life.lookups : 2)) * US_PER_SEC;
        n->life.lookups++;
        return rng_jitter(&n->rng, early < ALONE_LOOKUP_US ? early : ALONE_LOOKUP_US, 10);
    }
    n->life.lookups = 0;
    uint64_t period = (uint64_t)ttl_s * US_PER_SEC;
    period = period < LOOKUP_MIN_US ? LOOKUP_MIN_US : period;
    return rng_jitter(&n->rng, period > LOOKUP_MAX_US ? LOOKUP_MAX_US : period, 20);
}

void life_names(struct node *n, mono_us now, const struct node_in *in)
{
    size_t others = 0;
    for (size_t i = 0; i < in->names_n; i++)
        others += !addr_eq(&in->names[i], &n->cfg.addr);
    n->life.named = others;
    n->life.listed = others < in->names_n;
    n->counters.names_ok += in->names_n > 0;
    n->counters.names_none += in->names_n == 0;
    n->life.resolve_at = now + lookup_period(n, in->names_ttl_s);
    if (in->names_n > 0 && n->life.state < NODE_DRAINING)
        swim_seed(n->swim, now, in->names, in->names_n);
}

void life_synced(struct node *n, mono_us now, uint64_t id, uint64_t epoch)
{
    if (n->life.state != NODE_JOINING)
        return;
    become_ready(n, epoch);
    warm_joined(n, now, id, epoch);
}

/* A name that does not exist proves nothing: where nodes are listed before they are ready, it is an
 * answer from before we began, which resolvers keep. An answer that lists us is none of those. */
static uint64_t patience(const struct node *n)
{
    const uint64_t alone = n->cfg.ready_alone_us;
    if (n->life.named > 0 || !is_alone(n))
        return time_max(alone, NAMED_PATIENCE_US);
    return n->life.listed ? time_min(alone, LISTED_PATIENCE_US) : alone;
}

static mono_us alone_at(const struct node *n)
{
    return n->life.started_at + patience(n);
}

void life_leave(struct node *n, mono_us now)
{
    if (n->life.state == NODE_LEFT)
        return;
    if (n->life.state == NODE_DRAINING) { /* asked twice: at once */
        enter(n, NODE_LEFT);
        tell(n, NODE_OUT_LEFT);
        return;
    }
    n->life.drain_at = now;
    enter(n, NODE_DRAINING);
    set_gate(n);
}

/* Dots first: everybody who is there has our last one, or a quarter of the time is over. That we are
 * poisoned is not a dot of ours: nobody tells us who has it. */
static bool has_told(const struct node *n, mono_us now)
{
    if (now >= n->life.drain_at + n->cfg.drain_us / 4)
        return true;
    return !n->life.poisoned && spread_all_covered_range(n->spread, 1, ledger_head(n->ledger));
}

static void drain(struct node *n, mono_us now)
{
    const mono_us began = n->life.drain_at;
    if (!n->life.refusing && !has_told(n, now))
        return;
    if (!n->life.refusing) {
        n->life.refusing = true;
        set_gate(n);
        swim_leave(n->swim, now);
    }
    if (!swim_left(n->swim, now) && now < began + n->cfg.drain_us * 3 / 4)
        return;
    enter(n, NODE_LEFT);
    tell(n, NODE_OUT_LEFT);
}

/* ---- what membership tells the siblings ---- */

static void link_up(struct node *n, mono_us now, const struct swim_member *member)
{
    /* A full table leaves the member to heal by heads alone; both tables count that. */
    if (spread_link_up(n->spread, now, member->id, ledger_head(n->ledger)) != OK)
        return;
    if (heal_peer_up(n->heal, member->id, member->epoch) != OK)
        return;
    spread_rtt(n->spread, member->id, member->srtt_us);
    heal_rtt(n->heal, member->id, member->srtt_us);
}

static void link_down(struct node *n, uint64_t id)
{
    spread_link_down(n->spread, id);
    heal_peer_down(n->heal, id);
}

/* Events that did not fit their queue are made up for: links follow the members themselves. */
static void reconcile(struct node *n, mono_us now)
{
    const uint64_t dropped = swim_counters(n->swim).events_dropped;
    if (dropped == n->life.events_dropped)
        return;
    n->life.events_dropped = dropped;
    for (size_t i = 0; i < swim_members(n->swim); i++) {
        const struct swim_member member = swim_member_at(n->swim, i);
        if (member.self)
            continue;
        certify_member(n, now, &member);
        if (swim_lives(member.state))
            link_up(n, now, &member);
        else
            link_down(n, member.id);
    }
}

/* Nothing spreads a dot that is not ours: a packet with our new vector hash has everybody pull it. */
static void show_everybody(struct node *n, mono_us now)
{
    for (size_t i = 0; i < swim_members(n->swim); i++) {
        struct peer *p = peers_find(n->peers, swim_member_at(n->swim, i).id);
        if (p != NULL)
            peers_owe_cover(n->peers, now, p);
    }
}

/*
 * A head of our own epoch past our own: another process speaks with it (a cloned machine, a forked
 * process). Two dots would share one name, so nothing that this run says can be believed any more. Say
 * so, and end: the next run draws a new epoch. It is said as an origin of its own: our next sequence
 * may be a dot of the other process that everybody has already.
 */
static void mind_clones(struct node *n, mono_us now)
{
    const uint64_t heard = ledger_counters(n->ledger).self_heads;
    if (heard > n->life.self_heads && !n->life.poisoned && n->life.state < NODE_DRAINING) {
        struct dot d = {.epoch = rng_next(&n->rng) | 1,
                        .seq = 1,
                        .kind = DOT_POISON,
                        .subject_epoch = ledger_epoch(n->ledger)};
        apply_foreign(n, now, &d);
        show_everybody(n, now);
    }
    n->life.self_heads = heard;
    if (!n->life.poisoned || n->life.state >= NODE_DRAINING)
        return;
    n->counters.poisoned++;
    life_leave(n, now);
}

void life_tick(struct node *n, mono_us now)
{
    reconcile(n, now);
    mind_clones(n, now);
    set_gate(n);
    if (n->life.state == NODE_JOINING && now >= alone_at(n))
        become_ready(n, 0);
    if (n->life.state == NODE_DRAINING)
        drain(n, now);
    if (n->life.state < NODE_DRAINING && now >= n->life.resolve_at) {
        n->life.resolve_at = now + LOOKUP_LOST_US;
        tell(n, NODE_OUT_RESOLVE);
    }
}

mono_us life_deadline(const struct node *n)
{
    const struct life *life = &n->life;
    if (life->state == NODE_LEFT)
        return NEVER;
    if (life->state == NODE_DRAINING)
        return life->drain_at + (life->refusing ? n->cfg.drain_us * 3 / 4 : n->cfg.drain_us / 4);
    return life->state == NODE_JOINING ? time_min(life->resolve_at, alone_at(n)) : life->resolve_at;
}

void life_event(struct node *n, mono_us now, const struct swim_out *event)
{
    const struct swim_member *member = &event->member;
    switch (event->event) {
    case SWIM_REPLACED:
        trace_gone(n->trace, member->id); /* what its last run acknowledged */
        link_down(n, member->id);
        link_up(n, now, member);
        break;
    case SWIM_JOIN:
    case SWIM_ALIVE_AGAIN:
        link_up(n, now, member);
        break;
    case SWIM_FAIL:
    case SWIM_LEAVE:
        link_down(n, member->id);
        break;
    case SWIM_FORGOTTEN:
        peers_forget(n->peers, member->id);
        break;
    default:
        break;
    }
    certify_member(n, now, member);
    set_gate(n);
    notice_event(n->notices, event->event, member);
}
