/**
 * node/stream.c - sealed streams between nodes: HELLO, AUTH, and then what the stream is for.
 *
 * The first frame each way is HELLO with a challenge, the second AUTH, which echoes the other's; before
 * that nothing is believed, so a recorded stream proves nothing. Then, by purpose:
 *   ping  the opener hangs up: the process, not just its kernel, has answered
 *   sync  each side sends DIGEST and HEADS, then the RECORDS of buckets that differ and one PULL; each
 *         answers the other's PULL with DOTS and GONE, then says DONE
 *   pull  the opener sends one PULL; the other answers and says DONE
 *   warm  the other sends RETIRED and HEADS; then the opener WANTs entries and the other gives them,
 *         frame by frame, until the opener hangs up
 */
#include "node/stream.h"

#include <assert.h>
#include <string.h>

static struct stream *stream_find(struct streams *t, uint32_t conn)
{
    for (size_t i = 0; t->used_n > 0 && i < ARRAY_LEN(t->at); i++)
        if (t->at[i].used && t->at[i].conn == conn)
            return &t->at[i];
    return NULL;
}

static struct stream *free_stream(struct streams *t, bool inbound)
{
    size_t same = 0;
    struct stream *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(t->at); i++) {
        struct stream *s = &t->at[i];
        same += s->used && s->inbound == inbound;
        if (!s->used && found == NULL)
            found = s;
    }
    return same < NODE_STREAMS_MAX ? found : NULL;
}

/** Begin in s, which is free, or is taken from a stranger. */
static void begin(struct node *n, mono_us now, struct stream *s, uint32_t conn)
{
    struct dot_range *answer = s->answer; /* taken once, with the table */
    n->streams->used_n += !s->used;
    *s = (struct stream){.used = true,
                         .conn = conn,
                         .begun_at = now,
                         .progress_at = now,
                         .challenge = rng_next(&n->rng)};
    s->answer = answer;
}

static void release(struct streams *t, struct stream *s)
{
    t->used_n -= s->used;
    s->used = false;
    session_wipe(&s->pair, &s->session);
}

/* Tell whoever asked for the stream how it went. */
static void report(struct node *n, mono_us now, const struct stream *s, bool ok)
{
    n->counters.streams_failed += !ok;
    if (s->inbound)
        return;
    if (s->purpose == STREAM_FOR_PING)
        swim_tcp_result(n->swim, now, s->ping_challenge, ok);
    if (s->purpose == STREAM_FOR_SYNC)
        swim_synced(n->swim, now, s->peer, ok);
    if (s->purpose == STREAM_FOR_WARM)
        warm_closed(n, now);
}

void stream_finish(struct node *n, mono_us now, struct stream *s, bool ok)
{
    report(n, now, s, ok);
    s->hangup = s->up;
    if (!s->hangup) /* a stream that never came up has nobody to hang up on */
        release(n->streams, s);
}

/** A stream that somebody wants. */
struct wish {
    uint64_t peer;
    struct addr addr;
    uint8_t purpose;
    uint64_t ping_challenge;
};

static void tell_busy(struct node *n, mono_us now, const struct wish *wish)
{
    n->counters.streams_busy++;
    if (wish->purpose == STREAM_FOR_PING)
        swim_tcp_result(n->swim, now, wish->ping_challenge, false);
    if (wish->purpose == STREAM_FOR_SYNC)
        swim_synced(n->swim, now, wish->peer, false);
    if (wish->purpose == STREAM_FOR_WARM)
        warm_closed(n, now);
}

static void open_stream(struct node *n, mono_us now, const struct wish *wish)
{
    struct stream *s = free_stream(n->streams, false);
    if (s == NULL) {
        tell_busy(n, now, wish);
        return;
    }
    n->streams->conn = (n->streams->conn + 1) & ~NODE_INBOUND;
    begin(n, now, s, n->streams->conn);
    s->peer = wish->peer;
    s->addr = wish->addr;
    s->purpose = wish->purpose;
    s->ping_challenge = wish->ping_challenge;
    s->connect_due = true;
    n->counters.streams_out++;
}

void stream_open(struct node *n, mono_us now, const struct swim_out *why, uint8_t purpose)
{
    open_stream(n, now,
                &(struct wish){.peer = why->id,
                               .addr = why->addr,
                               .purpose = purpose,
                               .ping_challenge = why->challenge});
}

