#include <assert.h>
#include <stdlib.h>

#include "loop/address.h"
#include "loop/clock.h"
#include "loop/inside.h"

#define BATCH     256 /* inputs fed before the node is drained */
#define BEAT_S    0.5
#define DNS_WAIT  2000
#define DNS_TRIES 2

/* ---- feed ---- */

void control_feed(struct loop *l, const struct node_in *in)
{
    node_recv(l->node, clock_now(), in);
}

static void on_datagram(void *ctx, const struct addr *from, struct slice bytes)
{
    control_feed(ctx, &(struct node_in){.kind = NODE_IN_DATAGRAM, .from = *from, .bytes = bytes});
}

static void on_failed(void *ctx, enum udp_failure failure, const struct addr *to)
{
    const enum node_in_kind kind = failure == UDP_TOO_BIG ? NODE_IN_TOO_BIG : NODE_IN_UNREACHABLE;
    control_feed(ctx, &(struct node_in){.kind = kind, .from = *to});
}

static void on_stream_up(void *ctx, uint32_t conn, const struct addr *peer)
{
    control_feed(ctx, &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = conn, .from = *peer});
}

static void on_stream_frame(void *ctx, uint32_t conn, struct slice bytes)
{
    control_feed(ctx, &(struct node_in){.kind = NODE_IN_STREAM, .conn = conn, .bytes = bytes});
}

static void on_stream_down(void *ctx, uint32_t conn)
{
    control_feed(ctx, &(struct node_in){.kind = NODE_IN_STREAM_DOWN, .conn = conn});
}

static void on_batch_end(void *ctx)
{
    control_settle(ctx);
}

static void on_names(void *ctx, const struct addr *addrs, size_t n, uint32_t ttl_s)
{
    struct loop *l = ctx;
    control_feed(ctx,
                 &(struct node_in){
                     .kind = NODE_IN_NAMES, .names = addrs, .names_n = n, .names_ttl_s = ttl_s});
    control_settle(ctx);
    if (n == 0 && alarm_due(&l->nobody, dns_counters(l->dns).nobody, clock_now()) > 0)
        report_nobody(l);
}

/** Give the node the command of t, which comes back in reply(). */
static void ask_node(struct loop *l, struct ticket *t)
{
    LIST_INSERT_HEAD(&l->asked, t, asked);
    control_feed(l, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &t->command});
}

/* ---- drain ---- */

static void reply_to_worker(struct loop *l, struct ticket *t, const struct node_reply *r)
{
    if (ticket_is_told(r) && l->told != NULL)
        t->rendered_len = l->told(l->inspect_ctx, r, &t->rendered);
    ticket_keep_reply(t, r);
    worker_reply(t->worker, t);
}

static void reply(struct loop *l, const struct node_reply *r)
{
    struct ticket *t = ticket_of(r->ticket);
    struct node_reply whole = *r;
    LIST_REMOVE(t, asked);
    if (r->ask == NODE_TRACE) /* the node looks at one dot, the stamp may name more */
        whole.count = t->command.stamps[0].count;
    if (t->worker != NULL) {
        reply_to_worker(l, t, &whole);
        return;
    }
    if (t->done != NULL)
        t->done(t->ctx, &whole);
    ticket_free(t);
}

static bool anybody_subscribes(const struct loop *l)
{
    for (uint32_t i = 0; i < l->workers_n; i++) {
        if (atomic_load(&l->workers[i]->subscribers) > 0)
            return true;
    }
    return false;
}

static void push(struct loop *l, const struct node_applied *applied)
{
    if (!anybody_subscribes(l))
        return;
    struct push *p = push_new(applied, &cache_config(l->cache)->hkey);
    for (uint32_t i = 0; i < l->workers_n; i++)
        worker_push(l->workers[i], p);
    if (p != NULL)
        push_drop(p);
}

static void leave(struct loop *l)
{
    l->left = true;
    ev_break(l->ev, EVBREAK_ALL);
}

