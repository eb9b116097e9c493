#include "loop/tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "loop/address.h"
#include "loop/outbuf.h"
#include "node/node.h"
#include "seal/packet.h"
#include "wire/stream.h"

#define HEAD_LEN    4
#define IN_CAP      (HEAD_LEN + STREAM_FRAME_MAX)
#define EV_PRIORITY 1

enum stream_state {
    STREAM_FREE,
    STREAM_CONNECTING,
    STREAM_OPEN,
    STREAM_FLUSHING /* the node hung up: send the rest, then close */
};

struct stream {
    struct tcp *tcp;
    enum stream_state state;
    uint32_t conn;
    struct addr peer;
    ev_io io;
    ev_timer limit; /* of connecting, or of standing still */
    uint8_t *in;    /* IN_CAP bytes */
    size_t in_len;
    struct outbuf out;
};

struct tcp {
    struct ev_loop *ev;
    ev_io accept;
    struct tcp_events events;
    struct tcp_counters counters;
    uint32_t inbound; /* of the last accepted stream */
    struct stream streams[TCP_STREAMS_MAX];
};

static void on_stream(struct ev_loop *ev, ev_io *io, int revents);
static void on_limit(struct ev_loop *ev, ev_timer *timer, int revents);

static struct stream *find_stream(struct tcp *t, uint32_t conn)
{
    for (size_t i = 0; i < TCP_STREAMS_MAX; i++) {
        struct stream *s = &t->streams[i];
        if (s->conn == conn && (s->state == STREAM_CONNECTING || s->state == STREAM_OPEN))
            return s;
    }
    return NULL;
}

static struct stream *find_free(struct tcp *t)
{
    for (size_t i = 0; i < TCP_STREAMS_MAX; i++) {
        if (t->streams[i].state == STREAM_FREE)
            return &t->streams[i];
    }
    return NULL;
}

static void release(struct stream *s)
{
    struct tcp *t = s->tcp;
    ev_io_stop(t->ev, &s->io);
    ev_timer_stop(t->ev, &s->limit);
    close(s->io.fd);
    free(s->in);
    outbuf_fini(&s->out);
    *s = (struct stream){.state = STREAM_FREE};
}

/** Close s; the node hears of it unless it hung up itself. */
static void end_stream(struct stream *s)
{
    struct tcp *t = s->tcp;
    const uint32_t conn = s->conn;
    const bool told = s->state == STREAM_FLUSHING;
    release(s);
    if (!told)
        t->events.down(t->events.ctx, conn);
}

static void watch(struct stream *s, int events)
{
    struct tcp *t = s->tcp;
    if (ev_is_active(&s->io) && s->io.events == events)
        return;
    ev_io_stop(t->ev, &s->io);
    ev_io_set(&s->io, s->io.fd, events);
    ev_io_start(t->ev, &s->io);
}

/** What a stream waits for, by its state and by what it has to send. */
static void watch_as_needed(struct stream *s)
{
    const int out = outbuf_len(&s->out) > 0 ? EV_WRITE : 0;
    if (s->state == STREAM_CONNECTING)
        watch(s, EV_WRITE);
    else
        watch(s, EV_READ | out);
}

static void limit_to(struct stream *s, uint32_t ms)
{
    ev_now_update(s->tcp->ev);
    s->limit.repeat = (double)ms / 1000.0;
    ev_timer_again(s->tcp->ev, &s->limit);
}

/** Put fd, which is taken, into a free slot; NULL = none free or no memory, and fd is closed. */
static struct stream *take_slot(struct tcp *t, int fd)
{
    struct stream *s = find_free(t);
    uint8_t *in = s == NULL ? NULL : malloc(IN_CAP);
    const int on = 1;
    if (in == NULL) {
        t->counters.refused++;
        close(fd);
        return NULL;
    }
    *s = (struct stream){.tcp = t, .in = in};
    outbuf_init(&s->out, TCP_OUT_MAX);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ev_io_init(&s->io, on_stream, fd, 0);
    ev_set_priority(&s->io, EV_PRIORITY);
    s->io.data = s;
    ev_timer_init(&s->limit, on_limit, 0., 0.);
    s->limit.data = s;
    return s;
}

/* ---- sending ---- */

/** Send what the system takes. false: the stream ended. */
static bool flush(struct stream *s)
{
    const enum outbuf_state state = outbuf_flush(&s->out, s->io.fd);
    const bool over = state == OUTBUF_EMPTY && s->state == STREAM_FLUSHING;
    if (state == OUTBUF_BROKEN || over) {
        end_stream(s);
        return false;
    }
    watch_as_needed(s);
    return true;
}

void tcp_send(struct tcp *t, uint32_t conn, struct slice bytes)
{
    struct stream *s = find_stream(t, conn);
    assert(bytes.len <= STREAM_FRAME_MAX);
    if (s == NULL)
        return;
    uint8_t *room = outbuf_reserve(&s->out, HEAD_LEN + bytes.len);
    if (room == NULL) {
        t->counters.overflows++;
        end_stream(s);
        return;
    }
    struct writer w = writer_of(room, HEAD_LEN + bytes.len);
    write_u32(&w, (uint32_t)bytes.len);
    write_bytes(&w, bytes);
    outbuf_commit(&s->out, w.len);
    t->counters.frames_out++;
    if (s->state == STREAM_OPEN)
        (void)flush(s);
}

void tcp_hangup(struct tcp *t, uint32_t conn)
{
    struct stream *s = find_stream(t, conn);
    if (s == NULL)
        return;
    const bool nothing_to_say = s->state == STREAM_CONNECTING || outbuf_len(&s->out) == 0;
    s->state = STREAM_FLUSHING;
    if (nothing_to_say)
        end_stream(s);
    else
        (void)flush(s);
}