/* Open a stream to a member, if it is one. */
static void open_to(struct node *n, mono_us now, uint64_t id, uint8_t purpose)
{
    struct swim_member member;
    if (swim_find(n->swim, id, &member))
        open_stream(n, now, &(struct wish){.peer = id, .addr = member.addr, .purpose = purpose});
}

void stream_open_pull(struct node *n, mono_us now, uint64_t id)
{
    open_to(n, now, id, STREAM_FOR_PULL);
}

void stream_open_warm(struct node *n, mono_us now, uint64_t id)
{
    open_to(n, now, id, STREAM_FOR_WARM);
}

/* A warm stream may last: nothing waits for its end. */
static bool has_stream_to(const struct streams *t, uint64_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(t->at); i++) {
        const struct stream *s = &t->at[i];
        if (s->used && !s->inbound && s->peer == id && s->purpose != STREAM_FOR_WARM)
            return true;
    }
    return false;
}

void stream_open_sync(struct node *n, mono_us now, const struct swim_member *member)
{
    if (!has_stream_to(n->streams, member->id))
        open_stream(
            n, now,
            &(struct wish){.peer = member->id, .addr = member->addr, .purpose = STREAM_FOR_SYNC});
}

static void refuse(struct streams *t, uint32_t conn)
{
    assert(t->refused_n < STREAM_REFUSED_MAX); /* the driver drains */
    t->refused[t->refused_n++] = conn;
}

/* Whoever has not said HELLO makes room, the oldest first: strangers cannot hold all places. */
static struct stream *displace_stranger(struct streams *t)
{
    struct stream *oldest = NULL;
    for (size_t i = 0; i < ARRAY_LEN(t->at); i++) {
        struct stream *s = &t->at[i];
        if (s->used && s->inbound && !s->got_hello && !s->hangup &&
            (oldest == NULL || s->progress_at < oldest->progress_at))
            oldest = s;
    }
    if (oldest != NULL)
        refuse(t, oldest->conn);
    return oldest;
}

void stream_up(struct node *n, mono_us now, uint32_t conn, const struct addr *from)
{
    struct stream *s = stream_find(n->streams, conn);
    if (s == NULL && (conn & NODE_INBOUND) != 0) {
        s = free_stream(n->streams, true);
        if (s == NULL)
            s = displace_stranger(n->streams);
        if (s == NULL) {
            n->counters.streams_busy++;
            refuse(n->streams, conn);
            return;
        }
        begin(n, now, s, conn);
        s->inbound = true;
        s->addr = *from;
        n->counters.streams_in++;
    }
    if (s == NULL)
        return;
    s->up = true;
    s->progress_at = now;
    s->hello_due = !s->inbound;
}

static bool opener_ends(const struct stream *s)
{
    return s->purpose == STREAM_FOR_PING || s->purpose == STREAM_FOR_WARM;
}

void stream_down(struct node *n, mono_us now, uint32_t conn)
{
    struct stream *s = stream_find(n->streams, conn);
    if (s == NULL)
        return;
    /* The opener hangs up: for the other end that is how a stream ends well. */
    const bool ended = s->inbound && s->got_auth && (opener_ends(s) || s->sent_done || s->reported);
    s->up = false;
    if (!s->hangup)
        stream_finish(n, now, s, ended);
    release(n->streams, s);
}

/* ---- frames in ---- */

static bool name_fits(const struct node *n, uint64_t id, const struct peer_record *record)
{
    return hash_node_id(n->cfg.cluster, record->name) == id;
}

static bool take_hello(struct node *n, struct stream *s, const struct packet_head *head,
                       const struct stream_hello *hello)
{
    if (s->got_hello || !name_fits(n, head->sender, &hello->record) ||
        hello->record.epoch != run_epoch(&head->run))
        return false;
    if (!s->inbound && hello->purpose != s->purpose)
        return false;
    if (hello->wire_min > PACKET_VERSION || hello->wire_max < PACKET_VERSION)
        return false;
    if (s->inbound) {
        s->peer = head->sender;
        s->purpose = hello->purpose;
    }
    s->got_hello = true;
    s->run = head->run;
    s->sealed = head->key_id != 0;
    s->vote = certify_vote(hello->record.caps);
    s->vector_hash = hello->vector_hash;
    s->window_ms = hello->window_ms;
    s->echo = hello->challenge;
    s->hello_due = s->inbound;
    s->auth_due = true;
    return stream_agree(n, s, head, hello);
}

