/* swim/leave.c - goodbye: LEFT is told to everyone and repeated until enough have heard it. */
#include "swim/machine.h"

#define LEAVE_ENOUGH  16
#define LEAVE_RTO_MIN (50 * US_PER_MS)

static void tell(struct swim *s, mono_us now, struct member *m)
{
    m->leave_at = now + time_max(2 * m->srtt_us, LEAVE_RTO_MIN);
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_LEAVE,
                                    .id = m->id,
                                    .addr = m->addr,
                                    .may_carry = true});
}

/** The version is raised, so that LEFT outranks all that was ever said of this run. */
void swim_leave(struct swim *s, mono_us now)
{
    health_enter(s, now);
    if (s->leave.on)
        return;
    const uint32_t peers = s->muted ? 0 : s->roster.ring.n;
    s->leave = (struct leaving){.on = true,
                                .needed_n = peers < LEAVE_ENOUGH ? peers : LEAVE_ENOUGH,
                                .until = now + s->times.leave_us};
    probe_abandon(s, SLOT_NONE);
    roster_set_state(&s->roster, SLOT_SELF, SWIM_LEFT, now);
    refute_announce(s, swim_self(s)->ver);
    for (uint32_t i = 0; i < peers; i++)
        tell(s, now, &s->roster.at[s->roster.ring.at[i]]);
}

bool swim_left(const struct swim *s, mono_us now)
{
    const struct leaving *l = &s->leave;
    return l->on && (l->told_n >= l->needed_n || now >= l->until);
}

/** An ACK whose challenge is our generation answers LEAVE. */
bool leave_ack(struct swim *s, const struct heard *h)
{
    if (!s->leave.on || h->msg->args.ack.challenge != swim_self(s)->gen)
        return false;
    const uint32_t slot = roster_find(&s->roster, h->from->id);
    if (slot != SLOT_NONE && !s->roster.at[slot].leave_told) {
        s->roster.at[slot].leave_told = true;
        s->leave.told_n++;
    }
    return true;
}

/** Believed only from the subject: the caller has checked that the run is proven. */
void leave_heard(struct swim *s, mono_us now, const struct heard *h)
{
    const uint32_t slot = roster_find(&s->roster, h->from->id);
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_ACK,
                                    .id = h->from->id,
                                    .addr = h->from->addr,
                                    .echo = h->msg->gen});
    if (slot == SLOT_NONE)
        return;
    struct member *m = &s->roster.at[slot];
    if (m->state == SWIM_LEFT || m->state == SWIM_CANDIDATE || m->gen > h->msg->gen ||
        (m->gen == h->msg->gen && m->epoch != h->from->epoch))
        return;
    if (m->gen == h->msg->gen && m->ver > h->msg->ver)
        return; /* an old packet: the run said something since */
    roster_set_claim(&s->roster, slot, h->msg->gen, h->msg->ver);
    m->epoch = h->from->epoch;
    merge_left(s, now, slot);
}

void leave_tick(struct swim *s, mono_us now)
{
    if (!s->leave.on || s->muted || swim_left(s, now))
        return;
    for (uint32_t i = 0; i < s->roster.ring.n; i++) {
        struct member *m = &s->roster.at[s->roster.ring.at[i]];
        if (!m->leave_told && now >= m->leave_at)
            tell(s, now, m);
    }
}

mono_us leave_deadline(const struct swim *s)
{
    mono_us due = NEVER;
    if (!s->leave.on || s->muted || s->leave.told_n >= s->leave.needed_n)
        return due;
    for (uint32_t i = 0; i < s->roster.ring.n; i++) {
        const struct member *m = &s->roster.at[s->roster.ring.at[i]];
        if (!m->leave_told && m->leave_at < s->leave.until)
            due = time_min(due, m->leave_at);
    }
    return due;
}
