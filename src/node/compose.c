/** node/compose.c - datagrams out: what is due, completed with what may travel along, and sealed. */
#include <assert.h>
#include <string.h>

#include "node/inside.h"

#define NOT_ME_LEN  144                     /* at least the body of a NOT_ME, whatever our name */
#define PIGGYBACK   (NODE_DATAGRAM_MAX / 4) /* room that hot dots may take */
#define COVERS_LEN  ((1 + PEER_RELAYED) * COVER_LEN)
#define HEADER_ROOM DATAGRAM_HEADER_ROOM
#define COVERS_ROOM (HEADER_ROOM + COVER_LEN) /* and one cover */

/* Where a message goes, and what may travel with it. */
struct target {
    uint64_t id; /* 0 with join */
    struct addr addr;
    bool join;
    bool may_carry;
};

static size_t room_for(struct peer *p, mono_us now)
{
    const size_t datagram = p == NULL ? NODE_DATAGRAM_MAX : path_room(&p->path, now);
    return datagram - PACKET_OVERHEAD;
}

size_t datagram_room(const struct node *n, mono_us now, uint64_t id)
{
    return room_for(peers_find(n->peers, id), now);
}

static void write_header(struct node *n, struct peer *p, struct peer_msg *m)
{
    swim_header(n->swim, m);
    m->head = ledger_head(n->ledger);
    heal_header_out(n->heal, m);
    m->has_echo = p != NULL && p->owes_echo;
    m->echo = m->has_echo ? p->echo : 0;
}

static void write_cover(const struct node *n, struct writer *w, uint64_t epoch)
{
    struct origin_view origin;
    if (ledger_origin(n->ledger, epoch, &origin))
        cover_write(w, &(struct cover){origin.epoch, origin.applied, origin.mask});
}

/* What we covered of the peer's dots, and of those that it passed on to us, as far as there is room:
 * what a relay is not told it repeats. */
static struct slice covers_of(struct node *n, struct peer *p, size_t room, uint8_t buf[COVERS_LEN])
{
    if (!p->now.proven)
        return (struct slice){0};
    struct writer w = writer_of(buf, COVERS_LEN);
    write_cover(n, &w, run_epoch(&p->now.run));
    for (uint8_t i = 0; i < p->relayed_n && w.len + COVER_LEN <= room; i++)
        write_cover(n, &w, p->relayed[i]);
    return writer_slice(&w);
}

/* What travels along, most useful first: our cover of the peer's dots, hot dots, rumours. */
static void carry(struct node *n, struct peer *p, struct peer_msg *m, size_t room,
                  uint8_t covers[COVERS_LEN])
{
    size_t used = peer_msg_len(m);
    if (m->covers.len == 0) {
        const size_t left = used + HEADER_ROOM < room ? room - used - HEADER_ROOM : 0;
        m->covers = covers_of(n, p, left, covers);
        used += m->covers.len + 2;
    }
    if (m->dots.len == 0 && used + COVERS_ROOM < room) {
        const size_t left = room - used - COVERS_ROOM;
        struct dots_writer w = dots_writer_of(n->dots, left < PIGGYBACK ? left : PIGGYBACK);
        spread_piggyback(n->spread, p->id, &w);
        m->dots = dots_slice(&w);
    }
    swim_piggyback(n->swim, p->id, m, room);
}

static void seal_out(struct node *n, const struct target *to, size_t len, struct node_out *out)
{
    const struct packet_out what = {.class = to->join ? PACKET_JOIN : PACKET_MEMBER,
                                    .channel = CHANNEL_UDP,
                                    .dest = to->join ? 0 : to->id,
                                    .counter = ++n->counter,
                                    .body = slice_of(n->body, len)};
    const size_t sealed = packet_seal(&n->seal, &what, n->packet, STREAM_FRAME_MAX);
    out->kind = NODE_OUT_DATAGRAM;
    out->conn = 0;
    out->to = to->addr;
    out->bytes = slice_of(n->packet, sealed);
    n->counters.datagrams_out++;
    n->counters.bytes_out += sealed;
}

/* Whether dots of ours arrive shows in the peer's cover; of others it does not. */
static bool holds_own(const struct node *n, struct slice dots)
{
    struct reader r = reader_of(dots); /* a bin of dots begins with the epoch of its first block */
    return dots.len > 0 && read_u64(&r) == ledger_epoch(n->ledger);
}