/* A ping asks after the run that membership holds: another one of that name is no sign of its life. */
static bool is_probed_run(const struct node *n, const struct stream *s)
{
    struct swim_member member;
    return !swim_find(n->swim, s->peer, &member) || member.epoch == run_epoch(&s->run);
}

/* From here on the run at the other end is known to be alive now. Whether it takes us for alive, too,
 * it has yet to say: who pings waits for its DONE, since one who is refused is outside, and must not go
 * on as if it were heard. */
static bool take_auth(struct node *n, mono_us now, struct stream *s, uint64_t echo)
{
    if (!s->got_hello || s->got_auth || echo != s->challenge)
        return false;
    if (!peers_prove_run(n->peers, now,
                         &(struct peer_proven){.id = s->peer,
                                               .run = s->run,
                                               .challenged_at = s->begun_at,
                                               .counter = s->last_counter,
                                               .sealed = s->sealed}))
        return false; /* a run that was replaced comes back by the front door, or not at all */
    s->got_auth = true;
    certify_window(n, s->peer, s->window_ms);
    if (s->purpose == STREAM_FOR_PING && !s->inbound && !is_probed_run(n, s))
        return false;
    if (s->purpose == STREAM_FOR_WARM)
        return stream_warm_begin(n, now, s);
    s->done_due = s->purpose == STREAM_FOR_PING && s->inbound;
    s->digest_due = s->retired_due = s->heads_due = s->purpose == STREAM_FOR_SYNC;
    s->pull_due = s->purpose == STREAM_FOR_PULL && !s->inbound;
    return true;
}

static bool take_digest(struct node *n, struct stream *s, struct slice bytes)
{
    uint64_t own[STREAM_BUCKETS];
    struct reader r = reader_of(bytes);
    if (s->got_digest || bytes.len != sizeof own)
        return false;
    s->got_digest = true;
    swim_digest(n->swim, own);
    for (size_t i = 0; i < STREAM_BUCKETS; i++) {
        if (read_u64(&r) == own[i])
            continue;
        s->differ[i / 8] |= (uint8_t)(1U << i % 8);
        s->records_due = true;
    }
    return true;
}

/* A joiner has an empty cache, which is consistent with everything: it takes heads as covered. */
static void adopt_heads(struct node *n, struct slice covers)
{
    struct reader r = reader_of(covers);
    struct cover c;
    while (cover_read(&r, &c))
        if (c.epoch != 0 && c.epoch != ledger_epoch(n->ledger) &&
            ledger_adopt(n->ledger, c.epoch, c.applied) == ERR_FULL)
            apply_heard(n, ERR_FULL);
}

static bool take_retired(struct node *n, mono_us now, const struct stream *s, struct slice bytes)
{
    const struct peer_heads heads = {.retired = bytes};
    if (bytes.len % PEER_RETIRED_LEN != 0 || s->got_heads)
        return false;
    if (n->life.state == NODE_JOINING)
        life_inherit(n, now, run_epoch(&s->run), bytes);
    else
        apply_heard(n, heal_heads(n->heal, now, s->peer, &heads));
    return true;
}

static bool take_heads(struct node *n, mono_us now, struct stream *s, struct slice covers)
{
    const struct peer_heads heads = {.covers = covers};
    if (s->got_heads || covers.len % COVER_LEN != 0)
        return false;
    if (n->life.state == NODE_JOINING)
        adopt_heads(n, covers);
    apply_acks(n, now, &(struct speaker){.id = s->peer, .epoch = run_epoch(&s->run)}, covers);
    apply_heard(n, heal_heads(n->heal, now, s->peer, &heads));
    if (covers.len / COVER_LEN < STREAM_HEADS_COVERS) { /* a full frame is followed by another */
        s->got_heads = true;
        s->pull_due = true;
    }
    return true;
}

static bool take_pull(struct stream *s, const struct stream_msg *m)
{
    if (s->got_pull || m->ranges_n > STREAM_RANGES_MAX)
        return false;
    s->got_pull = true;
    memcpy(s->answer, m->ranges, m->ranges_n * sizeof *m->ranges);
    s->answer_n = m->ranges_n;
    s->done_due = true;
    return true;
}

