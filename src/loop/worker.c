#include "loop/worker.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/accept.h"
#include "loop/clock.h"
#include "loop/hungry.h"
#include "loop/tally.h"

#define CODEC_MEMORY (1U << 20) /* to begin with; doubled until it fits */
#define CODEC_LIMIT  (256U << 20)
#define STEP_S       0.1   /* housekeeping of the cache when there is little to do */
#define STEP_BUSY_S  0.001 /* and when there is more */
#define STEPS_IDLE   16    /* bounded steps of one go, so that all shards soon have theirs */
#define STEPS_MAX_US 200   /* of one go */

/* ---- what comes from control ---- */

static void resume_waiting(struct worker *w)
{
    struct conn_list waiting = w->waiting;
    /* A resumed connection may have to wait again: at the head of a list of its own. */
    LIST_INIT(&w->waiting);
    if (!LIST_EMPTY(&waiting))
        LIST_FIRST(&waiting)->waiting.le_prev = &LIST_FIRST(&waiting);
    while (!LIST_EMPTY(&waiting))
        conn_resume(LIST_FIRST(&waiting));
}

static void on_replies(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct worker *w = wake->data;
    void *items[WORKER_BATCH];
    const size_t n = mailbox_take(&w->replies, items, WORKER_BATCH);
    (void)ev;
    (void)revents;
    for (size_t i = 0; i < n; i++) {
        struct ticket *t = items[i];
        w->tickets--;
        w->ticket_bytes -= t->bytes;
        conn_answer(t->conn, t);
    }
    if (n == WORKER_BATCH)
        mailbox_again(&w->replies);
    if (!LIST_EMPTY(&w->waiting) && w->tickets < WORKER_TICKETS_MAX / 2 &&
        w->ticket_bytes < WORKER_TICKET_ROOM / 2)
        resume_waiting(w);
}

static void push_to_all(struct worker *w, const struct push *p)
{
    struct conn *c;
    LIST_FOREACH(c, &w->subscribing, subscribing)
    conn_push(c, p);
}

static void finish_subscribers(struct worker *w)
{
    struct conn *c = LIST_FIRST(&w->subscribing);
    while (c != NULL) {
        struct conn *next = LIST_NEXT(c, subscribing);
        conn_finish(c);
        c = next;
    }
}

static void on_pushes(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct worker *w = wake->data;
    void *items[WORKER_BATCH];
    const size_t n = mailbox_take(&w->pushes, items, WORKER_BATCH);
    (void)ev;
    (void)revents;
    for (size_t i = 0; i < n; i++) {
        push_to_all(w, items[i]);
        push_drop(items[i]);
    }
    if (n == WORKER_BATCH) {
        mailbox_again(&w->pushes);
    } else if (atomic_exchange(&w->push_lost, false)) {
        worker_count(&w->counters.pushes_lost, 1);
        push_to_all(w, NULL);
    }
    finish_subscribers(w);
}

void worker_reply(struct worker *w, struct ticket *t)
{
    const bool posted = mailbox_post(&w->replies, t);
    assert(posted); /* it has room for every ticket that the worker may hold */
    (void)posted;
}

void worker_push(struct worker *w, struct push *p)
{
    if (atomic_load(&w->subscribers) == 0)
        return;
    if (p != NULL) {
        push_hold(p);
        if (mailbox_post(&w->pushes, p))
            return;
        push_drop(p);
    }
    atomic_store(&w->push_lost, true);
    mailbox_again(&w->pushes);
}

/* ---- time ---- */

static void on_turn(struct ev_loop *ev, ev_prepare *turn, int revents)
{
    struct worker *w = turn->data;
    (void)ev;
    (void)revents;
    conn_use_arrived(w); /* nothing else is left to do in this turn */
    hungry_feed(w);
    tally_tell(w);
    atomic_store_explicit(&w->turned_at, clock_now(), memory_order_relaxed);
}

/** Also keeps an idle worker turning: its turns are the node's heartbeat. */
static void on_second(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct worker *w = timer->data;
    const mono_us now = clock_now();
    struct conn *c = LIST_FIRST(&w->stuck);
    (void)ev;
    (void)revents;
    while (c != NULL) {
        struct conn *next = LIST_NEXT(c, stuck);
        if (conn_is_slow(c, now)) {
            worker_count(&w->counters.closed_slow, 1);
            conn_end(c);
        }
        c = next;
    }
    hungry_hasten(w, now);
    auth_review(w);
}

/** Some housekeeping; false when little is left to do. */
static bool take_steps(struct worker *w)
{
    const mono_us now = clock_now();
    bool more = true;
    for (int i = 0; (i < STEPS_IDLE || more) && clock_now() - now < STEPS_MAX_US; i++)
        more = cache_step(w->world->ctx.cache, now);
    return more;
}

/** A worker that has nothing else to do goes on with it; one that has does some at every beat. */
static void on_tidying(struct ev_loop *ev, ev_idle *tidying, int revents)
{
    (void)revents;
    if (!take_steps(tidying->data))
        ev_idle_stop(ev, tidying);
}

static void on_step(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct worker *w = timer->data;
    const bool more = take_steps(w);
    (void)revents;
    if (more)
        ev_idle_start(ev, &w->tidying);
    timer->repeat = more ? STEP_BUSY_S : STEP_S;
    ev_timer_again(ev, timer);
}

/* ---- life ---- */

static void stop_accepting(struct worker *w)
{
    if (w->accept.fd < 0)
        return;
    ev_io_stop(w->ev, &w->accept);
    close(w->accept.fd);
    w->accept.fd = -1;
}