/* Complete m with our header and what may travel along, seal it, and point *out at it. */
static void send(struct node *n, mono_us now, const struct target *to, struct peer_msg *m,
                 struct node_out *out)
{
    uint8_t covers[COVERS_LEN];
    struct peer *p = to->join ? NULL : peers_find(n->peers, to->id);
    const size_t room = room_for(p, now);
    size_t len = 0;
    write_header(n, p, m);
    if (to->may_carry && p != NULL && p->now.proven)
        carry(n, p, m, room, covers);
    if (p != NULL && to->may_carry)
        peers_paid(n->peers, p);
    else if (p != NULL)
        peers_echoed(n->peers, p); /* a poll or a proof must not swallow an acknowledgement */
    const enum err err = peer_encode(m, n->body, PEER_BODY_MAX, &len);
    assert(err == OK); /* every machine keeps to the room that it was given */
    if (to->join)
        len = peer_pad(n->body, len, SWIM_JOIN_LEN);
    else if (m->type == PEER_PING)
        len = peer_pad(n->body, len, to->may_carry ? DATAGRAM_PING_LEN : NOT_ME_LEN);
    seal_out(n, to, len, out);
    n->counters.kinds_out[m->type - 1]++;
    n->counters.kinds_out_bytes[m->type - 1] += out->bytes.len;
    if (p != NULL && holds_own(n, m->dots))
        path_sent(&p->path, now, out->bytes.len);
}

/* ---- what is due ---- */

static bool address_of(const struct node *n, uint64_t id, struct target *to)
{
    struct swim_member member;
    *to = (struct target){.id = id, .may_carry = true};
    if (!swim_find(n->swim, id, &member))
        return false;
    to->addr = member.addr;
    return addr_known(&to->addr);
}

static struct peer_msg *blank(struct node *n, uint8_t type)
{
    n->out->type = type;
    n->out->records_n = 0;
    n->out->dots = (struct slice){0};
    n->out->covers = (struct slice){0};
    return n->out;
}

/* Copy the dots from the at-th on into w as far as they fit. Returns: the index of the first that did
 * not; n when all did. */
static size_t copy_dots(const struct leftover *left, struct dots_writer *w)
{
    struct dots_reader r = dots_reader_of(slice_of(left->bytes, left->len));
    struct dot d;
    size_t i = 0;
    for (; dots_next(&r, &d); i++)
        if (i >= left->at && dots_add(w, &d, false) != OK)
            break;
    return i;
}

/* The next dot is longer than the path: say that it cannot be had this way, so that it is asked for
 * over a stream. */
static void refuse_leftover(struct leftover *left, struct peer_msg *m)
{
    struct dots_reader r = dots_reader_of(slice_of(left->bytes, left->len));
    struct dot d = {.seq = 0};
    for (size_t i = 0; i <= left->at; i++)
        if (!dots_next(&r, &d))
            break;
    left->at++;
    m->type = PEER_GONE;
    m->args.ranges.n = 1;
    m->args.ranges.at[0] = (struct dot_range){.epoch = d.epoch, .lo = d.seq, .hi = d.seq};
}

/* Send as many of the waiting dots as the path takes, and keep the rest. */
static bool send_leftover(struct node *n, mono_us now, struct node_out *out)
{
    struct leftover *left = &n->leftover;
    struct target to;
    if (left->at < left->n && !address_of(n, left->to, &to))
        left->at = left->n;
    if (left->at >= left->n)
        return false;
    struct peer_msg *m = blank(n, left->type);
    const size_t room = room_for(peers_find(n->peers, left->to), now);
    struct dots_writer w = dots_writer_of(n->dots, room - peer_msg_len(m) - COVERS_ROOM);
    const size_t at = left->at;
    left->at = copy_dots(left, &w);
    m->dots = dots_slice(&w);
    if (left->at == at)
        refuse_leftover(left, m);
    send(n, now, &to, m, out);
    return true;
}

/* Does m fit the path to `id`? If not: dots wait as leftovers, lists are cut (they are asked for
 * again). Returns: false when nothing is left to send now. */
static bool fit(struct node *n, mono_us now, uint64_t id, struct peer_msg *m)
{
    const size_t room = room_for(peers_find(n->peers, id), now);
    size_t dots_n = 0;
    if (peer_msg_len(m) + COVERS_ROOM <= room)
        return true;
    if (m->dots.len > 0 && m->dots.len <= sizeof n->leftover.bytes &&
        dots_check(m->dots, &dots_n) == OK) {
        struct leftover *left = &n->leftover;
        *left = (struct leftover){.to = id, .type = m->type, .n = dots_n, .len = m->dots.len};
        memcpy(left->bytes, m->dots.at, m->dots.len);
        return false;
    }
    if (m->type == PEER_PULL || m->type == PEER_GONE)
        m->args.ranges.n = m->args.ranges.n < 8 ? m->args.ranges.n : 8;
    if (m->type == PEER_HEADS && m->args.heads.covers.len > 8 * COVER_LEN)
        m->args.heads.covers.len = 8 * COVER_LEN;
    if (m->type == PEER_HEADS && m->args.heads.retired.len > 8 * PEER_RETIRED_LEN)
        m->args.heads.retired.len = 8 * PEER_RETIRED_LEN; /* a part from the front is one, too */
    if (m->type == PEER_SUMS && m->args.sums.n > 8)
        m->args.sums.n = 8;
    return true;
}