static bool take_gone(struct node *n, mono_us now, struct stream *s, const struct stream_msg *m)
{
    struct peer_ranges part;
    for (size_t at = 0; at < m->ranges_n; at += part.n) {
        part.n = m->ranges_n - at < PEER_RANGES_MAX ? m->ranges_n - at : PEER_RANGES_MAX;
        memcpy(part.at, m->ranges + at, part.n * sizeof *m->ranges);
        heal_gone(n->heal, now, s->peer, &part);
    }
    return true;
}

/* The other end covered these dots and no longer holds them, but knows which buckets were touched since
 * it first heard of them: all else lives on. */
static bool take_touched(struct node *n, mono_us now, const struct stream_msg *m)
{
    struct ledger_touched *touched = n->touched;
    *touched = (struct ledger_touched){
        .everything = m->everything, .tagged = m->tagged, .bucket_bits = m->bucket_bits};
    if (!m->everything)
        memcpy(touched->bits, m->bytes.at, m->bytes.len); /* as long as its bits say: decoded so */
    for (size_t i = 0; i < m->ranges_n; i++)
        apply_touched(n, now, &m->ranges[i], touched);
    return true;
}

static bool take_dots(struct node *n, mono_us now, const struct stream *s, struct slice dots)
{
    const struct carrier from = {.peer = peers_find(n->peers, s->peer),
                                 .epoch = run_epoch(&s->run),
                                 .asked = true,
                                 .streamed = true};
    apply_dots(n, now, dots, &from);
    return true;
}

/* Has a frame of this type a place in this stream, now? Nothing comes after DONE. */
static bool has_place(const struct stream *s, uint8_t type)
{
    if (!s->got_auth || s->got_done)
        return false;
    if (s->purpose == STREAM_FOR_SYNC)
        return true;
    if (s->purpose == STREAM_FOR_PING)
        return !s->inbound && type == STREAM_DONE;
    return s->inbound ? type == STREAM_PULL
                      : type == STREAM_DOTS || type == STREAM_GONE || type == STREAM_TOUCHED ||
                            type == STREAM_DONE;
}

static bool take_authed(struct node *n, mono_us now, struct stream *s, const struct stream_msg *m)
{
    if (m->type == STREAM_DOTS || m->type == STREAM_TOUCHED || m->type == STREAM_GONE)
        s->fed_at = now;
    switch (m->type) {
    case STREAM_DIGEST:
        return take_digest(n, s, m->bytes);
    case STREAM_HEADS:
        return take_heads(n, now, s, m->bytes);
    case STREAM_RECORDS:
        swim_merge(n->swim, now, m->records, m->records_n);
        return true;
    case STREAM_PULL:
        return take_pull(s, m);
    case STREAM_DOTS:
        return take_dots(n, now, s, m->bytes);
    case STREAM_GONE:
        return take_gone(n, now, s, m);
    case STREAM_TOUCHED:
        return take_touched(n, now, m);
    case STREAM_RETIRED:
        return take_retired(n, now, s, m->bytes);
    default:
        s->got_done = true;
        return m->type == STREAM_DONE;
    }
}

static bool take(struct node *n, mono_us now, struct stream *s, const struct packet_head *head,
                 const struct stream_msg *m)
{
    if (m->type == STREAM_HELLO)
        return take_hello(n, s, head, &m->hello);
    if (m->type == STREAM_AUTH)
        return take_auth(n, now, s, m->echo);
    if (s->purpose == STREAM_FOR_WARM)
        return stream_warm_take(n, now, s, m);
    return has_place(s, m->type) && take_authed(n, now, s, m);
}

/* One run and one peer per stream, all of it sealed or nothing, and counters that rise: nothing can be
 * spliced in or repeated. */
static bool belongs(const struct stream *s, const struct packet_head *head)
{
    if (head->class != PACKET_MEMBER || head->counter <= s->last_counter)
        return false;
    if (s->peer != 0 && head->sender != s->peer)
        return false;
    if (s->got_hello && s->sealed != (head->key_id != 0))
        return false;
    return !s->got_hello || memcmp(head->run.bytes, s->run.bytes, RUN_LEN) == 0;
}

