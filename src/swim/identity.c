/* swim/identity.c - our name in other hands: an earlier run that is remembered, or a live rival. */
#include "swim/machine.h"

/** Order of two runs of one name: by generation; equal ones, by epoch. */
static bool is_older(uint64_t gen, uint64_t epoch, const struct rival *than)
{
    return gen < than->gen || (gen == than->gen && epoch < than->epoch);
}

static void tell(struct swim *s, enum swim_event_kind kind)
{
    const struct swim_member self = outbox_snapshot(s, SLOT_SELF);
    outbox_event(s, kind, SLOT_SELF, &self);
}

/**
 * Jump over a generation that others hold of our name, or they would take us for the older run. The
 * step is random: whoever else of our name jumps over the same one must not land where we do.
 */
static void outrank(struct swim *s, uint64_t gen)
{
    const struct member *self = swim_self(s);
    if (gen < self->gen || s->leave.on)
        return;
    const uint64_t room = GEN_MAX - 1 - gen; /* past that nobody believes us */
    if (room == 0) {
        s->n.generation_refused++;
        return;
    }
    const uint64_t step = 1 + rng_below(&s->rng, room < GEN_STEP_MAX ? room : GEN_STEP_MAX);
    roster_set_claim(&s->roster, SLOT_SELF, gen + step, 0);
    rumor_push(&s->rumors, SLOT_SELF, RUMOR_REFUTE);
}

static void ping_rival(struct swim *s, mono_us now)
{
    struct rival *r = &s->rival;
    r->challenge = swim_challenge(s);
    r->due_at = now + (r->met ? swim_period(s) : swim_ping_timeout(s, NULL));
    outbox_ping(s, swim_self(s)->id, &r->addr, r->challenge);
}

static void seek(struct swim *s, mono_us now, const struct rival *rival)
{
    if (s->rival.open || s->leave.on)
        return;
    s->rival = *rival;
    s->rival.open = true;
    ping_rival(s, now);
}

/** Of our own name any generation counts: who were out-claimed by far would never be believed again. */
void identity_claimed(struct swim *s, mono_us now, const struct peer_record *r)
{
    const struct member *self = swim_self(s);
    if (r->epoch == self->epoch) {
        if (r->gen == self->gen)
            refute_claim(s, (struct claim){r->ver, (enum swim_state)r->state});
        return;
    }
    if (r->gen < self->gen)
        return;
    const bool gone = r->state == PEER_DEAD || r->state == PEER_LEFT;
    if (gone || swim_is_own_addr(s, &r->addr)) {
        outrank(s, r->gen); /* an earlier run of ours: nobody can be there but us */
        return;
    }
    seek(s, now, &(struct rival){.addr = r->addr, .gen = r->gen, .epoch = r->epoch});
}

/* --- a live rival --- */

/** The older one falls silent, so that its name's address cannot flip. Nobody exits by vote. */
static void yield(struct swim *s)
{
    const struct member *self = swim_self(s);
    if (s->muted || !is_older(self->gen, self->epoch, &s->rival))
        return;
    s->muted = true;
    s->returning = false;
    probe_abandon(s, SLOT_NONE);
}

static void confirm(struct swim *s, uint64_t gen, uint64_t epoch)
{
    struct rival *r = &s->rival;
    r->silent = 0;
    r->challenge = 0; /* answered */
    r->gen = gen;
    r->epoch = epoch;
    if (!r->met) {
        r->met = true;
        s->n.conflicts++;
        yield(s);
        tell(s, SWIM_CONFLICT);
    }
    yield(s);
}

static bool answers_us(const struct swim *s, const struct peer_msg *m)
{
    const uint64_t challenge = s->rival.challenge;
    if (!s->rival.open || challenge == 0)
        return false;
    if (m->type == PEER_ACK)
        return m->args.ack.challenge == challenge;
    return m->type == PEER_NOT_ME && m->args.reply.challenge == challenge;
}

void identity_met(struct swim *s, mono_us now, const struct heard *h)
{
    const struct rival met = {.addr = h->from->addr, .gen = h->msg->gen, .epoch = h->from->epoch};
    if (met.gen >= GEN_MAX)
        return;
    if (answers_us(s, h->msg))
        confirm(s, met.gen, met.epoch);
    else
        seek(s, now, &met); /* it may be a replay: who answers now is real */
}

/**
 * To all others our run is one that was replaced, and what it says is dropped: they must be asked to
 * let it in again. Until one of them has told us all it knows, the owner is to go on as if muted: what
 * was said meanwhile was said to the other.
 */
static void come_back(struct swim *s, mono_us now)
{
    const struct slot_list *ring = &s->roster.ring;
    s->muted = false;
    s->returning = true;
    suspect_stall(s, s->times.period_us,
                  now); /* whoever was suspected has not been looked at since */
    for (uint32_t i = 0; i < ring->n; i++)
        seed_knock(s, &s->roster.at[ring->at[i]].addr);
    s->return_at = now;
}

static void end_return(struct swim *s)
{
    s->returning = false;
    tell(s, SWIM_CONFLICT_OVER);
}

void identity_synced(struct swim *s)
{
    if (s->returning)
        end_return(s);
}

/** Three silent pings in a row: it is gone, or never was. */
static void lose_rival(struct swim *s, mono_us now)
{
    const struct rival r = s->rival;
    s->rival.open = false;
    outrank(s, r.gen);
    if (s->muted && !s->leave.on) {
        come_back(s, now);
        return;
    }
    s->muted = false;
    if (r.met)
        tell(s, SWIM_CONFLICT_OVER);
}

static void look_after_rival(struct swim *s, mono_us now)
{
    struct rival *r = &s->rival;
    if (r->challenge != 0)
        r->silent++;
    if (r->silent >= TRIES_MAX || s->leave.on)
        lose_rival(s, now);
    else
        ping_rival(s, now);
}

void identity_tick(struct swim *s, mono_us now)
{
    if (s->rival.open && now >= s->rival.due_at)
        look_after_rival(s, now);
    if (s->returning && (s->roster.ring.n == 0 || s->leave.on))
        end_return(s); /* there is nobody to be heard by */
    if (s->returning && now >= s->return_at) {
        s->return_at = now + swim_period(s);
        fullsync_want(s, 0);
    }
}

mono_us identity_deadline(const struct swim *s)
{
    const mono_us ping_at = s->rival.open ? s->rival.due_at : NEVER;
    return s->returning ? time_min(ping_at, s->return_at) : ping_at;
}

void identity_stall(struct swim *s, uint64_t late)
{
    s->rival.due_at += late;
}
