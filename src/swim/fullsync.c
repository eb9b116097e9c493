/* swim/fullsync.c - when two whole tables are compared: at first contact, on a lasting difference,
 * and now and then. The exchange itself is the owner's. */
#include "swim/machine.h"

void fullsync_want(struct swim *s, uint64_t id)
{
    s->sync.wanted = true;
    s->sync.wanted_id = id;
}

void fullsync_inquire(struct swim *s, uint64_t id)
{
    if (!s->sync.busy && s->seen_at - s->sync.begun_at >= s->times.sync_differ_us)
        fullsync_want(s, id);
}

static void differs(struct swim *s, mono_us now, struct member *m)
{
    const uint64_t patience = s->times.sync_differ_us;
    if (m->differ_since == 0) {
        m->differ_since = now;
        return;
    }
    if (now - m->differ_since < patience || now - s->sync.begun_at < patience || s->sync.busy)
        return;
    m->differ_since = now;
    fullsync_want(s, m->id);
}

void fullsync_compare(struct swim *s, mono_us now, uint32_t slot, uint64_t view_hash)
{
    struct member *m = &s->roster.at[slot];
    m->view_hash = view_hash;
    m->compared = s->roster.view_hash;
    if (view_hash == s->roster.view_hash)
        m->differ_since = 0;
    else
        differs(s, now, m);
}

static void begin(struct swim *s, mono_us now, uint64_t id, const struct addr *addr)
{
    s->sync.busy = true;
    s->sync.id = id;
    s->sync.begun_at = now;
    outbox_send(s, &(struct intent){.kind = SWIM_SYNC, .id = id, .addr = *addr});
}

static void begin_member(struct swim *s, mono_us now, uint32_t slot)
{
    const struct member *m = &s->roster.at[slot];
    begin(s, now, m->id, &m->addr);
}

static uint32_t random_alive(struct swim *s)
{
    return swim_pick(s, 1, SLOT_NONE) == 0 ? SLOT_NONE : s->scratch[0];
}

static void serve_wish(struct swim *s, mono_us now)
{
    uint32_t slot = SLOT_NONE;
    if (s->sync.wanted_id != 0)
        slot = roster_find_live(&s->roster, s->sync.wanted_id);
    if (slot == SLOT_NONE)
        slot = random_alive(s);
    s->sync.wanted = false;
    if (slot != SLOT_NONE)
        begin_member(s, now, slot);
}

static void serve_habit(struct swim *s, mono_us now)
{
    const uint32_t slot = random_alive(s);
    s->sync.at = now + rng_jitter(&s->rng, s->times.sync_us, 20);
    if (slot != SLOT_NONE)
        begin_member(s, now, slot);
}

void fullsync_tick(struct swim *s, mono_us now)
{
    if (s->sync.busy && now >= s->sync.begun_at + SYNC_GIVEUP_US)
        s->sync.busy = false; /* its end was never told */
    if (s->sync.busy || !swim_takes_part(s))
        return;
    const struct contact *waiting = seed_waiting(s);
    if (now >= s->sync.retry_at && waiting != NULL)
        begin(s, now, waiting->id, &waiting->addr);
    else if (now >= s->sync.retry_at && s->sync.wanted)
        serve_wish(s, now);
    else if (now >= s->sync.at)
        serve_habit(s, now);
}

mono_us fullsync_deadline(const struct swim *s)
{
    if (!swim_takes_part(s))
        return NEVER;
    if (s->sync.busy)
        return s->sync.begun_at + SYNC_GIVEUP_US;
    const bool pressing = s->sync.wanted || seed_waiting(s) != NULL;
    return pressing ? time_min(s->sync.retry_at, s->sync.at) : s->sync.at;
}

void swim_synced(struct swim *s, mono_us now, uint64_t id, bool ok)
{
    health_enter(s, now);
    if (s->sync.busy && s->sync.id == id)
        s->sync.busy = false;
    seed_synced(s, id, ok);
    if (ok) {
        s->sync.ever = true;
        identity_synced(s);
        return;
    }
    s->sync.retry_at = now + s->times.period_us;
    if (!s->sync.ever)
        fullsync_want(s, 0);
}
