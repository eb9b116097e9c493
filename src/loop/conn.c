#include "loop/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "loop/batch.h"
#include "loop/clock.h"
#include "loop/request.h"
#include "loop/worker.h"

#define FRAME_LONG  (WORKER_IN_LEN / 2) /* longer frames are read into memory of their own */
#define DISCARD_MAX 4                   /* reads of what nobody wants before a close */

static void on_conn(struct ev_loop *ev, ev_io *io, int revents);

/* ---- closing ---- */

/** Unread input would turn the close into a reset, and the last reply with it. */
static void discard_input(struct conn *c)
{
    shutdown(c->io.fd, SHUT_WR);
    for (int i = 0; i < DISCARD_MAX; i++) {
        if (recv(c->io.fd, c->worker->in, WORKER_IN_LEN, MSG_DONTWAIT) <= 0)
            return;
    }
}

static void leave_waiting(struct conn *c)
{
    if (c->waits)
        LIST_REMOVE(c, waiting);
    c->waits = false;
}

static void leave_stuck(struct conn *c)
{
    if (c->is_stuck)
        LIST_REMOVE(c, stuck);
    c->is_stuck = false;
}

static void drop_filters(struct conn *c)
{
    if (c->filters == NULL)
        return;
    filters_clear(c->filters);
    free(c->filters);
    c->filters = NULL;
    LIST_REMOVE(c, subscribing);
    atomic_fetch_sub(&c->worker->subscribers, 1);
}

static void close_conn(struct conn *c)
{
    struct worker *w = c->worker;
    if (c->closed)
        return;
    c->closed = true;
    discard_input(c);
    ev_io_stop(w->ev, &c->io);
    close(c->io.fd);
    leave_waiting(c);
    leave_stuck(c);
    drop_filters(c);
    command_gone(&w->world->ctx, &c->claims, (uintptr_t)c);
    free(c->kept);
    c->kept = NULL;
    outbuf_fini(&c->out);
    atomic_fetch_sub(&w->world->connections, 1);
}

void conn_give_up(struct conn *c)
{
    worker_count(&c->worker->counters.closed_slow, 1);
    c->ending = true;
    outbuf_fini(&c->out);
}

void conn_free(struct conn *c)
{
    LIST_REMOVE(c, all);
    free(c);
}

void conn_end(struct conn *c)
{
    if (!c->closed)
        (void)outbuf_flush(&c->out, c->io.fd);
    close_conn(c);
    if (c->owed == 0)
        conn_free(c);
}

bool conn_is_slow(const struct conn *c, mono_us now)
{
    return c->is_stuck && now - c->progress_at > CONN_PROGRESS_US;
}

/* ---- output ---- */

static void flush(struct conn *c)
{
    const size_t before = outbuf_len(&c->out);
    const enum outbuf_state state = outbuf_flush(&c->out, c->io.fd);
    const size_t sent = before - outbuf_len(&c->out);
    worker_count(&c->worker->counters.bytes_out, sent);
    if (state == OUTBUF_BROKEN) {
        close_conn(c);
        return;
    }
    if (sent > 0 || !c->is_stuck)
        c->progress_at = clock_now();
    if (state == OUTBUF_EMPTY) {
        leave_stuck(c);
    } else if (!c->is_stuck) {
        c->is_stuck = true;
        LIST_INSERT_HEAD(&c->worker->stuck, c, stuck);
    }
}

/** Most connections are idle most of the time: memory for output goes from one to the next. */
static void hand_memory_on(struct conn *c)
{
    struct worker *w = c->worker;
    if (c->out.at == NULL || outbuf_len(&c->out) > 0)
        return;
    if (w->spare == NULL && c->out.cap <= WORKER_SPARE_MAX)
        w->spare = outbuf_give(&c->out, &w->spare_cap);
    else
        outbuf_fini(&c->out);
}

