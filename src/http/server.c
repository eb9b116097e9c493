#include "http/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ev.h>
#include <sys/socket.h>

#include "http/exchange.h"
#include "http/inspect.h"
#include "http/stream.h"
#include "loop/address.h"
#include "loop/clock.h"
#include "loop/listen.h"

#define CONNECTION_MEMORY 16384U /* headers and buffers of one connection */
#define SPARE_CONNECTIONS 8U     /* beyond the limit, to tell them so */
#define SWEEP_S           1.0

struct http {
    struct loop *loop;
    struct addr addr;
    struct MHD_Daemon *daemon;
    struct exchanges exchanges;
    struct http_streams streams;
    struct ev_io readable; /* the daemon's epoll descriptor */
    struct ev_timer due;   /* what the daemon wants to do later */
    struct ev_timer sweep;
};

/* ---- the daemon on the control loop ---- */

/** Wake when the daemon next wants to do something by itself. */
static void arm(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    ev_timer_stop(loop_ev(h->loop), &h->due);
    if (MHD_get_timeout(h->daemon, &wait_ms) != MHD_YES)
        return;
    ev_timer_set(&h->due, (double)wait_ms / 1000.0, 0.0);
    ev_timer_start(loop_ev(h->loop), &h->due);
}

static void turn(struct http *h)
{
    (void)MHD_run(h->daemon);
    arm(h);
}

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events)
{
    (void)loop;
    (void)events;
    turn(w->data);
}

static void on_due(struct ev_loop *loop, struct ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    turn(w->data);
}

static void on_sweep(struct ev_loop *loop, struct ev_timer *w, int events)
{
    struct http *h = w->data;
    (void)loop;
    (void)events;
    http_exchanges_sweep(&h->exchanges, loop_now());
    http_streams_sweep(&h->streams, loop_now());
    turn(h); /* out of descriptors, libmicrohttpd stops accepting until it is run again */
}

/** Not at once: an answer may come from inside of MHD_run(). */
static void on_woken(void *ctx)
{
    struct http *h = ctx;
    ev_timer_stop(loop_ev(h->loop), &h->due);
    ev_timer_set(&h->due, 0.0, 0.0);
    ev_timer_start(loop_ev(h->loop), &h->due);
}

static void watch(struct http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    ev_io_init(&h->readable, on_readable, info->epoll_fd, EV_READ);
    ev_timer_init(&h->due, on_due, 0.0, 0.0);
    ev_timer_init(&h->sweep, on_sweep, SWEEP_S, SWEEP_S);
    h->readable.data = h;
    h->due.data = h;
    h->sweep.data = h;
    ev_io_start(loop_ev(h->loop), &h->readable);
    ev_timer_start(loop_ev(h->loop), &h->sweep);
    arm(h);
}

/* ---- start and end ---- */

static struct MHD_Daemon *start_daemon(struct exchanges *x, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_exchange_access, x,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        HTTP_CONNECTIONS_MAX + SPARE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(HTTP_PATIENCE_US / US_PER_SEC), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
        http_exchange_completed, x, MHD_OPTION_NOTIFY_CONNECTION, http_exchange_connection, x,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static bool start_streams(struct http *h)
{
    if (!http_streams_init(&h->streams, h->loop, &h->exchanges.site.facts.http))
        return false;
    h->streams.woken = on_woken;
    h->streams.ctx = h;
    h->exchanges.site.streams = &h->streams;
    return true;
}

/** Bind and begin to answer. */
static bool open_listener(struct http *h, const struct addr *addr, char *why, size_t why_cap)
{
    int fd = -1;
    const struct listen_cfg cfg = {.addr = *addr, .what = "http", .type = SOCK_STREAM};
    if (listen_open(&cfg, &fd, &h->addr, why, why_cap) != OK)
        return false;
    if (!start_streams(h)) {
        (void)close(fd);
        (void)snprintf(why, why_cap, "out of memory for events");
        return false;
    }
    h->daemon = start_daemon(&h->exchanges, fd);
    if (h->daemon == NULL) {
        (void)close(fd);
        (void)snprintf(why, why_cap,
                       "cannot start the http endpoint: libmicrohttpd refused; "
                       "--http-listen off runs without it");
        return false;
    }
    watch(h);
    return true;
}

struct http *http_new(struct loop *l, const struct addr *addr, char *why, size_t why_cap)
{
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        (void)snprintf(why, why_cap, "out of memory");
        return NULL;
    }
    h->loop = l;
    h->exchanges.site =
        (struct http_site){.loop = l,
                           .facts = {.started = loop_now(), .start_us = clock_wall_ms() * 1000U},
                           .loopback = address_is_loopback(addr)};
    h->exchanges.woken = on_woken;
    h->exchanges.ctx = h;
    LIST_INIT(&h->exchanges.sessions);
    LIST_INIT(&h->exchanges.waiting);
    if (addr_known(addr) && !open_listener(h, addr, why, why_cap)) {
        http_streams_fini(&h->streams);
        free(h);
        return NULL;
    }
    loop_inspect_set(l, http_inspect, http_inspect_told, &h->exchanges.site);
    return h;
}

void http_memory_limit_set(struct http *h, uint64_t bytes)
{
    h->exchanges.site.facts.memory_limit = bytes;
}

void http_names_set(struct http *h, const struct http_names *names)
{
    h->exchanges.site.names = *names;
}

struct addr http_addr(const struct http *h)
{
    return h->addr;
}

static void close_listener(struct http *h)
{
    ev_io_stop(loop_ev(h->loop), &h->readable);
    loop_commands_end(h->loop); /* nobody is left who could be answered later */
    http_exchanges_abandon(&h->exchanges);
    http_streams_end(&h->streams);
    (void)MHD_run(h->daemon); /* last words: whoever takes them at once gets them */
    MHD_stop_daemon(h->daemon);
    ev_timer_stop(loop_ev(h->loop), &h->due);
    ev_timer_stop(loop_ev(h->loop), &h->sweep);
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    if (h->daemon != NULL)
        close_listener(h);
    http_streams_fini(&h->streams);
    loop_inspect_set(h->loop, NULL, NULL, NULL);
    free(h);
}
