/** node/datagram.c - sealed datagrams in: size, tag, replay, decode, proof, and then the machines. */
#include <assert.h>
#include <string.h>

#include "node/inside.h"

#define PAD_SLACK 3 /* what peer_pad() may leave a body short of */

void datagram_count(struct node_counters *c, enum err err)
{
    if (err == ERR_MALFORMED)
        c->dropped_malformed++;
    else if (err == ERR_VERSION)
        c->dropped_version++;
    else if (err == ERR_KEY)
        c->dropped_key++;
    else if (err == ERR_PLAIN)
        c->dropped_plain++;
    else if (err == ERR_REPLAY)
        c->own_packets++;
    else
        c->dropped_unauthentic++;
}

/* An ACK answers the challenge in its arguments; any packet may echo one in its header. */
static bool answers_us(const struct node *n, mono_us now, uint64_t id, const struct peer_msg *m)
{
    if (m->has_echo && peers_answers(n->peers, now, id, m->echo))
        return true;
    return m->type == PEER_ACK && peers_answers(n->peers, now, id, m->args.ack.challenge);
}

static void note_rtt(struct node *n, uint64_t id)
{
    struct swim_member member;
    if (!swim_find(n->swim, id, &member) || member.srtt_us == 0)
        return;
    spread_rtt(n->spread, id, member.srtt_us);
    heal_rtt(n->heal, id, member.srtt_us);
}

/* Long datagrams that bring nothing about, to a peer that is heard, fall into a black hole. */
static void note_path(struct node *n, mono_us now, struct peer *p)
{
    struct spread_view link;
    if (spread_link(n->spread, p->id, &link) && path_heard(&p->path, now, link.applied))
        n->counters.black_holes++;
}

static void recv_heal(struct node *n, mono_us now, uint64_t id, const struct peer_msg *m)
{
    switch (m->type) {
    case PEER_PULL:
        heal_pull(n->heal, now, id, &m->args.ranges);
        break;
    case PEER_GONE:
        heal_gone(n->heal, now, id, &m->args.ranges);
        break;
    case PEER_HEADS:
        apply_heard(n, heal_heads(n->heal, now, id, &m->args.heads));
        break;
    case PEER_SUMS:
        heal_sums(n->heal, now, id, &m->args.sums);
        break;
    default:
        break;
    }
}

/* Dots before the head: a head whose dot came in the same packet opens no gap. */
static void recv_proven(struct node *n, mono_us now, struct peer *p, uint64_t epoch,
                        const struct peer_msg *m)
{
    const struct carrier from = {.peer = p, .epoch = epoch, .asked = m->type == PEER_DOTS};
    if (m->dots.len > 0)
        apply_dots(n, now, m->dots, &from);
    apply_covers(n, now, &(struct speaker){.id = p->id, .epoch = epoch}, m->covers);
    note_path(n, now, p);
    apply_heard(n, heal_header(n->heal, now, p->id, epoch, m));
    apply_head(n, now, epoch, m->head);
    recv_heal(n, now, p->id, m);
    certify_recv(n, now, p->id, epoch, m);
    drift_recv(n, now, p->id, m);
    if (m->type == PEER_ACK)
        note_rtt(n, p->id);
}

/* A ring that is being changed: who still sends under the other key? */
void datagram_count_key(struct node *n, const struct packet_head *head)
{
    n->counters.plain_taken += head->key_id == 0;
    n->counters.other_key += head->key_id != 0 && head->key_id != n->seal.ring->keys[0].id;
}

static void recv_body(struct node *n, mono_us now, struct peer *p, struct peer_run *run,
                      struct swim_from *from)
{
    const struct peer_msg *m = n->in;
    if (answers_us(n, now, p->id, m) && !run->proven) {
        run = peers_prove(p, now, run);
        n->counters.proven++;
    }
    if (m->type == PEER_ACK && m->args.ack.has_own && run->proven)
        peers_owe_echo(n->peers, now, p, m->args.ack.own);
    from->proven = run->proven;
    if (!run->proven)
        n->counters.dropped_unproven++;
    swim_recv(n->swim, now, from, m);
    if (run->proven)
        recv_proven(n, now, p, from->epoch, m);
}

/** Is a question of a run that has proven nothing at least as long as its answer? Ours are padded, so who asks
 *  for less asks in the name of somebody who is to get the answer. */
static bool pays_for_answer(const struct packet_in *packet, const struct peer_msg *m)
{
    if (packet->head.class == PACKET_JOIN)
        return packet->body.len + PAD_SLACK >= SWIM_JOIN_LEN;
    return m->type != PEER_PING || packet->body.len + PAD_SLACK >= DATAGRAM_PING_LEN;
}

void datagram_recv(struct node *n, mono_us now, const struct addr *from, struct slice bytes)
{
    struct packet_in packet;
    struct peer *p = NULL;
    struct peer_run *run = NULL;
    n->counters.datagrams_in++;
    n->counters.bytes_in += bytes.len;
    if (bytes.len > NODE_DATAGRAM_IN_MAX) {
        n->counters.dropped_size++;
        return;
    }
    enum err err = packet_open(&n->seal, CHANNEL_UDP, bytes, n->opened, &packet);
    if (err != OK) {
        /* Our own join packet came back: one of the seeds is ourselves. */
        if (err == ERR_REPLAY)
            swim_own_address(n->swim, from);
        datagram_count(&n->counters, err);
        return;
    }
    if (packet.head.sender == 0) { /* nobody's id */
        n->counters.dropped_malformed++;
        return;
    }
    err = peers_accept(n->peers, now, &packet.head, &p, &run);
    if (err != OK) {
        n->counters.dropped_replay += err == ERR_REPLAY;
        n->counters.dropped_plain += err == ERR_PLAIN;
        n->counters.dropped_peers_full += err == ERR_FULL;
        return;
    }
    datagram_count_key(n, &packet.head);
    rotation_heard(n, now, &packet.head);
    if (peer_decode(n->codec, packet.body, n->in) != OK) {
        n->counters.dropped_decode++;
        return;
    }
    if (!run->proven && !pays_for_answer(&packet, n->in)) {
        n->counters.dropped_size++;
        return;
    }
    n->counters.kinds_in[n->in->type - 1]++;
    n->counters.kinds_in_bytes[n->in->type - 1] += bytes.len;
    recv_body(n, now, p, run,
              &(struct swim_from){.id = packet.head.sender,
                                  .epoch = run_epoch(&packet.head.run),
                                  .addr = *from,
                                  .join = packet.head.class == PACKET_JOIN});
}

void datagram_too_big(struct node *n, mono_us now, const struct addr *addr)
{
    n->counters.too_big++;
    for (size_t i = 0; i < swim_members(n->swim); i++) {
        const struct swim_member member = swim_member_at(n->swim, i);
        struct peer *p = addr_eq(&member.addr, addr) ? peers_find(n->peers, member.id) : NULL;
        if (p != NULL)
            path_too_long(&p->path, now);
    }
}
