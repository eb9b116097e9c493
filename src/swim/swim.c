#include "swim/swim.h"

#include <assert.h>
#include <string.h>

#include "swim/machine.h"

/* --- making one --- */

static bool take_memory(struct swim *s, struct arena *arena, const struct swim_cfg *cfg)
{
    s->out.intents_max = cfg->members_max + 256; /* LEAVE goes to all members at once */
    s->out.intents = arena_take(arena, s->out.intents_max, sizeof(struct intent));
    s->out.events = arena_take(arena, EVENTS_MAX, sizeof(struct event));
    s->scratch = arena_take(arena, cfg->members_max, sizeof(uint32_t));
    return s->out.intents != NULL && s->out.events != NULL && s->scratch != NULL &&
           roster_init(&s->roster, arena, cfg, &s->rng);
}

static void enter_self(struct swim *s, const struct swim_cfg *cfg, mono_us now)
{
    const uint32_t slot = roster_add(&s->roster, swim_id_of(s, cfg->name), cfg->name);
    assert(slot == SLOT_SELF);
    struct member *self = swim_self(s);
    self->gen = cfg->generation;
    self->epoch = cfg->epoch;
    self->caps = cfg->caps;
    self->meta = cfg->meta;
    self->addr = cfg->addr;
    roster_enter(&s->roster, slot, SWIM_ALIVE, now);
    swim_own_address(s, &cfg->addr);
}

/** Nodes that start together must not probe together. */
static void start_clocks(struct swim *s, mono_us now)
{
    s->round_at = now + rng_below(&s->rng, s->times.period_us);
    s->early_at = now;
    s->checks_at = now;
    s->gossip_at = now;
    s->sync.at = now + rng_jitter(&s->rng, s->times.sync_us, 20);
    s->sync.retry_at = now;
    s->reconnect_at = now + rng_jitter(&s->rng, s->times.reconnect_us, 20);
    s->reap_at = NEVER;
}

struct swim *swim_new(struct arena *arena, const struct swim_cfg *cfg, mono_us now)
{
    assert(cfg->cluster.len <= 63);
    assert(cfg->name.len >= 1 && cfg->name.len <= PEER_NAME_MAX);
    assert(cfg->generation < GEN_MAX && cfg->epoch != 0);
    assert(cfg->times.relays <= ASKED_MAX && cfg->times.period_us > 0);
    struct swim *s = arena_take(arena, 1, sizeof *s);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    if (!take_memory(s, arena, cfg))
        return NULL;
    s->times = cfg->times;
    s->cluster_len = (uint8_t)cfg->cluster.len;
    if (cfg->cluster.len > 0)
        memcpy(s->cluster, cfg->cluster.at, cfg->cluster.len);
    s->started_gen = cfg->generation;
    s->started_at = now;
    s->seen_at = now;
    s->heartbeat_at = now;
    rng_init(&s->rng, cfg->seed);
    rumor_init(&s->rumors, &s->roster);
    enter_self(s, cfg, now);
    start_clocks(s, now);
    return s;
}

/* --- what all duties need --- */

struct member *swim_self(struct swim *s)
{
    return &s->roster.at[SLOT_SELF];
}

bool swim_takes_part(const struct swim *s)
{
    return !s->muted && !s->leave.on;
}

uint64_t swim_period(const struct swim *s)
{
    return s->times.period_us * (s->lhm + 1u);
}

uint64_t swim_ping_timeout(const struct swim *s, const struct member *m)
{
    uint64_t wait = s->times.ping_max_us;
    if (m != NULL && m->srtt_us != 0)
        wait = time_min(wait, m->srtt_us + 4 * m->rttvar_us);
    return time_max(wait, s->times.ping_min_us) * (s->lhm + 1u);
}

uint64_t swim_challenge(struct swim *s)
{
    uint64_t challenge = rng_next(&s->rng);
    while (challenge == 0)
        challenge = rng_next(&s->rng);
    return challenge;
}

bool swim_is_among(const uint64_t *challenges, uint32_t n, uint64_t challenge)
{
    for (uint32_t i = 0; i < n; i++) {
        if (challenges[i] == challenge)
            return true;
    }
    return false;
}

