/* swim/probe.c - one probe a period: PING, then relays and a stream at once, then a verdict. */
#include "swim/machine.h"

static struct member *target_of(struct swim *s)
{
    return &s->roster.at[s->round.slot];
}

void probe_abandon(struct swim *s, uint32_t slot)
{
    if (slot == SLOT_NONE || s->round.slot == slot)
        s->round.open = false;
}

/* --- whom to probe --- */

void probe_urge(struct swim *s, uint32_t slot)
{
    for (uint32_t i = 0; i < s->urgent_n; i++) {
        if (s->urgent[i] == slot)
            return;
    }
    if (s->urgent_n < URGENT_MAX)
        s->urgent[s->urgent_n++] = slot;
}

static uint32_t take_urgent(struct swim *s)
{
    while (s->urgent_n > 0) {
        const uint32_t slot = s->urgent[0];
        s->urgent_n--;
        for (uint32_t i = 0; i < s->urgent_n; i++)
            s->urgent[i] = s->urgent[i + 1];
        if (s->roster.at[slot].id != 0 && member_live(&s->roster.at[slot]))
            return slot;
    }
    return SLOT_NONE;
}

/** Round-robin over a list that is shuffled after each pass: the wait for a probe is bounded by two
 *  passes. Source: SWIM 4.3. */
static uint32_t next_target(struct swim *s)
{
    struct roster *t = &s->roster;
    const uint32_t urgent = take_urgent(s);
    if (urgent != SLOT_NONE || t->ring.n == 0)
        return urgent;
    if (t->ring_pos >= t->ring.n) {
        rng_shuffle(&s->rng, t->ring.at, t->ring.n);
        t->ring_pos = 0;
    }
    return t->ring.at[t->ring_pos++];
}

/* --- what answers show --- */

void probe_lives(struct swim *s, mono_us now, uint32_t slot)
{
    struct member *m = &s->roster.at[slot];
    if (m->state == SWIM_CANDIDATE) {
        merge_admit(s, now, slot);
    } else if (!member_live(m)) {
        return; /* only a higher version ends DEAD */
    }
    m->latest_probe = PROBE_OK;
    m->last_ack_at = now;
    if (m->state == SWIM_SUSPECT)
        suspect_clear(s, now, slot);
    if (s->isolated)
        health_judge(s);
}

static void succeed(struct swim *s, mono_us now)
{
    s->round.open = false;
    health_better(s);
    probe_lives(s, now, s->round.slot);
}

static void take_direct(struct swim *s, mono_us now, uint64_t gen)
{
    if (gen < s->round.gen)
        return; /* an older run of that name: not the one that was asked for */
    if (gen > s->round.gen) {
        s->round.open = false; /* a newer one: no verdict on the old */
        return;
    }
    member_measure(target_of(s), now - s->round.sent_at);
    spans_add(&s->round_trips, now - s->round.sent_at);
    s->n.probes_direct++;
    succeed(s, now);
}

bool probe_ack(struct swim *s, mono_us now, const struct heard *h)
{
    if (!s->round.open || h->msg->args.ack.challenge != s->round.challenge)
        return false;
    if (h->from->id == target_of(s)->id) {
        take_direct(s, now, h->msg->gen);
        return true;
    }
    s->n.probes_relay++;
    succeed(s, now);
    return true;
}

void swim_tcp_result(struct swim *s, mono_us now, uint64_t challenge, bool alive)
{
    health_enter(s, now);
    if (!alive || !s->round.open || s->round.challenge != challenge)
        return;
    s->n.probes_tcp++;
    succeed(s, now);
}

void probe_nack(struct swim *s, const struct heard *h)
{
    struct round *r = &s->round;
    if (!r->open || h->msg->args.reply.challenge != r->challenge)
        return;
    for (uint32_t i = 0; i < r->relays_n; i++) {
        if (r->relays[i] == h->from->id) { /* each relay's NACK counts once */
            r->relays[i] = 0;
            r->nacks_n++;
        }
    }
}

/* --- the stages of a round --- */

uint32_t probe_ask(struct swim *s, uint32_t slot, uint64_t challenge, uint64_t budget_us)
{
    const uint32_t n = swim_pick(s, s->times.relays, slot);
    for (uint32_t i = 0; i < n; i++) {
        const struct member *relay = &s->roster.at[s->scratch[i]];
        outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                        .type = PEER_PING_REQ,
                                        .id = relay->id,
                                        .addr = relay->addr,
                                        .named = s->roster.at[slot].id,
                                        .challenge = challenge,
                                        .may_carry = true,
                                        .budget_ms = (uint32_t)(budget_us / US_PER_MS)});
    }
    return n;
}