static void watch(struct conn *c)
{
    const bool reads = !c->paused && !c->ending;
    /* Paused with nothing left to send: go on in the next turn, others first. */
    const bool writes = outbuf_len(&c->out) > 0 || (c->paused && !c->waits);
    const int events = (reads ? EV_READ : 0) | (writes ? EV_WRITE : 0);
    if (ev_is_active(&c->io) && c->io.events == events)
        return;
    ev_io_stop(c->worker->ev, &c->io);
    if (events == 0)
        return;
    ev_io_set(&c->io, c->io.fd, events);
    ev_io_start(c->worker->ev, &c->io);
}

void conn_finish(struct conn *c)
{
    if (!c->closed && outbuf_len(&c->out) > 0)
        flush(c);
    if (!c->closed && c->ending && c->owed == 0 && outbuf_len(&c->out) == 0)
        close_conn(c);
    if (c->closed) {
        if (c->owed == 0)
            conn_free(c);
        return;
    }
    hand_memory_on(c);
    watch(c);
}

/* ---- input ---- */

/** Keep what was not used: a frame that is not whole yet, or what a paused connection sent. */
static void keep(struct conn *c, struct slice rest, size_t need)
{
    const size_t cap = need > FRAME_LONG && need > rest.len ? need : rest.len;
    assert(c->kept == NULL);
    if (c->closed || c->ending || rest.len == 0)
        return;
    c->kept = malloc(cap);
    if (c->kept == NULL) {
        close_conn(c);
        return;
    }
    memcpy(c->kept, rest.at, rest.len);
    c->kept_len = rest.len;
    c->kept_need = need;
}

/** Much output waits: send it now; what the client does not take stops the reading. */
static void mind_output(struct conn *c)
{
    if (c->closed || outbuf_len(&c->out) < CONN_OUT_HIGH)
        return;
    flush(c);
    c->paused = !c->closed && outbuf_len(&c->out) >= CONN_OUT_LOW;
}

static bool may_go_on(const struct conn *c)
{
    return !c->closed && !c->ending && !c->paused;
}

/** Carry out one request. false: it has to wait, and was not used. */
static bool run_one(struct conn *c, const struct command_call *call, const struct batch_one *one)
{
    if (!one->is_plain)
        return request_run(c, call->now, one->frame);
    request_run_plain(c, call, &one->plain);
    return true;
}

/** Carry a batch out in its order, as long as c may go on. Returns: the end of what was used. */
static const uint8_t *run_batch(struct conn *c, mono_us now, const struct batch *b,
                                const uint8_t *begin)
{
    const struct command_call call = {.now = now, .caller = (uintptr_t)c, .claims = &c->claims};
    for (size_t i = 0; i < b->n && may_go_on(c); i++) {
        const struct batch_one *one = &b->all[i];
        if (!run_one(c, &call, one))
            break;
        begin += one->len;
        mind_output(c);
    }
    return begin;
}

/** Carry out every whole frame of bytes, as long as c may go on; keep the rest. */
static void use_input(struct conn *c, struct slice bytes)
{
    const mono_us now = clock_now(); /* after the read: rule TH6 */
    struct batch *b = &c->worker->batch;
    size_t need = 0;
    while (may_go_on(c) && bytes.len > 0 && need == 0) {
        batch_fill(b, &c->worker->world->ctx, c->worker->codec, bytes);
        const uint8_t *used = run_batch(c, now, b, bytes.at);
        bytes = slice_of(used, bytes.len - (size_t)(used - bytes.at));
        if (!may_go_on(c) || b->err == OK)
            continue;
        if (b->err != ERR_SHORT)
            request_refuse(c, &b->fault);
        need = b->need;
    }
    keep(c, bytes, need);
}

/** What was kept, taken out of c; the caller frees it. */
static struct slice take_kept(struct conn *c)
{
    const struct slice kept = {.at = c->kept, .len = c->kept_len};
    c->kept = NULL;
    c->kept_len = c->kept_need = 0;
    return kept;
}