bool swim_is_own_addr(const struct swim *s, const struct addr *addr)
{
    for (uint32_t i = 0; i < s->own_addrs_n; i++) {
        if (addr_eq(&s->own_addrs[i], addr))
            return true;
    }
    return false;
}

uint32_t swim_pick(struct swim *s, uint32_t k, uint32_t except)
{
    const struct roster *t = &s->roster;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->ring.n; i++) {
        const uint32_t slot = t->ring.at[i];
        if (slot != except && t->at[slot].state == SWIM_ALIVE)
            s->scratch[n++] = slot;
    }
    const uint32_t picked = k < n ? k : n;
    for (uint32_t i = 0; i < picked; i++) { /* the first steps of a Fisher-Yates shuffle */
        const uint32_t j = i + (uint32_t)rng_below(&s->rng, n - i);
        const uint32_t swapped = s->scratch[i];
        s->scratch[i] = s->scratch[j];
        s->scratch[j] = swapped;
    }
    return picked;
}

uint64_t swim_hash_name(const struct swim *s, struct slice name)
{
    return hash_node_id(slice_of(s->cluster, s->cluster_len), name);
}

/** Where a name is kept. Source: FNV-1a, Fowler, Noll, Vo. */
static struct named *place_of(struct swim *s, struct slice name)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ name.at[i]) * 16777619U;
    return &s->named[(hash ^ hash >> 16) & (NAMED_MAX - 1)];
}

uint64_t swim_id_of(struct swim *s, struct slice name)
{
    struct named *k = place_of(s, name);
    if (name.len == 0 || name.len > PEER_NAME_MAX)
        return swim_hash_name(s, name);
    if (slice_eq(slice_of(k->name, k->len), name))
        return k->id;
    *k = (struct named){.len = (uint8_t)name.len, .id = swim_hash_name(s, name)};
    memcpy(k->name, name.at, name.len);
    return k->id;
}

/* --- time --- */

void swim_tick(struct swim *s, mono_us now)
{
    health_enter(s, now);
    probe_tick(s, now);
    check_tick(s, now);
    relay_tick(s, now);
    suspect_tick(s, now);
    identity_tick(s, now);
    seed_tick(s, now);
    fullsync_tick(s, now);
    leave_tick(s, now);
    gossip_tick(s, now);
    merge_reap(s, now);
}

mono_us swim_deadline(const struct swim *s)
{
    mono_us due = probe_deadline(s);
    due = time_min(due, check_deadline(s));
    due = time_min(due, relay_deadline(s));
    due = time_min(due, suspect_deadline(s));
    due = time_min(due, identity_deadline(s));
    due = time_min(due, seed_deadline(s));
    due = time_min(due, fullsync_deadline(s));
    due = time_min(due, leave_deadline(s));
    due = time_min(due, gossip_deadline(s));
    return time_min(due, s->reap_at);
}

void swim_heartbeat(struct swim *s, mono_us now)
{
    s->heartbeat_at = time_max(s->heartbeat_at, now);
}

void swim_own_address(struct swim *s, const struct addr *addr)
{
    if (!addr_known(addr) || swim_is_own_addr(s, addr))
        return;
    if (s->own_addrs_n < OWN_ADDRS_MAX) {
        s->own_addrs[s->own_addrs_n++] = *addr;
        return;
    }
    s->own_addrs[OWN_ADDRS_MAX - 1] = *addr; /* the advertised one and the first learned stay */
}

void swim_set_caps(struct swim *s, mono_us now, uint32_t caps)
{
    health_enter(s, now);
    if (swim_self(s)->caps == caps)
        return;
    swim_self(s)->caps = caps;
    if (!s->leave.on)
        refute_announce(s, swim_self(s)->ver);
}

void swim_set_meta(struct swim *s, mono_us now, const struct swim_meta *meta)
{
    health_enter(s, now);
    if (meta_eq(&swim_self(s)->meta, meta))
        return;
    swim_self(s)->meta = *meta;
    if (!s->leave.on)
        refute_announce(s, swim_self(s)->ver);
}

void swim_merge(struct swim *s, mono_us now, const struct peer_record *records, size_t n)
{
    health_enter(s, now);
    for (size_t i = 0; i < n; i++)
        merge_record(s, now, NULL, &records[i]);
}
