/* swim/gossip.c - what packets carry beside their purpose: rumours, and slices of a differing view. */
#include "swim/machine.h"

#define PACKET_RECORDS 36 /* of at most 12 msgpack nodes each: a decoder takes 512 a packet */
#define ARRAY_SLACK    4  /* the records' array header may grow */

/** A packet being filled. */
struct parcel {
    struct peer_msg *m;
    uint64_t to;
    size_t room; /* bytes left */
    bool full;
    uint32_t slots[PACKET_RECORDS + 1]; /* rumours told by it, or known to its receiver anyway */
    uint32_t slots_n;
};

static bool carries(const struct parcel *p, struct slice name)
{
    for (size_t i = 0; i < p->m->records_n; i++) {
        if (p->m->records[i].name.at == name.at)
            return true;
    }
    return false;
}

/** Nobody needs to be told that he lives. */
static bool knows(const struct parcel *p, const struct member *m)
{
    return m->id == p->to && m->state == SWIM_ALIVE;
}

/** Add the member's record if it fits and is of use to the receiver; false when it was not added. */
static bool add(struct swim *s, struct parcel *p, uint32_t slot, uint32_t turn)
{
    const struct member *m = &s->roster.at[slot];
    if (p->m->records_n >= PACKET_RECORDS) {
        p->full = true;
        return false;
    }
    if (!outbox_may_tell(s, slot, p->to) || carries(p, member_name(m)))
        return false;
    if (knows(p, m))
        return false;
    const struct peer_record r = outbox_record(s, slot, turn);
    const size_t len = peer_record_len(&r);
    if (len > p->room) {
        p->full = true;
        return false;
    }
    p->room -= len;
    p->m->records[p->m->records_n++] = r;
    s->n.records_out++;
    return true;
}

static void add_rumors(struct swim *s, struct parcel *p)
{
    uint32_t slot = rumor_first(&s->rumors);
    /* Counted: to find no next one costs more than all that there are. */
    for (uint32_t left = s->rumors.n; left > 0 && !p->full; left--) {
        /* Known counts as told: of two members, neither has anybody else to tell it to. */
        const struct member *m = &s->roster.at[slot];
        if (knows(p, m) || add(s, p, slot, m->rumor_sent))
            p->slots[p->slots_n++] = slot;
        if (left > 1)
            slot = rumor_next(&s->rumors, slot);
    }
    const uint32_t limit = rumor_limit(swim_alive(s));
    for (uint32_t i = 0; i < p->slots_n; i++) /* only what was sent counts as sent */
        rumor_count(&s->rumors, p->slots[i], limit);
}

/**
 * Does the member's view differ from ours, as far as we know? What it told before ours changed says
 * nothing: rumours tell everybody of the change, and whoever missed it shows that in its next packet.
 */
static bool differs(const struct swim *s, uint64_t id)
{
    const uint32_t slot = roster_find_live(&s->roster, id);
    const struct member *m = slot == SLOT_NONE ? NULL : &s->roster.at[slot];
    return m != NULL && m->view_hash != 0 && m->compared == s->roster.view_hash &&
           m->view_hash != s->roster.view_hash;
}

/** Anti-entropy for one whose view differs: the rest of the packet takes any part of the table. */
static void add_slice(struct swim *s, struct parcel *p)
{
    const struct slot_list *listed = &s->roster.listed;
    const uint32_t start = (uint32_t)rng_below(&s->rng, listed->n);
    for (uint32_t i = 0; i < listed->n && !p->full; i++)
        (void)add(s, p, listed->at[(start + i) % listed->n], i);
}

void swim_piggyback(struct swim *s, uint64_t id, struct peer_msg *m, size_t room)
{
    const bool slice = differs(s, id);
    if (s->muted || (s->rumors.n == 0 && !slice)) /* most packets: not even worth measuring */
        return;
    const size_t used = peer_msg_len(m) + ARRAY_SLACK;
    if (used >= room)
        return;
    struct parcel p = {.m = m, .to = id, .room = room - used};
    add_rumors(s, &p);
    if (slice && !p.full)
        add_slice(s, &p);
}

/* --- the gossip tick --- */

static bool has_news(const struct swim *s)
{
    return s->rumors.n > 0 && s->roster.ring.n > 0 && !s->muted;
}

void gossip_tick(struct swim *s, mono_us now)
{
    if (now < s->gossip_at || !has_news(s))
        return;
    s->gossip_at = now + s->times.gossip_us;
    const uint32_t n = swim_pick(s, s->times.gossip_fanout, SLOT_NONE);
    for (uint32_t i = 0; i < n; i++) {
        const struct member *m = &s->roster.at[s->scratch[i]];
        outbox_send(s, &(struct intent){.kind = SWIM_SEND,
                                        .type = PEER_GOSSIP,
                                        .id = m->id,
                                        .addr = m->addr,
                                        .may_carry = true});
    }
}

mono_us gossip_deadline(const struct swim *s)
{
    return has_news(s) ? s->gossip_at : NEVER;
}
