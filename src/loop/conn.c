#include "loop/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "loop/auth.h"
#include "loop/batch.h"
#include "loop/clock.h"
#include "loop/hungry.h"
#include "loop/request.h"
#include "loop/tally.h"
#include "loop/worker.h"

#define DISCARD_MAX 4 /* reads of what nobody wants before a close */

static_assert(KEPT_LONG + TUNNEL_RECORD_MAX + WORKER_GATHER_LEN < WORKER_IN_LEN,
              "what was kept of a frame that is not long fits behind what others sent, and more");

static void on_conn(struct ev_loop *ev, ev_io *io, int revents);

/* ---- closing ---- */

/** Unread input would turn the close into a reset, and the last reply with it. */
static void discard_input(struct conn *c)
{
    shutdown(c->io.fd, SHUT_WR);
    for (int i = 0; i < DISCARD_MAX; i++) {
        if (recv(c->io.fd, NULL, WORKER_IN_LEN, MSG_DONTWAIT | MSG_TRUNC) <= 0)
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

static void leave_arrived(struct conn *c)
{
    if (c->arrived)
        TAILQ_REMOVE(&c->worker->arrived, c, arrival);
    c->arrived = false;
}

static void leave_answered(struct conn *c)
{
    if (c->answered)
        TAILQ_REMOVE(&c->worker->answered, c, arrival);
    c->answered = false;
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

static void uncount(struct worker *w, bool displaced)
{
    atomic_fetch_sub(&w->load, 1);
    if (!displaced)
        atomic_fetch_sub(&w->world->connections, 1);
}

/** Tell all others how much output of c waits now. */
static void count_output(struct conn *c)
{
    const size_t n = outbuf_len(&c->out) + (c->sealed == NULL ? 0 : sealed_waiting(c->sealed));
    if (n == c->out_counted)
        return;
    atomic_fetch_add(&c->worker->world->out_waiting,
                     (uint64_t)n - c->out_counted); /* modulo 2^64 */
    c->out_counted = n;
}

static void close_conn(struct conn *c)
{
    struct worker *w = c->worker;
    if (c->closed)
        return;
    c->closed = true;
    discard_input(c);
    ev_io_stop(w->ev, &c->io);
    auth_forget(c); /* while its descriptor is nobody else's */
    close(c->io.fd);
    leave_waiting(c);
    leave_stuck(c);
    leave_arrived(c);
    leave_answered(c);
    hungry_leave(c);
    drop_filters(c);
    command_gone(&w->world->ctx, &c->claims, (uintptr_t)c);
    kept_drop(&c->kept, &w->world->kept);
    outbuf_fini(&c->out);
    sealed_free(c->sealed, &w->world->kept);
    c->sealed = NULL;
    count_output(c);
    uncount(w, c->displaced);
}

void conn_give_up(struct conn *c)
{
    worker_count(&c->worker->counters.closed_slow, 1);
    c->ending = c->given_up = true;
    outbuf_fini(&c->out);
    if (c->sealed != NULL)
        sealed_forget(c->sealed);
    count_output(c);
}

void conn_free(struct conn *c)
{
    LIST_REMOVE(c, all);
    free(c);
}

/** Send what the system takes. *sent: bytes that went. */
static enum outbuf_state send_waiting(struct conn *c, size_t *sent)
{
    if (c->sealed != NULL)
        return sealed_flush(c->sealed, &c->out, c->io.fd, sent);
    const size_t before = outbuf_len(&c->out);
    const enum outbuf_state state = outbuf_flush(&c->out, c->io.fd);
    *sent = before - outbuf_len(&c->out);
    return state;
}

void conn_end(struct conn *c)
{
    size_t sent;
    if (!c->closed)
        (void)send_waiting(c, &sent);
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
    size_t sent;
    tally_tell(c->worker); /* who has read an answer finds it counted */
    const enum outbuf_state state = send_waiting(c, &sent);
    worker_count(&c->worker->counters.bytes_out, sent);
    count_output(c);
    if (state == OUTBUF_BROKEN) {
        close_conn(c);
        return;
    }
    if (state == OUTBUF_EMPTY) {
        leave_stuck(c);
        return;
    }
    if (atomic_load(&c->worker->world->out_waiting) > c->worker->world->out_max) {
        close_conn(c);
        worker_count(&c->worker->counters.out_full, 1);
        return;
    }
    if (sent > 0 || !c->is_stuck)
        c->progress_at = clock_now();
    if (!c->is_stuck) {
        c->is_stuck = true;
        LIST_INSERT_HEAD(&c->worker->stuck, c, stuck);
    }
}

static void watch(struct conn *c)
{
    const bool reads = !c->paused && !c->ending && !c->hungry;
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
    if (!c->closed && c->ending && (c->given_up || c->owed == 0) && outbuf_len(&c->out) == 0)
        close_conn(c);
    if (c->closed) {
        if (c->owed == 0)
            conn_free(c);
        return;
    }
    if (outbuf_len(&c->out) == 0)
        spares_keep(&c->worker->spares, &c->out);
    watch(c);
}

/* ---- input ---- */

/** All keep more than they may: the largest of this worker's have to go. */
static void shed_kept(struct conn *c)
{
    struct worker *w = c->worker;
    while (!c->closed && kept_room_is_over(&w->world->kept)) {
        struct conn *largest = hungry_largest(w);
        if (largest == NULL)
            return; /* others have more */
        worker_count(&w->counters.in_full, 1);
        if (largest == c)
            close_conn(c);
        else
            conn_end(largest);
    }
}

/** Keep what was not used: a frame that is not whole yet, or what a paused connection sent. */
static void keep(struct conn *c, struct slice rest, size_t need)
{
    if (c->closed || c->ending || rest.len == 0)
        return;
    if (!kept_put(&c->kept, &c->worker->world->kept, rest, need)) {
        close_conn(c);
        return;
    }
    if (c->begun == 0 && need > 0)
        c->begun = clock_now();
    shed_kept(c);
    hungry_add(c);
}

/** The output of one connection at which it is not read any more: less when all together have much. */
static size_t out_high(const struct worker_world *world)
{
    const uint64_t all = atomic_load_explicit(&world->out_waiting, memory_order_relaxed);
    return all > world->out_max / 2 ? CONN_OUT_TIGHT : CONN_OUT_HIGH;
}

/** Much output waits: send it now; what the client does not take stops the reading. */
static void mind_output(struct conn *c)
{
    const size_t high = out_high(c->worker->world);
    if (c->closed || outbuf_len(&c->out) < high)
        return;
    flush(c);
    c->paused = !c->closed && outbuf_len(&c->out) >= high / 2;
}

static bool may_go_on(const struct conn *c)
{
    return !c->closed && !c->ending && !c->paused;
}

static bool may(const struct conn *c, const struct client_plain *plain)
{
    return (c->rights & (plain->op == OP_GET ? RIGHT_READ : RIGHT_WRITE)) != 0;
}

/** Carry out one request. false: it has to wait, and was not used. */
static bool run_one(struct conn *c, const struct command_call *call, const struct batch_one *one)
{
    /* A plain one that is not permitted is refused as any other. */
    if (!one->is_plain || !may(c, &one->plain.request))
        return request_run(c, call->now, one->frame);
    request_run_plain(c, call, &one->plain);
    return true;
}

/** Carry out what c has of the worker's batch, as long as c may go on. */
static void run_share(struct conn *c, mono_us now)
{
    if (auth_is_open(c)) {
        auth_hear(c, now);
        mind_output(c);
    }
    const struct command_call call = {
        .now = now, .caller = (uintptr_t)c, .claims = &c->claims, .said = &c->worker->said};
    for (size_t i = 0; i < c->share_n && may_go_on(c); i++) {
        const struct batch_one *one = &c->worker->batch.all[c->share_i + i];
        if (!run_one(c, &call, one))
            return;
        c->input = slice_of(c->input.at + one->len, c->input.len - one->len);
        c->begun = 0;
        mind_output(c);
    }
}

/** Behind what c was able to carry out. false: there are more whole frames. */
static bool end_input(struct conn *c)
{
    struct client_fault fault;
    struct slice frame;
    size_t need = 0;
    if (may_go_on(c) && c->input.len > 0) {
        const enum err err = client_frame(c->worker->codec, c->input, &frame, &need, &fault);
        if (err == OK)
            return false;
        if (err != ERR_SHORT)
            request_refuse(c, &fault);
    }
    keep(c, c->input, need);
    return true;
}

static void add_share(struct conn *c)
{
    struct worker *w = c->worker;
    c->share_i = w->batch.n;
    c->share_n = 0;
    if (!auth_is_open(c))
        c->share_n = batch_add(&w->batch, &w->world->ctx, w->codec, c->input);
}

/** Carry out every whole frame of bytes, as long as c may go on; keep the rest. */
static void use_input(struct conn *c, struct slice bytes)
{
    const mono_us now = clock_now(); /* after the read: rule TH6 */
    c->input = bytes;
    do {
        c->worker->batch.n = 0;
        add_share(c);
        batch_hint(&c->worker->batch);
        run_share(c, now);
    } while (!end_input(c));
}

/** Send the replies of those whose input was used. */
static void send_answers(struct worker *w)
{
    for (struct conn *c = TAILQ_FIRST(&w->answered), *next; c != NULL; c = next) {
        next = TAILQ_NEXT(c, arrival);
        leave_answered(c);
        conn_finish(c);
    }
    w->answers_len = 0;
}

/** All of c's input was used. Its replies leave when those of the others do: a client that was woken by
 *  the first is still awake for the next, and to wake one costs more than some requests. */
static void await_others(struct conn *c)
{
    struct worker *w = c->worker;
    leave_arrived(c);
    if (c->closed) {
        conn_finish(c);
        return;
    }
    c->answered = true;
    TAILQ_INSERT_TAIL(&w->answered, c, arrival);
    w->answers_len += outbuf_len(&c->out);
    if (w->answers_len >= WORKER_ANSWERS_LEN)
        send_answers(w);
}

/** Take apart the next requests of all who have some, and then carry them out. Only the last share may
 *  leave requests behind: the batch was full. */
static void use_batch(struct worker *w, mono_us now)
{
    struct conn *c;
    size_t shares = 0;
    w->batch.n = 0;
    TAILQ_FOREACH(c, &w->arrived, arrival)
    {
        if (w->batch.n == BATCH_MAX)
            break;
        add_share(c);
        shares++;
    }
    batch_hint(&w->batch);
    for (; shares > 0; shares--) {
        c = TAILQ_FIRST(&w->arrived);
        run_share(c, now);
        if (!end_input(c))
            break;
        await_others(c);
    }
}

void conn_use_arrived(struct worker *w)
{
    if (TAILQ_EMPTY(&w->arrived))
        return;
    const mono_us now = clock_now(); /* after the reads: rule TH6 */
    while (!TAILQ_EMPTY(&w->arrived))
        use_batch(w, now);
    w->in_used = 0;
    send_answers(w);
}

/** What was kept, taken out of c; the caller frees it. */
static struct slice take_kept(struct conn *c)
{
    return kept_take(&c->kept, &c->worker->world->kept);
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

/** Open what was read to text; at as for sealed_open(). false: c is closed. */
static bool open_records(struct conn *c, uint8_t *at, size_t n, size_t *text_len)
{
    struct worker *w = c->worker;
    const enum err err = sealed_open(c->sealed, &w->world->kept, at, n, text_len);
    if (err != OK) {
        worker_count(&w->counters.sealed_refused, err != ERR_FULL);
        close_conn(c);
        return false;
    }
    if (sealed_kept(c->sealed) > 0)
        shed_kept(c);
    return !c->closed;
}

void conn_seal(struct conn *c, const struct tunnel *keys)
{
    uint8_t *at = (uint8_t *)c->input.at; /* it was read into memory of ours */
    size_t text_len;
    c->sealed = sealed_new(keys, &c->out);
    if (c->sealed == NULL)
        close_conn(c);
    else if (c->input.len > 0 && open_records(c, at, c->input.len, &text_len))
        c->input = slice_of(at, text_len);
}

/** Read once. *len: bytes of text at `at`. false: there are none. */
static bool read_text(struct conn *c, uint8_t *at, size_t room, size_t *len)
{
    const size_t before = c->sealed == NULL ? 0 : sealed_kept(c->sealed);
    const ssize_t n = recv(c->io.fd, at + before, room - before, 0);
    if (!has_read(c, n))
        return false;
    *len = (size_t)n;
    return c->sealed == NULL || (open_records(c, at, (size_t)n, len) && *len > 0);
}

/** A long frame is whole; rest was read with it. */
static void use_long(struct conn *c, struct slice rest)
{
    const struct slice all = kept_join(take_kept(c), rest);
    if (all.at == NULL) {
        close_conn(c);
        return;
    }
    use_input(c, all);
    free((void *)all.at);
}

/** The end of a record may lie behind that of the frame: so records are opened beside it. */
static void read_long_sealed(struct conn *c)
{
    struct worker *w = c->worker;
    struct kept *k = &c->kept;
    uint8_t *in = w->in + w->in_used;
    size_t len;
    if (!read_text(c, in, WORKER_IN_LEN - w->in_used, &len))
        return;
    const size_t wanted = k->need - k->len < len ? k->need - k->len : len;
    memcpy(k->at + k->len, in, wanted);
    k->len += wanted;
    if (k->len == k->need)
        use_long(c, slice_of(in + wanted, len - wanted));
}

/** A long frame goes straight into memory of its own. */
static void read_long(struct conn *c)
{
    struct kept *k = &c->kept;
    if (c->sealed != NULL) {
        read_long_sealed(c);
        return;
    }
    const ssize_t n = recv(c->io.fd, k->at + k->len, k->need - k->len, 0);
    if (!has_read(c, n))
        return;
    k->len += (size_t)n;
    if (k->len == k->need)
        use_long(c, (struct slice){0});
}

/** Read once, behind what was kept; a short read means that there is no more for now. What was read is
 *  used with what others sent. false: there is nothing to use. */
static bool read_short(struct conn *c)
{
    struct worker *w = c->worker;
    uint8_t *in = w->in + w->in_used;
    const size_t kept_len = c->kept.len;
    size_t len;
    assert(!c->arrived && kept_len + TUNNEL_RECORD_MAX < WORKER_IN_LEN - w->in_used);
    if (!read_text(c, in + kept_len, WORKER_IN_LEN - w->in_used - kept_len, &len))
        return false;
    const struct slice kept = take_kept(c);
    if (kept.at != NULL)
        memcpy(in, kept.at, kept.len);
    free((void *)kept.at);
    c->input = slice_of(in, kept_len + len);
    c->arrived = true;
    TAILQ_INSERT_TAIL(&w->arrived, c, arrival);
    w->in_used += c->input.len;
    if (w->in_used >= WORKER_GATHER_LEN)
        conn_use_arrived(w);
    return true;
}

/** Use what was kept when reading stopped, then read on. */
static void go_on(struct conn *c)
{
    c->paused = false;
    if (c->kept.at == NULL)
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
        if (kept_is_long(&c->kept))
            read_long(c);
        else if (read_short(c))
            return; /* it is finished when its input was used, and may be gone already */
    }
    conn_finish(c);
}

/* ---- opening ---- */

struct conn *conn_new(struct worker *w, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    const int on = 1;
    if (c == NULL) {
        close(fd);
        uncount(w, false);
        return NULL;
    }
    c->worker = w;
    outbuf_init(&c->out, CONN_OUT_MAX + command_room_max(&w->world->ctx));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ev_io_init(&c->io, on_conn, fd, EV_READ);
    c->io.data = c;
    ev_io_start(w->ev, &c->io);
    LIST_INSERT_HEAD(&w->conns, c, all);
    if (auth_meet(c))
        return c;
    conn_finish(c);
    return NULL;
}