static void tell_watch(struct loop *l, const struct node_out *out)
{
    if (l->watch != NULL)
        l->watch(l->watch_ctx, out);
}

static void act(struct loop *l, const struct node_out *out)
{
    switch (out->kind) {
    case NODE_OUT_DATAGRAM:
        udp_send(l->udp, &out->to, out->bytes);
        break;
    case NODE_OUT_CONNECT:
        tcp_connect(l->tcp, out->conn, &out->to);
        break;
    case NODE_OUT_STREAM:
        tcp_send(l->tcp, out->conn, out->bytes);
        break;
    case NODE_OUT_HANGUP:
        tcp_hangup(l->tcp, out->conn);
        break;
    case NODE_OUT_REPLY:
        reply(l, &out->reply);
        break;
    case NODE_OUT_APPLIED:
        push(l, &out->applied);
        tell_watch(l, out);
        break;
    case NODE_OUT_RESOLVE:
        dns_resolve(l->dns);
        break;
    case NODE_OUT_EVENT:
        report_event(l, out);
        tell_watch(l, out);
        break;
    case NODE_OUT_STATE:
        report_state(l);
        tell_watch(l, out);
        break;
    case NODE_OUT_WARMED:
        report_warmed(l, &out->warmed);
        break;
    case NODE_OUT_DRIFTED:
        report_drifted(l, &out->drifted);
        break;
    case NODE_OUT_WINDOWS:
        report_windows(l, &out->windows);
        break;
    case NODE_OUT_ROTATED:
        report_rotated(l, &out->rotated);
        break;
    case NODE_OUT_LEFT:
        leave(l);
        break;
    }
}

/* ---- arm ---- */

static void arm(struct loop *l)
{
    const mono_us now = clock_now();
    const mono_us deadline = node_deadline(l->node);
    ev_timer_stop(l->ev, &l->due);
    if (deadline == NEVER)
        return;
    const uint64_t wait_us = deadline > now ? deadline - now : 0;
    ev_now_update(l->ev); /* libev's idea of now is as old as this turn */
    ev_timer_set(&l->due, (double)wait_us / 1e6, 0.);
    ev_timer_start(l->ev, &l->due);
}

void control_settle(struct loop *l)
{
    struct node_out out;
    node_tick(l->node, clock_now()); /* what came in may have made something due */
    while (node_poll(l->node, clock_now(), &out))
        act(l, &out);
    arm(l);
}

/* ---- timers ---- */

static void on_due(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct loop *l = timer->data;
    (void)ev;
    (void)revents;
    node_tick(l->node, clock_now());
    control_settle(l);
}

static void on_beat(struct ev_loop *ev, ev_timer *timer, int revents)
{
    (void)ev;
    (void)revents;
    beat_look(timer->data, clock_now());
}

static void on_drained(struct ev_loop *ev, ev_timer *timer, int revents)
{
    (void)timer;
    (void)revents;
    ev_break(ev, EVBREAK_ALL);
}

/* ---- tickets ---- */

static void render(struct loop *l, struct ticket *t)
{
    if (l->inspect != NULL)
        t->rendered_len = l->inspect(l->inspect_ctx, (enum client_op)t->op, &t->rendered);
    worker_reply(t->worker, t);
}

static void take(struct loop *l, struct ticket *t)
{
    if (t->renders)
        render(l, t);
    else
        ask_node(l, t);
}

static void on_commands(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct loop *l = wake->data;
    void *items[BATCH];
    const size_t n = mailbox_take(&l->commands, items, BATCH);
    (void)ev;
    (void)revents;
    for (size_t i = 0; i < n; i++)
        take(l, items[i]);
    control_settle(l);
    if (n == BATCH)
        mailbox_again(&l->commands); /* gossip first: it has the higher priority */
}

