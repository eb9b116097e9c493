#include "loop/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop/assemble.h"
#include "loop/clock.h"
#include "loop/inside.h"

/* Supervisors signal a process and then its group: both mean one stop. */
#define STOP_ECHO_US (250 * US_PER_MS)

/* ---- assembly ---- */

static enum err assemble(struct loop *l, const struct loop_cfg *cfg, const struct why *why)
{
    struct assemble_gossip gossip;
    enum err err = assemble_settings(l, cfg, why);
    if (err == OK)
        err = assemble_gossip(l, cfg, &gossip, why);
    if (err != OK)
        return err;
    err = assemble_node(l, cfg, why);
    if (err == OK)
        err = assemble_workers(l, cfg, why);
    if (err != OK) {
        close(gossip.udp_fd);
        close(gossip.tcp_fd);
        return err;
    }
    if (control_start(l, gossip.udp_fd, gossip.tcp_fd))
        return OK;
    (void)snprintf(why->at, why->cap, "out of memory for sockets and queues");
    return ERR_FULL;
}

struct loop *loop_new(const struct loop_cfg *cfg, char *why, size_t why_cap)
{
    const struct why reason = {.at = why, .cap = why_cap};
    struct loop *l = aligned_alloc(_Alignof(struct loop), sizeof *l);
    if (l == NULL) {
        (void)snprintf(why, why_cap, "out of memory");
        return NULL;
    }
    *l = (struct loop){.stops = 0};
    logger_init(&l->log, &cfg->log);
    auth_init(&l->auth);
    store_locks_init(&l->locks);
    l->ev = ev_loop_new(EVFLAG_AUTO); /* never the default loop: it would take SIGCHLD */
    if (l->ev != NULL && assemble(l, cfg, &reason) == OK)
        return l;
    if (l->ev == NULL)
        (void)snprintf(why, why_cap, "the system gives no event loop; raise ulimit -n");
    loop_free(l);
    return NULL;
}

static void free_texts(struct loop *l)
{
    texts_free(&l->seeds);
    texts_free(&l->dns_names);
    texts_free(&l->srv_names);
    texts_free(&l->dns_servers);
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    if (l->ev != NULL)
        control_stop(l);
    for (uint32_t i = 0; i < l->workers_n; i++)
        worker_free(l->workers[i]);
    if (l->node != NULL)
        node_free(l->node);
    if (l->ev != NULL)
        ev_loop_destroy(l->ev);
    store_unmap(&l->node_map);
    store_unmap(&l->cache_map);
    store_locks_fini(&l->locks);
    logger_fini(&l->log);
    auth_fini(&l->auth);
    free_texts(l);
    free(l);
}

/* ---- life ---- */

/** Signals are for the control thread: the others begin with all of them blocked. */
static bool start_threads(struct loop *l)
{
    sigset_t all, before;
    bool started = true;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (uint32_t i = 0; i < l->workers_n && started; i++)
        started = worker_start(l->workers[i]) == OK;
    if (started)
        (void)pages_start(&l->pages, l->cache);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void stop_threads(struct loop *l)
{
    pages_stop(&l->pages);
    control_phase_set(l, WORKER_STOPS);
    for (uint32_t i = 0; i < l->workers_n; i++)
        worker_join(l->workers[i]);
}

int loop_run(struct loop *l)
{
    const bool started = start_threads(l);
    if (started) {
        report_start(l);
        report_state(l);
        control_settle(l);
        ev_run(l->ev, 0);
    } else {
        logger_say(&l->log, LOGGER_ERROR, "a worker thread cannot be started", NULL, 0);
    }
    stop_threads(l);
    return started && l->stops < 2 ? 0 : 1;
}

void loop_stop(struct loop *l)
{
    const mono_us now = clock_now();
    if (l->stops > 0 && now - l->stopped_at < STOP_ECHO_US)
        return;
    l->stops++;
    if (l->stops > 1) {
        ev_break(l->ev, EVBREAK_ALL);
        return;
    }
    l->stopped_at = now;
    control_phase_set(l, WORKER_DRAINS);
    ev_now_update(l->ev);
    ev_timer_set(&l->drained, (double)l->drain_us / 1e6, 0.);
    ev_timer_start(l->ev, &l->drained);
    control_feed(l, &(struct node_in){.kind = NODE_IN_LEAVE});
    control_settle(l);
}

/* ---- looking ---- */

struct ev_loop *loop_ev(struct loop *l)
{
    return l->ev;
}

const struct node *loop_node(const struct loop *l)
{
    return l->node;
}

struct cache *loop_cache(struct loop *l)
{
    return l->cache;
}

const struct policies *loop_policies(const struct loop *l)
{
    return &l->policies;
}

struct logger *loop_logger(struct loop *l)
{
    return &l->log;
}

mono_us loop_now(void)
{
    return clock_now();
}

struct addr loop_client_addr(const struct loop *l)
{
    return l->client;
}

struct addr loop_gossip_addr(const struct loop *l)
{
    return l->gossip;
}

struct addr loop_advertise_addr(const struct loop *l)
{
    return l->advertise;
}

enum err loop_keyring_set(struct loop *l, const struct keyring *ring)
{
    if (l->keyed != (ring->n > 0))
        return ERR_CONFIG;
    l->keyrings++;
    control_feed(l, &(struct node_in){.kind = NODE_IN_KEYRING, .keyring = ring});
    control_settle(l);
    return OK;
}

enum err loop_clients_set(struct loop *l, const struct clients *clients)
{
    return auth_replace(&l->auth, clients);
}

uint8_t loop_bearer(struct loop *l, struct slice token)
{
    return auth_bearer(&l->auth, token);
}

void loop_count_guest(struct loop *l)
{
    atomic_fetch_add(&l->auth.passed, 1);
}

enum entry loop_entry(const struct loop *l)
{
    return l->auth.entry;
}

bool loop_keys_swappable(const struct loop *l)
{
    return l->auth.swappable || l->ring_swappable;
}

void loop_inspect_set(struct loop *l, loop_inspect *inspect, loop_told *told, void *ctx)
{
    l->inspect = inspect;
    l->told = told;
    l->inspect_ctx = ctx;
}

void loop_watch_set(struct loop *l, loop_watch *watch, void *ctx)
{
    l->watch = watch;
    l->watch_ctx = ctx;
}
