#include <assert.h>
#include <string.h>

#include "loop/inside.h"

static uint64_t look(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_spans(struct spans *out, const struct worker_spans *s)
{
    for (size_t i = 0; i < SPANS_BUCKETS; i++)
        out->n[i] += look(&s->n[i]);
    out->sum_us += look(&s->sum_us);
}

/* A counter that nobody adds up here is counted for nobody. */
#define ALL_OF(type, n)                                                                            \
    static_assert(sizeof(struct type) == (n) * sizeof(uint64_t), "add it up below")
ALL_OF(worker_spans, SPANS_BUCKETS + 1);
ALL_OF(worker_counters, 28 + 2 * LOOP_OPS + CLIENT_STATUSES + LOOP_TIMED * (SPANS_BUCKETS + 1));
ALL_OF(udp_counters, 5);
ALL_OF(tcp_counters, 8);
ALL_OF(dns_counters, 7);

static void add_worker(struct loop_counters *out, const struct worker *w)
{
    const struct worker_counters *c = &w->counters;
    out->connections_total += look(&c->accepted);
    out->connections_refused += look(&c->refused);
    out->connections_closed_slow += look(&c->closed_slow);
    out->connections_handed += look(&c->handed);
    out->connections_hand_full += look(&c->hand_full);
    out->output_full += look(&c->out_full);
    out->input_waits += look(&c->in_waits);
    out->input_full += look(&c->in_full);
    out->subscriptions += atomic_load_explicit(&w->subscribers, memory_order_relaxed);
    for (size_t i = 0; i < LOOP_OPS; i++)
        out->requests[i] += look(&c->requests[i]);
    for (size_t i = 0; i < LOOP_OPS; i++)
        out->request_errors[i] += look(&c->errors[i]);
    for (size_t i = 0; i < CLIENT_STATUSES; i++)
        out->lookups[i] += look(&c->lookups[i]);
    for (size_t i = 0; i < LOOP_TIMED; i++)
        add_spans(&out->timed[i], &c->timed[i]);
    out->client_bytes_in += look(&c->bytes_in);
    out->client_bytes_out += look(&c->bytes_out);
    out->pushes += look(&c->pushes);
    out->pushes_lost += look(&c->pushes_lost);
    out->queue_full += look(&c->queue_full);
    out->waiting += atomic_load_explicit(&w->waiting_gets.n, memory_order_relaxed);
    out->waiting += atomic_load_explicit(&w->waiting_gets.counts_n, memory_order_relaxed);
    out->waits_full += look(&c->waits_full);
    out->accept_errors += look(&c->accept_errors);
}

static void add_auth(struct loop_counters *out, const struct worker_counters *c)
{
    out->logins += look(&c->logins);
    out->logins_refused += look(&c->logins_refused);
    out->logins_none += look(&c->logins_none);
    out->logins_sealed += look(&c->logins_sealed);
    out->logins_plain += look(&c->logins_plain);
    out->sealed_refused += look(&c->sealed_refused);
    out->not_permitted += look(&c->not_permitted);
    out->clients_cut += look(&c->clients_cut);
    out->strangers_crowded += look(&c->strangers_crowded);
    out->strangers_displaced += look(&c->strangers_displaced);
    out->strangers_full += look(&c->strangers_full);
    out->strangers_late += look(&c->strangers_late);
    out->strangers_unread += look(&c->strangers_unread);
}

static void add_udp(struct loop_counters *out, struct udp_counters c)
{
    out->udp_in = c.in;
    out->udp_out = c.out;
    out->udp_dropped_out = c.dropped_out;
    out->udp_refused = c.refused;
    out->udp_too_big = c.too_big;
}

static void add_tcp(struct loop_counters *out, struct tcp_counters c)
{
    out->peer_accepted = c.accepted;
    out->peer_connected = c.connected;
    out->peer_failed = c.failed;
    out->peer_refused = c.refused;
    out->peer_frames_in = c.frames_in;
    out->peer_frames_out = c.frames_out;
    out->peer_frames_bad = c.bad_frames;
    out->peer_overflows = c.overflows;
}

static void add_dns(struct loop_counters *out, struct dns_counters c)
{
    out->dns_lookups = c.lookups;
    out->dns_answers = c.answers;
    out->dns_nobody = c.nobody;
    out->dns_errors = c.errors;
    out->dns_timeouts = c.timeouts;
    out->dns_renewed = c.renewed;
}

mono_us loop_dns_ok_at(const struct loop *l)
{
    return dns_counters(l->dns).ok_at;
}

void loop_counters(const struct loop *l, struct loop_counters *out)
{
    *out = (struct loop_counters){.workers = l->workers_n};
    for (uint32_t i = 0; i < l->workers_n; i++) {
        add_worker(out, l->workers[i]);
        add_auth(out, &l->workers[i]->counters);
    }
    out->strangers = look(&l->auth.strangers);
    out->logins_none += look(&l->auth.passed);
    out->guests = look(&l->auth.guests);
    add_udp(out, udp_counters(l->udp));
    add_tcp(out, tcp_counters(l->tcp));
    add_dns(out, dns_counters(l->dns));
    out->connections_open = atomic_load(&l->world.connections);
    out->output_waiting = look(&l->world.out_waiting);
    out->input_kept = look(&l->world.kept.used);
    out->connections_max = l->world.connections_max;
    out->output_max = l->world.out_max;
    out->control_queue = mailbox_len(&l->commands);
    out->control_queue_max = l->commands.cap;
    out->huge_pages = look(&l->pages.huge);
    out->keyrings = l->keyrings;
    memcpy(out->events, l->events, sizeof out->events);
    out->workers_wedged = atomic_load_explicit(&l->wedged_now, memory_order_relaxed);
    out->wedged = atomic_load_explicit(&l->wedged_total, memory_order_relaxed);
    out->log_lines = look(&l->log.lines_total);
    out->log_suppressed = look(&l->log.suppressed_total);
    out->memory_fixed_bytes = l->fixed_bytes;
}