/* ---- receiving ---- */

/** Is the frame that begins at `at` of the input whole? *len = its length without the head. No packet is
 *  shorter than what seals it, which also bounds the frames of one read. */
static bool whole_frame(struct stream *s, size_t at, uint32_t *len, bool *bad)
{
    struct reader r = reader_of(slice_of(s->in + at, s->in_len - at));
    *len = read_u32(&r);
    *bad = r.err == OK && (*len > STREAM_FRAME_MAX || *len < PACKET_OVERHEAD);
    return r.err == OK && !*bad && r.rest.len >= *len;
}

/** Give every whole frame to the node and keep the rest. false: a frame has a wrong length. */
static bool give_frames(struct stream *s)
{
    struct tcp *t = s->tcp;
    uint32_t len = 0;
    size_t at = 0;
    bool bad = false;
    while (whole_frame(s, at, &len, &bad)) {
        t->counters.frames_in++;
        t->events.frame(t->events.ctx, s->conn, slice_of(s->in + at + HEAD_LEN, len));
        at += HEAD_LEN + len;
    }
    memmove(s->in, s->in + at, s->in_len - at);
    s->in_len -= at;
    t->counters.bad_frames += bad;
    return !bad;
}

static void read_some(struct stream *s)
{
    const ssize_t n = recv(s->io.fd, s->in + s->in_len, IN_CAP - s->in_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_stream(s);
        return;
    }
    limit_to(s, TCP_PROGRESS_MS);
    s->in_len += (size_t)n;
    if (s->state == STREAM_FLUSHING)
        s->in_len = 0; /* the node wants no more of it */
    else if (!give_frames(s))
        end_stream(s);
}

/* ---- opening ---- */

static void come_up(struct stream *s)
{
    struct tcp *t = s->tcp;
    s->state = STREAM_OPEN;
    limit_to(s, TCP_PROGRESS_MS);
    watch_as_needed(s);
    t->events.up(t->events.ctx, s->conn, &s->peer);
}

static void finish_connect(struct stream *s)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err != 0) {
        s->tcp->counters.failed++;
        end_stream(s);
        return;
    }
    s->tcp->counters.connected++;
    come_up(s);
}

void tcp_connect(struct tcp *t, uint32_t conn, const struct addr *to)
{
    const struct addr peer = *to; /* the node's; `down` would let it go */
    struct address_sock sock;
    const int family = address_family(&peer);
    const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct stream *s = fd < 0 ? NULL : take_slot(t, fd);
    if (s == NULL) {
        t->counters.failed++;
        t->events.down(t->events.ctx, conn);
        return;
    }
    s->state = STREAM_CONNECTING;
    s->conn = conn;
    s->peer = peer;
    if (address_to_sock(&peer, family, &sock) != OK ||
        (connect(fd, (const struct sockaddr *)&sock.at, sock.len) != 0 && errno != EINPROGRESS)) {
        t->counters.failed++;
        end_stream(s);
        return;
    }
    watch_as_needed(s);
    limit_to(s, TCP_CONNECT_MS);
}

static void on_accept(struct ev_loop *ev, ev_io *io, int revents)
{
    struct tcp *t = io->data;
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof from;
    (void)ev;
    (void)revents;
    const int fd = accept4(io->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct stream *s = fd < 0 ? NULL : take_slot(t, fd);
    if (s == NULL)
        return;
    t->counters.accepted++;
    t->inbound = (t->inbound + 1) & ~NODE_INBOUND;
    s->conn = t->inbound | NODE_INBOUND;
    s->peer = address_of_sock(&from);
    come_up(s);
    t->events.batch_end(t->events.ctx);
}

/* ---- watchers ---- */

static void on_stream(struct ev_loop *ev, ev_io *io, int revents)
{
    struct stream *s = io->data;
    struct tcp *t = s->tcp;
    (void)ev;
    if (s->state == STREAM_CONNECTING) {
        finish_connect(s);
    } else if ((revents & EV_WRITE) == 0 || outbuf_len(&s->out) == 0 || flush(s)) {
        if (revents & EV_WRITE)
            limit_to(s, TCP_PROGRESS_MS);
        if (revents & EV_READ)
            read_some(s);
    }
    t->events.batch_end(t->events.ctx);
}

static void on_limit(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct stream *s = timer->data;
    struct tcp *t = s->tcp;
    (void)ev;
    (void)revents;
    t->counters.failed++;
    end_stream(s);
    t->events.batch_end(t->events.ctx);
}

/* ---- life ---- */

struct tcp *tcp_new(struct ev_loop *ev, int listen_fd, const struct tcp_events *events)
{
    struct tcp *t = calloc(1, sizeof *t);
    if (t == NULL) {
        close(listen_fd);
        return NULL;
    }
    t->ev = ev;
    t->events = *events;
    ev_io_init(&t->accept, on_accept, listen_fd, EV_READ);
    ev_set_priority(&t->accept, EV_PRIORITY);
    t->accept.data = t;
    ev_io_start(ev, &t->accept);
    return t;
}

void tcp_free(struct tcp *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < TCP_STREAMS_MAX; i++) {
        if (t->streams[i].state != STREAM_FREE)
            release(&t->streams[i]);
    }
    ev_io_stop(t->ev, &t->accept);
    close(t->accept.fd);
    free(t);
}

struct tcp_counters tcp_counters(const struct tcp *t)
{
    return t->counters;
}