void loop_command(struct loop *l, const struct node_command *command, loop_done *done, void *ctx)
{
    if (l->commands_ended) {
        done(ctx, &(struct node_reply){.err = ERR_REFUSED});
        return;
    }
    struct ticket *t = calloc(1, sizeof *t);
    if (t == NULL) {
        done(ctx, &(struct node_reply){.err = ERR_FULL});
        return;
    }
    t->done = done;
    t->ctx = ctx;
    t->command = *command;
    t->command.ticket = ticket_number(t);
    ask_node(l, t);
    control_settle(l);
}

void loop_commands_end(struct loop *l)
{
    struct ticket *t;
    l->commands_ended = true;
    LIST_FOREACH(t, &l->asked, asked)
    {
        loop_done *done = t->done;
        t->done = NULL;
        if (done != NULL)
            done(t->ctx, &(struct node_reply){.ask = t->command.ask, .err = ERR_REFUSED});
    }
}

/* ---- life ---- */

void control_phase_set(struct loop *l, enum worker_phase phase)
{
    for (uint32_t i = 0; i < l->workers_n; i++)
        worker_phase_set(l->workers[i], phase);
}

static bool start_dns(struct loop *l)
{
    const struct dns_cfg cfg = {.seeds = l->seeds.at,
                                .seeds_n = l->seeds.n,
                                .names = l->dns_names.at,
                                .names_n = l->dns_names.n,
                                .srvs = l->srv_names.at,
                                .srvs_n = l->srv_names.n,
                                .servers = l->dns_servers.at,
                                .servers_n = l->dns_servers.n,
                                .port = l->gossip.port,
                                .v4 = l->gossip.ip_len == 4 || address_is_any(&l->gossip),
                                .v6 = l->gossip.ip_len == 16,
                                .wait_ms = DNS_WAIT,
                                .tries = DNS_TRIES};
    l->dns = dns_new(l->ev, &cfg, on_names, l);
    return l->dns != NULL;
}

static void start_timers(struct loop *l)
{
    ev_timer_init(&l->due, on_due, 0., 0.);
    ev_timer_init(&l->beat, on_beat, 0., BEAT_S);
    ev_timer_init(&l->drained, on_drained, 0., 0.);
    ev_set_priority(&l->due, -1); /* sockets first: an ack may be waiting in one */
    ev_set_priority(&l->beat, -2);
    l->due.data = l->beat.data = l->drained.data = l;
    ev_timer_start(l->ev, &l->beat);
}

bool control_start(struct loop *l, int udp_fd, int tcp_fd)
{
    const struct udp_events udp = {
        .ctx = l, .datagram = on_datagram, .failed = on_failed, .batch_end = on_batch_end};
    const struct tcp_events tcp = {.ctx = l,
                                   .up = on_stream_up,
                                   .frame = on_stream_frame,
                                   .down = on_stream_down,
                                   .batch_end = on_batch_end};
    const struct mailbox_cfg commands = {.ev = l->ev,
                                         .ready = on_commands,
                                         .ctx = l,
                                         .cap = (size_t)l->workers_n * WORKER_TICKETS_MAX,
                                         .priority = 0};
    start_timers(l);
    l->udp = udp_new(l->ev, udp_fd, &udp);
    l->tcp = tcp_new(l->ev, tcp_fd, &tcp);
    return l->udp != NULL && l->tcp != NULL && mailbox_init(&l->commands, &commands) &&
           start_dns(l);
}

static void free_tickets(struct loop *l)
{
    void *item;
    while (l->commands.ring != NULL && mailbox_take(&l->commands, &item, 1) > 0)
        ticket_free(item);
    while (!LIST_EMPTY(&l->asked)) {
        struct ticket *t = LIST_FIRST(&l->asked);
        LIST_REMOVE(t, asked);
        ticket_free(t);
    }
}

void control_stop(struct loop *l)
{
    free_tickets(l);
    mailbox_fini(&l->commands);
    dns_free(l->dns);
    tcp_free(l->tcp);
    udp_free(l->udp);
    ev_timer_stop(l->ev, &l->due);
    ev_timer_stop(l->ev, &l->beat);
    ev_timer_stop(l->ev, &l->drained);
}
