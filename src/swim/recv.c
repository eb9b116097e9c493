/* swim/recv.c - one message in: who may say what, and which duty it is for. */
#include "swim/machine.h"

/** Is the PING meant for this run of ours? Anybody's PING is, when it names nobody. */
static bool is_addressed(struct swim *s, const struct peer_ping *ping)
{
    const struct member *self = swim_self(s);
    if (ping->to_name.len != 0 && !slice_eq(ping->to_name, member_name(self)))
        return false;
    return ping->to_gen == 0 || ping->to_gen == self->gen;
}

static void answer_not_me(struct swim *s, const struct heard *h)
{
    s->n.not_me++;
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_NOT_ME,
                                    .id = h->from->id,
                                    .addr = h->from->addr,
                                    .echo = h->msg->args.ping.challenge});
}

/** An unproven run gets no records, and a challenge by which it can prove itself. */
static void answer_ping(struct swim *s, const struct heard *h)
{
    const struct peer_ping *ping = &h->msg->args.ping;
    const bool proven = h->from->proven;
    const bool outdated = proven && refute_buddy(s, h->from->id, &ping->you);
    if (s->muted || !is_addressed(s, ping)) {
        answer_not_me(s, h);
        return;
    }
    outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                    .type = PEER_ACK,
                                    .id = h->from->id,
                                    .addr = h->from->addr,
                                    .echo = ping->challenge,
                                    .may_carry = proven,
                                    .with_own = outdated,
                                    .has_own = !proven,
                                    .challenge = proven ? 0 : swim_challenge(s)});
}

static void take_ack(struct swim *s, mono_us now, const struct heard *h)
{
    const uint32_t slot = roster_find_live(&s->roster, h->from->id);
    if (slot != SLOT_NONE)
        s->roster.at[slot].data_age_ms = h->msg->args.ack.data_age_ms;
    if (leave_ack(s, h) || probe_ack(s, now, h) || check_ack(s, now, h))
        return;
    if (!relay_ack(s, h))
        (void)seed_ack(s, h);
}

/** The address has another owner, or its owner another generation. A hint, never a verdict. */
static void take_not_me(struct swim *s, mono_us now, const struct heard *h)
{
    s->n.not_me++;
    probe_misled(s, now, h->msg->args.reply.challenge);
}

/** What any packet of a proven run tells: its incarnation and its view. */
static void hear(struct swim *s, mono_us now, const struct heard *h)
{
    const uint32_t slot = roster_find(&s->roster, h->from->id);
    if (slot == SLOT_NONE) {
        check_stranger(s, now, h->from);
        return;
    }
    const struct member *m = &s->roster.at[slot];
    if (h->msg->gen > m->gen)
        check_stranger(s, now, h->from); /* a newer run: its answer brings its record */
    if (h->msg->gen != m->gen || m->state == SWIM_CANDIDATE)
        return;
    if (member_live(m))
        fullsync_compare(s, now, slot, h->msg->view_hash);
    /* It is told what we think of it, and can answer. Isolated, our own turn to probe it may be far:
     * local health slows us. */
    const bool doubted = m->state == SWIM_SUSPECT || m->state == SWIM_DEAD;
    if (doubted || (s->isolated && m->latest_probe == PROBE_FAILED))
        check_member(s, now, slot);
}

static void take_records(struct swim *s, mono_us now, const struct heard *h)
{
    for (size_t i = 0; i < h->msg->records_n; i++)
        merge_record(s, now, h, &h->msg->records[i]);
}

static void take_proven(struct swim *s, mono_us now, const struct heard *h)
{
    take_records(s, now, h);
    switch (h->msg->type) {
    case PEER_PING:
        answer_ping(s, h);
        break;
    case PEER_ACK:
        take_ack(s, now, h);
        break;
    case PEER_PING_REQ:
        relay_asked(s, now, h);
        break;
    case PEER_NACK:
        probe_nack(s, h);
        break;
    case PEER_NOT_ME:
        take_not_me(s, now, h);
        break;
    case PEER_LEAVE:
        leave_heard(s, now, h);
        break;
    default: /* GOSSIP is its records; the rest is for others */
        break;
    }
    hear(s, now, h);
}

static void take_unproven(struct swim *s, mono_us now, const struct heard *h)
{
    if (h->msg->type == PEER_NOT_ME) {
        take_not_me(s, now, h); /* it counts only with a challenge of ours */
        return;
    }
    if (h->msg->type != PEER_PING) {
        s->n.unproven_ignored++;
        return;
    }
    answer_ping(s, h);
    if (h->from->join)
        merge_join(s, now, h);
}

void swim_recv(struct swim *s, mono_us now, const struct swim_from *from, const struct peer_msg *m)
{
    health_enter(s, now);
    const struct heard h = {.from = from, .msg = m};
    const struct member *self = swim_self(s);
    if (from->id == self->id && from->epoch == self->epoch)
        return; /* a packet of our own that came back */
    if (from->id == self->id) {
        if (m->type == PEER_PING)
            answer_ping(s, &h);
        identity_met(s, now, &h);
        return;
    }
    if (from->proven)
        take_proven(s, now, &h);
    else
        take_unproven(s, now, &h);
}
