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

/** Jump over a generation that others hold of our name, or they would take us for the older run. */
static void outrank(struct swim *s, uint64_t gen)
{
    const struct member *self = swim_self(s);
    if (gen < self->gen || gen + 1 >= GEN_MAX || s->leave.on) /* past that nobody believes us */
        return;
    roster_set_claim(&s->roster, SLOT_SELF, gen + 1, 0);
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

void identity_claimed(struct swim *s, mono_us now, const struct peer_record *r)
{
    const struct member *self = swim_self(s);
    if (r->epoch == self->epoch) {
        if (r->gen == self->gen)
            refute_claim(s, (struct claim){r->ver, (enum swim_state)r->state});
        return;
    }
    if (r->gen < self->gen || !merge_believes_gen(s, now, r->gen, self->gen))
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
    else if (h->from->proven || merge_believes_gen(s, now, met.gen, swim_self(s)->gen))
        seek(s, now, &met); /* it may be a replay: who answers now is real */
}

/** Three silent pings in a row: it is gone, or never was. */
static void lose_rival(struct swim *s)
{
    const struct rival r = s->rival;
    s->rival.open = false;
    s->muted = false;
    outrank(s, r.gen);
    if (r.met)
        tell(s, SWIM_CONFLICT_OVER);
}

void identity_tick(struct swim *s, mono_us now)
{
    struct rival *r = &s->rival;
    if (!r->open || now < r->due_at)
        return;
    if (r->challenge != 0)
        r->silent++;
    if (r->silent >= TRIES_MAX || s->leave.on)
        lose_rival(s);
    else
        ping_rival(s, now);
}

mono_us identity_deadline(const struct swim *s)
{
    return s->rival.open ? s->rival.due_at : NEVER;
}

void identity_stall(struct swim *s, uint64_t late)
{
    s->rival.due_at += late;
}
