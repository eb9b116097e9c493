#include "loop/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "loop/clock.h"
#include "loop/request.h"
#include "loop/worker.h"

#define COUNT_STEPS 32 /* bounded steps of a dry run between two looks at the sockets */

/** One request that waits; it counts as owed by its connection, which so outlives it. */
struct waiter {
    struct conn *conn;
    struct command_call call;
    mono_us until;              /* gets */
    uint64_t hash;              /* of the key */
    uint32_t ended;             /* world->loads_ended of it, when it was last tried */
    struct command_dry_run run; /* dry runs */
    TAILQ_ENTRY(waiter) all;
    size_t len;
    uint8_t frame[];
};

static _Atomic uint32_t *chain_of(struct worker_world *world, uint64_t hash)
{
    return &world->loads_ended[hash % WAITING_CHAINS];
}

void waiting_wake(void *ctx, uint64_t hash)
{
    struct worker_world *world = ctx;
    atomic_fetch_add(chain_of(world, hash), 1);
    for (uint32_t i = 0; i < world->workers_n; i++) {
        struct worker *w = world->workers[i];
        if (atomic_load(&w->waiting_gets.n) > 0)
            ev_async_send(w->ev, &w->waiting_gets.wake);
    }
}

static struct waiter *make(struct conn *c, struct slice frame)
{
    struct waiting *t = &c->worker->waiting_gets;
    if (atomic_load(&t->n) + atomic_load(&t->counts_n) >= WAITING_MAX) {
        worker_count(&c->worker->counters.waits_full, 1);
        return NULL;
    }
    struct waiter *one = malloc(sizeof *one + frame.len);
    if (one == NULL)
        return NULL;
    *one = (struct waiter){.conn = c, .len = frame.len};
    memcpy(one->frame, frame.at, frame.len);
    c->owed++;
    return one;
}

bool waiting_add(struct conn *c, const struct client_request *request, struct slice frame,
                 const struct command_call *call)
{
    struct worker *w = c->worker;
    struct waiting *t = &w->waiting_gets;
    struct waiter *one = make(c, frame);
    if (one == NULL)
        return false;
    one->call = *call;
    one->until = call->now + request->read.wait_ms * US_PER_MS;
    one->hash = command_wait_hash(&w->world->ctx, request);
    /* Not the present count: the load may have ended between the look-up and here. */
    one->ended = atomic_load(chain_of(w->world, one->hash)) - 1;
    TAILQ_INSERT_TAIL(&t->gets, one, all);
    if (atomic_fetch_add(&t->n, 1) == 0)
        ev_timer_again(w->ev, &t->tick);
    ev_async_send(w->ev, &t->wake); /* look once more, now that waiting_wake() sees us */
    return true;
}

bool waiting_count(struct conn *c, struct slice frame)
{
    struct waiting *t = &c->worker->waiting_gets;
    struct waiter *one = make(c, frame);
    if (one == NULL)
        return false;
    one->call.now = clock_now();
    TAILQ_INSERT_TAIL(&t->counts, one, all);
    if (atomic_fetch_add(&t->counts_n, 1) == 0)
        ev_idle_start(c->worker->ev, &t->idle);
    return true;
}

/** The request of a waiter again: it was decoded before, so it is good. */
static const struct client_request *request_of(struct worker *w, const struct waiter *one)
{
    struct client_fault fault;
    const enum err err =
        client_request_decode(w->codec, slice_of(one->frame, one->len), &w->request, &fault);
    return err == OK ? &w->request : NULL;
}

static void drop(struct waiter_list *list, struct waiter *one)
{
    TAILQ_REMOVE(list, one, all);
    one->conn->owed--;
    conn_finish(one->conn);
    free(one);
}

static void drop_get(struct worker *w, struct waiter *one)
{
    struct waiting *t = &w->waiting_gets;
    if (atomic_fetch_sub(&t->n, 1) == 1)
        ev_timer_stop(w->ev, &t->tick);
    drop(&t->gets, one);
}

/** Try to answer. false: it waits on. */
static bool try_get(struct worker *w, mono_us now, struct waiter *one)
{
    one->ended = atomic_load(chain_of(w->world, one->hash));
    one->call.now = now;
    one->call.waited = now >= one->until;
    if (one->conn->closed)
        return true;
    return request_again(one->conn, request_of(w, one), &one->call);
}

static void try_gets(struct worker *w, bool all)
{
    struct waiting *t = &w->waiting_gets;
    const mono_us now = clock_now();
    struct waiter *one = TAILQ_FIRST(&t->gets);
    while (one != NULL) {
        struct waiter *next = TAILQ_NEXT(one, all);
        const bool due = all || now >= one->until || one->conn->closed ||
                         one->ended != atomic_load(chain_of(w->world, one->hash));
        if (due && try_get(w, now, one))
            drop_get(w, one);
        one = next;
    }
}

static void on_wake(struct ev_loop *ev, ev_async *wake, int revents)
{
    (void)ev;
    (void)revents;
    try_gets(wake->data, false);
}

static void on_tick(struct ev_loop *ev, ev_timer *tick, int revents)
{
    struct worker *w = tick->data;
    (void)ev;
    (void)revents;
    try_gets(w, ++w->waiting_gets.ticks % (WAITING_RETRY_MS / WAITING_TICK_MS) == 0);
}

static bool count_on(struct worker *w, struct waiter *one)
{
    const struct client_request *request = one->conn->closed ? NULL : request_of(w, one);
    bool done = request == NULL;
    for (int i = 0; i < COUNT_STEPS && !done; i++)
        done = request_count(one->conn, request, &one->call, &one->run);
    return done;
}

/** One dry run a turn, in turn; sockets come first. */
static void on_idle(struct ev_loop *ev, ev_idle *idle, int revents)
{
    struct worker *w = idle->data;
    struct waiting *t = &w->waiting_gets;
    struct waiter *one = TAILQ_FIRST(&t->counts);
    (void)revents;
    if (count_on(w, one)) {
        atomic_fetch_sub(&t->counts_n, 1);
        drop(&t->counts, one);
    } else {
        TAILQ_REMOVE(&t->counts, one, all);
        TAILQ_INSERT_TAIL(&t->counts, one, all);
    }
    if (atomic_load(&t->counts_n) == 0)
        ev_idle_stop(ev, &t->idle);
}

void waiting_init(struct worker *w)
{
    struct waiting *t = &w->waiting_gets;
    TAILQ_INIT(&t->gets);
    TAILQ_INIT(&t->counts);
    ev_async_init(&t->wake, on_wake);
    ev_timer_init(&t->tick, on_tick, 0., WAITING_TICK_MS / 1000.);
    ev_idle_init(&t->idle, on_idle);
    ev_set_priority(&t->idle, EV_MINPRI);
    t->wake.data = t->tick.data = t->idle.data = w;
    ev_async_start(w->ev, &t->wake);
}

static void free_all(struct waiter_list *list)
{
    struct waiter *one;
    while ((one = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, one, all);
        one->conn->owed--;
        free(one);
    }
}

void waiting_fini(struct worker *w)
{
    free_all(&w->waiting_gets.gets);
    free_all(&w->waiting_gets.counts);
    atomic_store(&w->waiting_gets.n, 0);
    atomic_store(&w->waiting_gets.counts_n, 0);
}