static void on_phase(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct worker *w = wake->data;
    const int phase = atomic_load(&w->phase);
    (void)revents;
    if (phase >= WORKER_DRAINS)
        stop_accepting(w);
    if (phase >= WORKER_STOPS)
        ev_break(ev, EVBREAK_ALL);
}

/** Replies that control gave before it stopped still reach their clients. */
static void end_all(struct worker *w)
{
    void *item;
    while (mailbox_take(&w->replies, &item, 1) > 0)
        conn_answer(((struct ticket *)item)->conn, item);
    struct conn *c = LIST_FIRST(&w->conns);
    while (c != NULL) {
        struct conn *next = LIST_NEXT(c, all);
        conn_end(c);
        c = next;
    }
}

static void *work(void *ctx)
{
    struct worker *w = ctx;
    ev_run(w->ev, 0);
    conn_use_arrived(w);
    waiting_fini(w); /* their clients see the connection close */
    end_all(w);
    return NULL;
}

static void start_watchers(struct worker *w)
{
    waiting_init(w);
    ev_io_start(w->ev, &w->accept);
    ev_prepare_start(w->ev, &w->turn);
    ev_timer_start(w->ev, &w->second);
    ev_timer_start(w->ev, &w->step);
    ev_async_start(w->ev, &w->phase_wake);
}

static void init_watchers(struct worker *w, int listen_fd)
{
    ev_io_init(&w->accept, accept_ready, listen_fd, EV_READ);
    ev_prepare_init(&w->turn, on_turn);
    ev_async_init(&w->phase_wake, on_phase);
    w->accept.data = w->turn.data = w->phase_wake.data = w;
}

static void init_timers(struct worker *w)
{
    ev_timer_init(&w->second, on_second, 1., 1.);
    ev_timer_init(&w->step, on_step, STEP_S, STEP_S);
    ev_idle_init(&w->tidying, on_tidying);
    ev_set_priority(&w->second, -1);
    ev_set_priority(&w->step, -2);
    ev_set_priority(&w->tidying, -2);
    w->second.data = w->step.data = w->tidying.data = w;
}

static void *make_codec(void *ctx, struct arena *arena)
{
    const struct worker *w = ctx;
    return client_codec_new(arena, w->world->value_max);
}

static bool init_parts(struct worker *w)
{
    const struct mailbox_cfg replies = {
        .ev = w->ev, .ready = on_replies, .ctx = w, .cap = WORKER_TICKETS_MAX, .priority = 1};
    const struct mailbox_cfg pushes = {
        .ev = w->ev, .ready = on_pushes, .ctx = w, .cap = WORKER_PUSHES_MAX, .priority = 1};
    const struct mailbox_cfg handed = {
        .ev = w->ev, .ready = accept_handed, .ctx = w, .cap = ACCEPT_QUEUE_MAX, .priority = 0};
    const struct store_plan codec = {
        .len = CODEC_MEMORY, .len_max = CODEC_LIMIT, .make = make_codec, .ctx = w};
    w->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    w->in = malloc(WORKER_IN_LEN);
    w->codec = store_build(&w->codec_map, &codec);
    return w->in != NULL && w->codec != NULL && mailbox_init(&w->replies, &replies) &&
           mailbox_init(&w->pushes, &pushes) && mailbox_init(&w->handed, &handed);
}

struct worker *worker_new(struct worker_world *world, int listen_fd)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        close(listen_fd);
        return NULL;
    }
    w->world = world;
    w->sample_left = 1;
    LIST_INIT(&w->conns);
    LIST_INIT(&w->subscribing);
    LIST_INIT(&w->waiting);
    LIST_INIT(&w->stuck);
    TAILQ_INIT(&w->arrived);
    TAILQ_INIT(&w->answered);
    TAILQ_INIT(&w->hungry);
    init_watchers(w, listen_fd);
    init_timers(w);
    auth_queue_init(w);
    w->reserve_fd = -1;
    w->ev = ev_loop_new(EVFLAG_AUTO);
    if (w->ev != NULL && init_parts(w)) {
        start_watchers(w);
        return w;
    }
    worker_free(w);
    return NULL;
}

enum err worker_start(struct worker *w)
{
    atomic_store(&w->turned_at, clock_now());
    w->started = pthread_create(&w->thread, NULL, work, w) == 0;
    return w->started ? OK : ERR_IO;
}

void worker_phase_set(struct worker *w, enum worker_phase phase)
{
    atomic_store(&w->phase, (int)phase);
    ev_async_send(w->ev, &w->phase_wake);
}

void worker_join(struct worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}

static void drop_pushes(struct worker *w)
{
    void *item;
    while (w->pushes.ring != NULL && mailbox_take(&w->pushes, &item, 1) > 0)
        push_drop(item);
}

/** Connections that are still here wait for tickets that control never answered. */
static void free_leftovers(struct worker *w)
{
    while (!LIST_EMPTY(&w->conns))
        conn_free(LIST_FIRST(&w->conns));
    drop_pushes(w);
    accept_drop(w);
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    waiting_fini(w);
    free_leftovers(w);
    if (w->ev != NULL) {
        mailbox_fini(&w->replies);
        mailbox_fini(&w->pushes);
        mailbox_fini(&w->handed);
    }
    if (w->accept.fd >= 0)
        close(w->accept.fd);
    if (w->reserve_fd >= 0)
        close(w->reserve_fd);
    client_codec_free(w->codec);
    store_unmap(&w->codec_map);
    free(w->in);
    spares_fini(&w->spares);
    if (w->ev != NULL)
        ev_loop_destroy(w->ev);
    free(w);
}