/** Relays and the stream are tried side by side: what is left of the period must do for both. */
static void ask_others(struct swim *s, mono_us now)
{
    struct round *r = &s->round;
    const struct member *m = target_of(s);
    r->asked = true;
    const uint64_t budget_us = r->ends_at > now ? r->ends_at - now : 0;
    r->relays_n = (uint8_t)probe_ask(s, r->slot, r->challenge, budget_us);
    for (uint32_t i = 0; i < r->relays_n; i++)
        r->relays[i] = s->roster.at[s->scratch[i]].id;
    seed_knock(s, &m->addr); /* it may hold our run to be over, and drop all else that we say */
    outbox_send(
        s, &(struct intent){
               .kind = SWIM_TCP_PING, .id = m->id, .addr = m->addr, .challenge = r->challenge});
}

void probe_misled(struct swim *s, mono_us now, uint64_t challenge)
{
    if (s->round.open && !s->round.asked && s->round.challenge == challenge)
        ask_others(s, now);
}

/** Not one of several relays was heard, not even by a NACK: that is a failed probe of each. */
static void blame_relays(struct swim *s)
{
    const struct round *r = &s->round;
    for (uint32_t i = 0; i < r->relays_n && r->relays_n >= 2 && r->nacks_n == 0; i++) {
        const uint32_t slot = roster_find_live(&s->roster, r->relays[i]);
        if (slot != SLOT_NONE)
            s->roster.at[slot].latest_probe = PROBE_FAILED;
    }
}

/** Missing NACKs speak against ourselves: the relays were not heard either (Lifeguard IV.A). */
static void fail(struct swim *s, mono_us now)
{
    struct round *r = &s->round;
    r->open = false;
    s->n.probes_failed++;
    health_worse(s, r->relays_n == 0 ? 1u : (uint32_t)(r->relays_n - r->nacks_n));
    target_of(s)->latest_probe = PROBE_FAILED;
    blame_relays(s);
    health_judge(s);
    suspect_accuse(s, now, r->slot, swim_self(s)->id);
}

static void begin(struct swim *s, mono_us now)
{
    const uint32_t slot = next_target(s);
    s->round_at = now + swim_period(s);
    if (slot == SLOT_NONE) {
        health_better(s); /* nobody to be wrong about */
        return;
    }
    const struct member *m = &s->roster.at[slot];
    s->round = (struct round){.open = true,
                              .slot = slot,
                              .gen = m->gen,
                              .challenge = swim_challenge(s),
                              .sent_at = now,
                              .timeout_at = now + swim_ping_timeout(s, m),
                              .ends_at = s->round_at};
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_PING,
                                    .id = m->id,
                                    .named = m->id,
                                    .to_gen = m->gen,
                                    .addr = m->addr,
                                    .challenge = s->round.challenge,
                                    .may_carry = true});
}

void probe_tick(struct swim *s, mono_us now)
{
    struct round *r = &s->round;
    if (!swim_takes_part(s))
        r->open = false;
    if (r->open && !r->asked && now >= r->timeout_at)
        ask_others(s, now);
    if (r->open && now >= r->ends_at && outbox_has_room(s))
        fail(s, now);
    if (now < s->round_at)
        return;
    if (swim_takes_part(s))
        begin(s, now);
    else
        s->round_at = now + swim_period(s);
}

mono_us probe_deadline(const struct swim *s)
{
    if (s->round.open && !s->round.asked)
        return time_min(s->round.timeout_at, s->round_at);
    return s->round_at; /* which is the end of an open round too */
}

void swim_unreachable(struct swim *s, mono_us now, const struct addr *addr)
{
    health_enter(s, now);
    const struct roster *t = &s->roster;
    for (uint32_t i = 0; i < t->ring.n; i++) {
        const struct member *m = &t->at[t->ring.at[i]];
        /* Every probe of a suspect is refused again: urged each time, it would be the only target. */
        if (m->state == SWIM_SUSPECT || !addr_eq(&m->addr, addr))
            continue;
        probe_urge(s, t->ring.at[i]);
        if (s->round.open || now < s->early_at)
            return;
        s->early_at = now + swim_period(s); /* hints must not multiply our probes */
        s->round_at = now;
        return;
    }
}