/* Both have said everything. The opener hangs up; the other may still have bytes on their way. */
static void finish_if_done(struct node *n, mono_us now, struct stream *s)
{
    const bool sync = s->purpose == STREAM_FOR_SYNC;
    const bool done = s->got_done && (sync ? s->sent_done : !s->inbound);
    if (!done || s->hangup || s->reported)
        return;
    s->reported = true;
    if (sync) {
        life_synced(n, now, s->peer, run_epoch(&s->run));
        certify_synced(n, s->peer, run_epoch(&s->run), s->vote);
        certify_window(n, s->peer, s->window_ms); /* it may be a member by now */
    }
    if (!s->inbound)
        stream_finish(n, now, s, true);
}

void stream_recv(struct node *n, mono_us now, uint32_t conn, struct slice bytes)
{
    struct packet_in packet;
    struct stream_msg m;
    struct stream *s = stream_find(n->streams, conn);
    if (s == NULL || s->hangup)
        return;
    n->counters.frames_in++;
    const bool by_ring = !s->session.on;
    const bool opened = stream_unseal(n, s, bytes, &packet);
    if (!opened || !belongs(s, &packet.head) ||
        stream_decode(n->stream_codec, packet.body, &m) != OK) {
        n->counters.dropped_decode += opened;
        stream_finish(n, now, s, false);
        return;
    }
    datagram_count_key(n, &packet.head);
    if (by_ring) /* what a stream says under keys of its own needs none of the ring */
        rotation_heard(n, now, &packet.head);
    s->last_counter = packet.head.counter;
    s->progress_at = now;
    if (!take(n, now, s, &packet.head, &m)) {
        n->counters.dropped_decode++;
        stream_finish(n, now, s, false);
    } else {
        finish_if_done(n, now, s);
    }
}

/* ---- time ---- */

static mono_us stalls_at(const struct stream *s)
{
    return s->progress_at + (s->got_auth ? STREAM_STALL_US : STREAM_HELLO_US);
}

static mono_us expires_at(const struct stream *s)
{
    return time_min(stalls_at(s), stream_place_ends_at(s));
}

void stream_tick(struct node *n, mono_us now)
{
    for (size_t i = 0; n->streams->used_n > 0 && i < ARRAY_LEN(n->streams->at); i++) {
        struct stream *s = &n->streams->at[i];
        if (!s->used || s->hangup || now < expires_at(s))
            continue;
        if (now < stalls_at(s)) {
            stream_place_end(n, now, s);
            continue;
        }
        n->counters.streams_timeout++;
        s->up = true; /* the driver holds a connection attempt or a socket: have it closed */
        stream_finish(n, now, s, false);
    }
}

static mono_us due_at(const struct node *n, const struct stream *s)
{
    if (!s->used || s->hangup)
        return NEVER;
    return time_min(expires_at(s), s->pull_due ? stream_turn_at(n, s) : NEVER);
}

mono_us stream_deadline(const struct node *n)
{
    mono_us at = NEVER;
    for (size_t i = 0; n->streams->used_n > 0 && i < ARRAY_LEN(n->streams->at); i++)
        at = time_min(at, due_at(n, &n->streams->at[i]));
    return at;
}

/* ---- outputs ---- */

struct streams *streams_new(struct arena *arena)
{
    struct streams *t = arena_take(arena, 1, sizeof *t);
    if (t == NULL)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(t->at); i++) {
        t->at[i].answer = arena_take(arena, STREAM_RANGES_MAX, sizeof *t->at[i].answer);
        if (t->at[i].answer == NULL)
            return NULL;
    }
    return t;
}

static bool poll_refused(struct streams *t, struct node_out *out)
{
    if (t->refused_n == 0)
        return false;
    *out = (struct node_out){.kind = NODE_OUT_HANGUP, .conn = t->refused[--t->refused_n]};
    return true;
}

bool stream_poll(struct node *n, mono_us now, struct node_out *out)
{
    if (poll_refused(n->streams, out))
        return true;
    for (size_t i = 0; n->streams->used_n > 0 && i < ARRAY_LEN(n->streams->at); i++) {
        struct stream *s = &n->streams->at[i];
        if (!s->used)
            continue;
        if (s->hangup) {
            *out = (struct node_out){.kind = NODE_OUT_HANGUP, .conn = s->conn};
            release(n->streams, s);
            return true;
        }
        if (s->connect_due) {
            s->connect_due = false;
            *out = (struct node_out){.kind = NODE_OUT_CONNECT, .conn = s->conn, .to = s->addr};
            return true;
        }
        if (s->up && stream_say(n, now, s, out)) {
            finish_if_done(n, now, s);
            return true;
        }
    }
    return false;
}