static void close_gap(struct node *n, mono_us now, const struct dot_range *range)
{
    const uint64_t g = ledger_close(n->ledger, range->epoch, range->lo, range->hi, NULL);
    trace_barred(n->trace, now, *range);
    if (g != 0)
        apply_bar(n, g);
}

static bool poll_heal(struct node *n, mono_us now, struct node_out *out)
{
    struct heal_out due;
    struct target to;
    while (n->leftover.at >= n->leftover.n && heal_poll(n->heal, now, &due)) {
        if (due.kind == HEAL_CLOSE)
            close_gap(n, now, &due.range);
        else if (due.kind == HEAL_BAR)
            apply_floor(n, due.index);
        else if (due.kind == HEAL_STREAM)
            stream_open_pull(n, now, due.to);
        else if (address_of(n, due.to, &to) && fit(n, now, due.to, due.msg)) {
            send(n, now, &to, due.msg, out);
            return true;
        }
    }
    return false;
}

/* What fits every path: spread writes one datagram for whoever is next. */
static size_t push_room(struct node *n, mono_us now)
{
    size_t room = room_for(NULL, now);
    if (n->counters.too_big + n->counters.black_holes == 0) /* no path was ever narrow */
        return room;
    for (size_t i = 0; i < swim_members(n->swim); i++) {
        struct peer *p = peers_find(n->peers, swim_member_at(n->swim, i).id);
        const size_t fits = room_for(p, now);
        room = fits < room ? fits : room;
    }
    return room;
}

static bool poll_spread(struct node *n, mono_us now, struct node_out *out)
{
    struct spread_out due;
    struct target to;
    if (spread_deadline(n->spread) > now)
        return false;
    struct peer_msg *m = blank(n, PEER_GOSSIP);
    const size_t room = push_room(n, now) - peer_msg_len(m) - COVERS_ROOM;
    while (spread_poll(n->spread, now, room, &due)) {
        if (!address_of(n, due.to, &to))
            continue;
        m->dots = due.dots;
        send(n, now, &to, m, out);
        return true;
    }
    return false;
}

static bool poll_owed(struct node *n, mono_us now, struct node_out *out)
{
    struct target to;
    struct peer *p;
    while ((p = peers_owing(n->peers, now, &n->owing_cursor)) != NULL) {
        if (address_of(n, p->id, &to)) {
            send(n, now, &to, blank(n, PEER_GOSSIP), out);
            return true;
        }
        peers_paid(n->peers, p);
    }
    return false;
}

static bool send_swim(struct node *n, mono_us now, const struct swim_out *due, struct node_out *out)
{
    if (due->challenge != 0)
        peers_challenged(n->peers, now, due->join ? 0 : due->id, due->challenge);
    const struct target to = {
        .id = due->id, .addr = due->addr, .join = due->join, .may_carry = due->may_carry};
    send(n, now, &to, due->msg, out);
    return true;
}

static bool poll_swim(struct node *n, mono_us now, struct node_out *out)
{
    struct swim_out due;
    while (swim_poll(n->swim, now, &due)) {
        if (due.kind == SWIM_SEND)
            return send_swim(n, now, &due, out);
        if (due.kind == SWIM_EVENT)
            life_event(n, now, &due);
        else
            stream_open(n, now, &due, due.kind == SWIM_SYNC ? STREAM_FOR_SYNC : STREAM_FOR_PING);
    }
    return false;
}

static uint64_t compose_question(struct node *n, mono_us now, struct peer_msg *m)
{
    const uint64_t to = certify_compose(n, now, m);
    return to != 0 ? to : drift_compose(n, now, m);
}

static bool poll_questions(struct node *n, mono_us now, struct node_out *out)
{
    struct target to;
    uint64_t id;
    while ((id = compose_question(n, now, blank(n, PEER_GOSSIP))) != 0) {
        if (!address_of(n, id, &to))
            continue;
        to.may_carry = false; /* a proof is as long as its path allows */
        send(n, now, &to, n->out, out);
        return true;
    }
    return false;
}

bool datagram_poll(struct node *n, mono_us now, struct node_out *out)
{
    /* Swim first: its events bring links up and down before anything is sent over them. */
    return poll_swim(n, now, out) || poll_spread(n, now, out) || poll_owed(n, now, out) ||
           poll_questions(n, now, out) || send_leftover(n, now, out) || poll_heal(n, now, out) ||
           send_leftover(n, now, out);
}
