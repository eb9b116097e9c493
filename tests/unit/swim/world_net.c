#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world_inside.h"

struct addr addr_of_place(uint32_t i)
{
    return (struct addr){
        .ip = {10, 0, (uint8_t)(i >> 8), (uint8_t)(i & 255)}, .ip_len = 4, .port = 7946};
}

uint32_t place_of(const struct addr *a)
{
    return a->ip_len == 4 ? (uint32_t)a->ip[2] << 8 | a->ip[3] : WORLD_NODES;
}

void note(struct world *w, uint64_t value)
{
    w->trace = (w->trace ^ value) * 0x100000001B3ULL;
    w->trace ^= w->trace >> 29;
}

/* --- the heap of what will happen --- */

static bool earlier(const struct packet *a, const struct packet *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void heap_swap(struct world *w, uint32_t a, uint32_t b)
{
    struct packet *p = w->heap[a];
    w->heap[a] = w->heap[b];
    w->heap[b] = p;
}

void net_push(struct world *w, struct packet *p)
{
    if (w->heap_n == w->heap_max) {
        w->heap_max = w->heap_max == 0 ? 256 : 2 * w->heap_max;
        w->heap = realloc(w->heap, w->heap_max * sizeof(struct packet *));
        assert(w->heap != NULL);
    }
    p->order = w->order++;
    uint32_t i = w->heap_n++;
    w->heap[i] = p;
    for (; i > 0 && earlier(w->heap[i], w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap_swap(w, i, (i - 1) / 2);
}

struct packet *net_pop(struct world *w)
{
    struct packet *first = w->heap[0];
    w->heap[0] = w->heap[--w->heap_n];
    for (uint32_t i = 0;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < w->heap_n; child++) {
            if (earlier(w->heap[child], w->heap[least]))
                least = child;
        }
        if (least == i)
            return first;
        heap_swap(w, i, least);
        i = least;
    }
}

struct packet *packet_new(struct world *w, uint64_t after_us)
{
    struct packet *p = calloc(1, sizeof *p);
    assert(p != NULL);
    p->at = w->now + after_us;
    return p;
}

static uint64_t delay(struct world *w)
{
    return 500 + rng_below(&w->rng, w->cfg.delay_us + 1);
}

/* --- copying messages --- */

static struct slice keep(struct packet *p, struct slice text)
{
    assert(p->text_len + text.len <= sizeof p->text);
    if (text.len == 0)
        return slice_of(NULL, 0);
    memcpy(p->text + p->text_len, text.at, text.len);
    p->text_len += text.len;
    return slice_of(p->text + p->text_len - text.len, text.len);
}

static void copy_msg(struct packet *p, const struct peer_msg *m)
{
    p->msg = *m;
    for (size_t i = 0; i < m->records_n; i++) {
        p->msg.records[i].name = keep(p, m->records[i].name);
        p->msg.records[i].accuser = keep(p, m->records[i].accuser);
    }
    if (m->type == PEER_PING)
        p->msg.args.ping.to_name = keep(p, m->args.ping.to_name);
    if (m->type == PEER_PING_REQ)
        p->msg.args.ping_req.name = keep(p, m->args.ping_req.name);
    if (m->type == PEER_NOT_ME)
        p->msg.args.reply.name = keep(p, m->args.reply.name);
}

/* --- proof, as an owner keeps it --- */

static void remember_challenge(struct process *n, uint64_t challenge)
{
    if (challenge != 0)
        n->challenges[n->challenges_n++ % CHALLENGES] = challenge;
}

static bool knows_challenge(const struct process *n, uint64_t challenge)
{
    for (uint32_t i = 0; i < CHALLENGES && i < n->challenges_n; i++) {
        if (n->challenges[i] == challenge)
            return true;
    }
    return false;
}

static bool is_proven(const struct process *n, uint64_t epoch)
{
    for (uint32_t i = 0; i < n->proven_n && i < PROVEN; i++) {
        if (n->proven[i] == epoch)
            return true;
    }
    return false;
}

static void prove(struct process *n, uint64_t epoch)
{
    if (!is_proven(n, epoch))
        n->proven[n->proven_n++ % PROVEN] = epoch; /* the oldest makes room, as in `node` */
}

/* --- sending --- */

static void transmit(struct world *w, uint32_t i, const struct swim_out *out)
{
    const uint32_t to = place_of(&out->addr);
    count_datagram(w, out);
    if (to >= WORLD_NODES || w->cut[i][to] || rng_chance(&w->rng, w->cfg.loss_permille))
        return;
    struct packet *p = packet_new(w, delay(w));
    p->what = TO_NODE;
    p->to_i = to;
    p->dest = out->join ? 0 : out->id;
    p->from = world_from(w, i);
    p->from.join = out->join;
    copy_msg(p, out->msg);
    net_push(w, p);
}

static void send_datagram(struct world *w, uint32_t i, struct swim_out *out)
{
    struct process *n = &w->node[i];
    remember_challenge(n, out->challenge);
    if (out->may_carry)
        swim_piggyback(n->s, out->id, out->msg, BODY_ROOM);
    assert(peer_msg_len(out->msg) <= PEER_BODY_MAX);
    note(w, out->msg->type);
    note(w, out->msg->records_n);
    note(w, out->challenge);
    transmit(w, i, out);
}

static void wait_for_stream(struct world *w, uint32_t i, const struct swim_out *out)
{
    const uint32_t to = place_of(&out->addr);
    const bool reached = to < WORLD_NODES && w->node[to].up && !w->node[to].paused &&
                         w->node[to].id == out->id && !w->cut[i][to] && !w->cut[to][i];
    struct packet *p = packet_new(w, reached ? 3 * delay(w) : US_PER_SEC);
    p->what = out->kind == SWIM_SYNC ? SYNC_ENDS : TCP_ENDS;
    p->from_i = i;
    p->to_i = reached ? to : WORLD_NODES;
    p->dest = out->id;
    p->challenge = out->challenge;
    p->run = w->node[i].epoch;
    net_push(w, p);
}

void drain(struct world *w, uint32_t i)
{
    struct process *n = &w->node[i];
    struct swim_out out;
    while (swim_poll(n->s, w->now, &out)) {
        note(w, w->now ^ (uint64_t)out.kind << 56 ^ i);
        note(w, out.id);
        if (out.kind == SWIM_SEND)
            send_datagram(w, i, &out);
        else if (out.kind == SWIM_EVENT)
            log_event(w, i, &out);
        else
            wait_for_stream(w, i, &out);
    }
    plan(w, i);
}

/* --- receiving --- */

static void echo(struct world *w, uint32_t i, const struct packet *p)
{
    struct process *n = &w->node[i];
    static struct peer_msg m;
    m = (struct peer_msg){.type = PEER_GOSSIP, .has_echo = true, .echo = p->msg.args.ack.own};
    swim_header(n->s, &m);
    swim_piggyback(n->s, p->from.id, &m, BODY_ROOM);
    const struct swim_out out = {
        .kind = SWIM_SEND, .id = p->from.id, .addr = p->from.addr, .msg = &m};
    transmit(w, i, &out);
}

void receive(struct world *w, uint32_t i, struct packet *p)
{
    struct process *n = &w->node[i];
    if (p->dest != 0 && p->dest != n->id)
        return; /* sealed for somebody else */
    if (p->from.epoch == n->epoch) {
        swim_own_address(n->s, &p->from.addr);
        return;
    }
    if (p->msg.type == PEER_ACK && knows_challenge(n, p->msg.args.ack.challenge))
        prove(n, p->from.epoch);
    if (p->msg.has_echo && knows_challenge(n, p->msg.echo))
        prove(n, p->from.epoch);
    p->from.proven = is_proven(n, p->from.epoch);
    swim_recv(n->s, w->now, &p->from, &p->msg);
    drain(w, i);
    if (p->msg.type == PEER_ACK && p->msg.args.ack.has_own && p->from.proven)
        echo(w, i, p);
}

static void hand_over(struct world *w, uint32_t a, uint32_t b, const uint64_t *theirs)
{
    static struct peer_record records[512];
    uint64_t ours[STREAM_BUCKETS];
    uint8_t wanted[STREAM_BUCKETS / 8] = {0};
    swim_digest(w->node[a].s, ours);
    for (size_t i = 0; i < STREAM_BUCKETS; i++) {
        if (ours[i] != theirs[i])
            wanted[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    struct swim_telling telling = {.to = w->node[b].id};
    do {
        const size_t n = swim_records(w->node[a].s, wanted, records, 512, &telling);
        w->stream_records += n;
        for (size_t i = 0; i < n; i++)
            prove(&w->node[b], records[i].epoch);
        swim_merge(w->node[b].s, w->now, records, n);
        drain(w, b);
    } while (telling.at != 0);
}

static void end_sync(struct world *w, const struct packet *p)
{
    struct process *n = &w->node[p->from_i];
    if (!n->up || n->paused || n->epoch != p->run)
        return;
    const bool ok = p->to_i < WORLD_NODES && w->node[p->to_i].up && !w->node[p->to_i].paused;
    if (ok) {
        uint64_t ours[STREAM_BUCKETS], theirs[STREAM_BUCKETS];
        prove(n, w->node[p->to_i].epoch);
        prove(&w->node[p->to_i], n->epoch);
        swim_digest(n->s, ours);
        swim_digest(w->node[p->to_i].s, theirs);
        count_sync(w, p->from_i);
        hand_over(w, p->to_i, p->from_i, ours);
        hand_over(w, p->from_i, p->to_i, theirs);
    }
    swim_synced(n->s, w->now, p->dest, ok);
    drain(w, p->from_i);
}

static void end_tcp(struct world *w, const struct packet *p)
{
    struct process *n = &w->node[p->from_i];
    if (!n->up || n->paused || n->epoch != p->run)
        return;
    swim_tcp_result(n->s, w->now, p->challenge, p->to_i < WORLD_NODES);
    drain(w, p->from_i);
}

static void reseed(struct world *w)
{
    struct addr all[WORLD_NODES];
    for (uint32_t i = 0; i < w->cfg.nodes; i++)
        all[i] = addr_of_place(i);
    for (uint32_t i = 0; i < w->cfg.nodes; i++) {
        if (!w->node[i].up || w->node[i].paused)
            continue;
        swim_seed(w->node[i].s, w->now, all, w->cfg.nodes);
        drain(w, i);
    }
    struct packet *p = packet_new(w, w->cfg.reseed_us);
    p->what = RESEED;
    net_push(w, p);
}

void happen(struct world *w, struct packet *p)
{
    struct process *n = &w->node[p->to_i];
    if (p->what == SYNC_ENDS)
        end_sync(w, p);
    else if (p->what == TCP_ENDS)
        end_tcp(w, p);
    else if (p->what == RESEED)
        reseed(w);
    else if (n->up && n->paused && n->socket_n < SOCKET_MAX) {
        n->socket[n->socket_n++] = p;
        return;
    } else if (n->up && !n->paused)
        receive(w, p->to_i, p);
    free(p);
}