static bool has_read(struct conn *c, ssize_t n)
{
    if (n > 0) {
        worker_count(&c->worker->counters.bytes_in, (uint64_t)n);
        return true;
    }
    if (n == 0)
        c->ending = true; /* it may still read what it asked for */
    else if (errno != EAGAIN && errno != EINTR)
        close_conn(c);
    return false;
}

/** A long frame goes straight into memory of its own. */
static void read_long(struct conn *c)
{
    const ssize_t n = recv(c->io.fd, c->kept + c->kept_len, c->kept_need - c->kept_len, 0);
    if (!has_read(c, n))
        return;
    c->kept_len += (size_t)n;
    if (c->kept_len < c->kept_need)
        return;
    const struct slice whole = take_kept(c);
    use_input(c, whole);
    free((void *)whole.at);
}

/** Read once, behind what was kept; a short read means that there is no more for now. */
static void read_short(struct conn *c)
{
    uint8_t *in = c->worker->in;
    const size_t kept_len = c->kept_len;
    const ssize_t n = recv(c->io.fd, in + kept_len, WORKER_IN_LEN - kept_len, 0);
    if (!has_read(c, n))
        return;
    const struct slice kept = take_kept(c);
    if (kept.at != NULL)
        memcpy(in, kept.at, kept.len);
    free((void *)kept.at);
    use_input(c, slice_of(in, kept_len + (size_t)n));
}

/** Use what was kept when reading stopped, then read on. */
static void go_on(struct conn *c)
{
    c->paused = false;
    if (c->kept == NULL)
        return;
    const struct slice kept = take_kept(c);
    use_input(c, kept);
    free((void *)kept.at);
}

void conn_resume(struct conn *c)
{
    leave_waiting(c);
    if (!c->closed)
        go_on(c);
    conn_finish(c);
}

static void on_conn(struct ev_loop *ev, ev_io *io, int revents)
{
    struct conn *c = io->data;
    (void)ev;
    if ((revents & EV_WRITE) != 0 && outbuf_len(&c->out) > 0)
        flush(c);
    if (!c->closed && c->paused && !c->waits && outbuf_len(&c->out) < CONN_OUT_LOW)
        go_on(c);
    else if (!c->closed && !c->paused && !c->ending && (revents & EV_READ) != 0) {
        if (c->kept_need > FRAME_LONG)
            read_long(c);
        else
            read_short(c);
    }
    conn_finish(c);
}

/* ---- what comes from control ---- */

void conn_answer(struct conn *c, struct ticket *t)
{
    c->owed--;
    if (!c->closed && !request_answer(c, t))
        conn_give_up(c);
    ticket_free(t);
    conn_finish(c);
}

void conn_push(struct conn *c, const struct push *p)
{
    static const struct slice none;
    if (c->closed || c->ending || (p != NULL && !filters_want(c->filters, p)))
        return;
    uint8_t *room = outbuf_reserve(&c->out, SUBSCRIBE_PUSH_ROOM);
    if (room == NULL) {
        conn_give_up(c);
        return;
    }
    struct writer w = writer_of(room, SUBSCRIBE_PUSH_ROOM);
    if (p == NULL)
        client_push_invalidated(&w, none, SCOPE_ALL, none, none);
    else
        client_push_invalidated(&w, p->ns, p->scope, p->target,
                                slice_of(p->stamp, p->has_stamp ? STAMP_LEN : 0));
    assert(w.err == OK);
    outbuf_commit(&c->out, w.len);
    worker_count(&c->worker->counters.pushes, 1);
}

/* ---- opening ---- */

struct conn *conn_new(struct worker *w, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    const int on = 1;
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    c->worker = w;
    outbuf_init(&c->out, CONN_OUT_MAX + command_room_max(&w->world->ctx));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ev_io_init(&c->io, on_conn, fd, EV_READ);
    c->io.data = c;
    ev_io_start(w->ev, &c->io);
    LIST_INSERT_HEAD(&w->conns, c, all);
    atomic_fetch_add(&w->world->connections, 1);
    return c;
}
