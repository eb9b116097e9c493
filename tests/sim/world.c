#include "world.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "wire/peer.h"

#include "process.h"

#define CODEC_MEMORY (1U << 20)
#define SWEEP_EVERY  8 /* events between two steps of a sweep */

struct sim_cfg sim_defaults(uint64_t seed)
{
    return (struct sim_cfg){.seed = seed,
                            .nodes = 3,
                            .keys = 192,
                            .watch = -1,
                            .warm_up = true,
                            .log_max = 4096,
                            .origins_max = 256,
                            .windows_max = 64,
                            .tombstones_max = 64,
                            .thin_max = 16384,
                            .more_bytes = 1U << 16,
                            .retired_max = 256,
                            .checkpoints_max = 128,
                            .recent_max = 1024,
                            .cache_recent = 1024,
                            .budget_bytes = 1U << 20,
                            .fence_ms = POLICY_FENCE_MS};
}

static void make_ring(struct sim *s)
{
    static const char FILE_TEXT[] = "sim AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    struct keyring_fault fault;
    if (!s->cfg.sealed)
        return;
    const enum err err = keyring_parse(slice_text(FILE_TEXT), &s->ring, &fault);
    assert(err == OK);
}

/* One stream of random numbers for each concern: leaving one fault out does not move the others. */
static void make_streams(struct sim *s)
{
    struct rng *const streams[] = {&s->boot_rng, &s->link_rng,  &s->dns_rng,  &s->stream_rng,
                                   &s->rest_rng, &s->work.rng,  &s->loss_rng, &s->dup_rng,
                                   &s->flip_rng, &s->replay_rng};
    struct rng root;
    rng_init(&root, s->cfg.seed);
    source_init(&s->source, rng_next(&root), s->cfg.keys);
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        rng_init(streams[i], rng_next(&root));
}

static void make_node(struct sim *s, uint32_t i)
{
    struct sim_node *node = &s->nodes[i];
    const uint32_t n = s->cfg.nodes;
    node->i = i;
    node->foreign = i >= n;
    node->rate_at = node->rate_local_at = s->now;
    /* Of the strangers the first has the name of one of us. */
    if (node->foreign && i > n)
        snprintf(node->name, sizeof node->name, "x%u", i - n);
    else
        snprintf(node->name, sizeof node->name, "n%u", node->foreign ? 0 : i);
    assert(n > 0 && s->cfg.keys > 0);
    node->checks.members = calloc(n, sizeof *node->checks.members);
    node->keys = calloc(s->cfg.keys, sizeof *node->keys);
    node->debts = calloc(SIM_SLOTS, sizeof *node->debts);
    node->events = calloc((size_t)n * SIM_EVENTS, sizeof *node->events);
    assert(node->keys != NULL && node->checks.members != NULL && node->debts != NULL &&
           node->events != NULL);
    s->wake[i] = NEVER;
    s->dns.seen[i] = UINT64_MAX;
}

static void make_policies(struct sim *s)
{
    s->policies =
        (struct policies){.at = s->policy, .expect = s->cfg.expect, .fence_ms = s->cfg.fence_ms};
    for (uint32_t ns = 0; ns < SOURCE_NAMESPACES; ns++)
        if ((s->cfg.strict_ns >> ns & 1) != 0)
            s->policy[s->policies.n++] = (struct policy){.ns = source_ns(ns), .strict = true};
}

static void make_codec(struct sim *s)
{
    struct arena arena;
    s->codec_memory = calloc(1, CODEC_MEMORY);
    assert(s->codec_memory != NULL);
    arena_init(&arena, s->codec_memory, CODEC_MEMORY);
    s->codec = peer_codec_new(&arena);
    assert(s->codec != NULL);
}

struct sim *sim_new(const struct sim_cfg *cfg)
{
    assert(cfg->nodes >= 1 && cfg->nodes <= SIM_NODES_MAX - SIM_STRANGERS);
    struct sim *s = calloc(1, sizeof *s);
    assert(s != NULL);
    s->cfg = *cfg;
    s->now = SIM_START;
    s->hkey = hash_cluster_key(slice_text(SIM_CLUSTER));
    s->all = cfg->nodes + (cfg->strangers ? SIM_STRANGERS : 0);
    s->core = UINT64_MAX;
    s->links = calloc((size_t)s->all * s->all, sizeof *s->links);
    s->dns.seen = calloc(s->all, sizeof *s->dns.seen);
    assert(s->links != NULL && s->dns.seen != NULL);
    make_ring(s);
    make_streams(s);
    make_policies(s);
    promises_init(s);
    readers_init(s);
    batches_init(s);
    for (uint32_t i = 0; i < s->all; i++)
        make_node(s, i);
    make_codec(s);
    link_set_all(s, &(struct link){.delay_min_us = SIM_DELAY_MIN_US,
                                   .delay_mean_us = SIM_DELAY_MEAN_US,
                                   .capacity = SIM_CAPACITY});
    return s;
}

static void free_node(struct sim *s, struct sim_node *n)
{
    process_end(s, n);
    process_free(n);
    gifts_free(&n->gifts);
    oracle_end(n);
    free(n->checks.members);
    free(n->debts);
    free(n->keys);
    free(n->events);
}

void sim_free(struct sim *s)
{
    for (uint32_t i = 0; i < s->all; i++)
        free_node(s, &s->nodes[i]);
    for (uint32_t i = 0; i < s->runs_n; i++)
        free(s->runs[i].dots);
    queue_free(&s->queue);
    conns_free(&s->conns);
    link_fini(s);
    acts_fini(s);
    promises_free(s);
    readers_free(s);
    batches_free(s);
    source_free(&s->source);
    keyring_fini(&s->ring);
    keys_free(s);
    peer_codec_free(s->codec);
    free(s->codec_memory);
    free(s->runs);
    free(s->links);
    free(s->dns.seen);
    free(s);
}

static void __attribute__((format(printf, 3, 0)))
fail(struct sim *s, enum check check, const char *format, va_list args)
{
    if (s->failed)
        return;
    s->failed = true;
    s->check = check;
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14, when given many files */
    vsnprintf(s->why, sizeof s->why, format, args);
}

void sim_violate(struct sim *s, enum check check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14, when given many files */
    fail(s, check, format, args);
    va_end(args);
}

void sim_fail(struct sim *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): as above */
    fail(s, CHECK_CLAIM, format, args);
    va_end(args);
}

struct event *sim_plan(struct sim *s, mono_us at, enum event_kind kind, uint32_t node)
{
    struct event *e = queue_event(&s->queue);
    e->at = at;
    e->kind = kind;
    e->node = node;
    queue_add(&s->queue, e);
    return e;
}

/* ---- clocks ---- */

void sim_clock_rate(struct sim *s, uint32_t i, int32_t ppm)
{
    struct sim_node *n = &s->nodes[i];
    n->rate_local_at = sim_local(s, i);
    n->rate_at = s->now;
    n->rate_ppm = ppm;
}

static mono_us local_of(const struct sim_node *n, mono_us now)
{
    const int64_t since = (int64_t)(now - n->rate_at);
    return n->rate_local_at + (uint64_t)(since + since * n->rate_ppm / 1000000);
}

mono_us sim_local(const struct sim *s, uint32_t i)
{
    const struct sim_node *n = &s->nodes[i];
    return n->rate_ppm == 0 && n->rate_at == n->rate_local_at ? s->now : local_of(n, s->now);
}

mono_us sim_world_time(const struct sim *s, uint32_t i, mono_us local)
{
    const struct sim_node *n = &s->nodes[i];
    if (local == NEVER || local <= n->rate_local_at)
        return time_min(local, n->rate_at);
    const int64_t since = (int64_t)(local - n->rate_local_at);
    mono_us at = n->rate_at + (uint64_t)(since - since * n->rate_ppm / (1000000 + n->rate_ppm));
    while (local_of(n, at) < local)
        at++;
    while (at > n->rate_at && local_of(n, at - 1) >= local)
        at--;
    return at;
}

/* ---- what a node says ---- */

static void note_event(struct sim *s, struct sim_node *n, const struct node_out *out)
{
    const uint32_t about = sim_named(s, out->member.name);
    n->checks.told = true;
    sim_checked(s, CHECK_EVENTS);
    if (about == UINT32_MAX || (uint32_t)out->event >= SIM_EVENTS) {
        sim_violate(s, CHECK_EVENTS, "n%u tells of a member that never was", n->i);
        return;
    }
    struct sim_tally *tally = sim_events(s, n->i, about, out->event);
    tally->n++;
    tally->last_at = s->now;
    if (out->event == SWIM_FAIL)
        checks_failed(s, n, about);
    trace_number(&s->trace, (uint64_t)out->event << 32 | about);
}

static void hear_output(struct sim *s, struct sim_node *n, const struct node_out *out)
{
    trace_number(&s->trace, (uint64_t)out->kind << 32 | out->conn);
    switch (out->kind) {
    case NODE_OUT_DATAGRAM:
        trace_packet(&s->trace, out->bytes);
        link_send(s, n->i, &out->to, out->bytes);
        break;
    case NODE_OUT_CONNECT:
        conn_open(s, n->i, out->conn, &out->to);
        break;
    case NODE_OUT_STREAM:
        trace_bytes(&s->trace, out->bytes);
        checks_frame(s, n, out->bytes);
        conn_send(s, n->i, out->conn, out->bytes, gifts_said(s, n));
        break;
    case NODE_OUT_HANGUP:
        conn_hangup(s, n->i, out->conn);
        break;
    case NODE_OUT_REPLY:
        workload_reply(s, n, &out->reply);
        break;
    case NODE_OUT_APPLIED:
        if (n->foreign)
            sim_violate(s, CHECK_S7, "a node of another cluster applied a dot of ours");
        else if (out->applied.everything)
            oracle_everything(s, n);
        else
            oracle_applied(s, n, &out->applied.dot);
        break;
    case NODE_OUT_RESOLVE:
        dns_ask(s, n->i);
        break;
    case NODE_OUT_EVENT:
        if (!n->foreign)
            note_event(s, n, out);
        break;
    case NODE_OUT_STATE:
    case NODE_OUT_WARMED:
    case NODE_OUT_DRIFTED:
    case NODE_OUT_WINDOWS:
    case NODE_OUT_ROTATED:
        break;
    case NODE_OUT_LEFT:
        n->left = true;
        break;
    }
}

/* Tick, drain, read the deadline. Returns: how much the node had to say. */
static uint32_t drain(struct sim *s, struct sim_node *n)
{
    struct node_out out;
    uint32_t outputs = 0;
    uint32_t flowing = 0; /* applied dots, and frames: an answer on a stream is composed whole */
    const mono_us local = sim_local(s, n->i);
    const uint32_t most = CHECKS_OUTPUTS_MAX * (n->inputs + 1);
    const uint32_t said_most = (CHECKS_SAID_MAX + s->all) * (n->inputs + 1);
    n->inputs = 0;
    node_heartbeat(n->node, local);
    node_tick(n->node, local);
    if (s->counters.events % SWEEP_EVERY == 0) /* what workers do now and then */
        (void)cache_step(n->cache, local);
    while (!s->failed && outputs <= most && node_poll(n->node, local, &out)) {
        hear_output(s, n, &out);
        outputs++;
        flowing += out.kind == NODE_OUT_APPLIED || out.kind == NODE_OUT_STREAM;
    }
    sim_checked(s, CHECK_S15);
    if (outputs > most)
        sim_violate(s, CHECK_S15,
                    "n%u: more than %u outputs of one event, %u of them applied dots and frames",
                    n->i, most, flowing);
    if (outputs - flowing > said_most)
        sim_violate(s, CHECK_S15,
                    "n%u says %u things after one event, beside applied dots and frames", n->i,
                    outputs - flowing);
    if (!s->failed)
        s->wake[n->i] = sim_world_time(s, n->i, node_deadline(n->node));
    return outputs;
}

void sim_settle(struct sim *s, struct sim_node *n)
{
    drain(s, n);
    if (s->failed)
        return;
    if (!n->foreign)
        checks_after(s, n);
    if (n->left)
        process_exit(s, n);
}

/* A deadline at which the node says nothing is followed by another one, and that is all. */
static void settle_tick(struct sim *s, struct sim_node *n)
{
    const uint32_t outputs = drain(s, n);
    if (s->failed || n->foreign)
        return;
    if (outputs > 0)
        checks_after(s, n);
    else
        checks_idle(s, n);
    if (n->left)
        process_exit(s, n);
}

void sim_input(struct sim *s, uint32_t i, const struct node_in *in)
{
    struct sim_node *n = &s->nodes[i];
    assert(n->up);
    node_recv(n->node, sim_local(s, i), in);
    sim_settle(s, n);
}

/* ---- one event ---- */

bool sim_happen(struct sim *s, struct event *e)
{
    switch (e->kind) {
    case EVENT_DATAGRAM:
    case EVENT_REFUSED:
    case EVENT_TOO_BIG:
        return link_arrive(s, e);
    case EVENT_CONNECT:
    case EVENT_STREAM_UP:
    case EVENT_STREAM_FAIL:
    case EVENT_FRAME:
        return conn_event(s, e);
    case EVENT_NAMES:
        return dns_answer(s, e);
    case EVENT_OP:
    case EVENT_FETCH:
    case EVENT_FILL:
    case EVENT_ISSUE:
    case EVENT_STORE:
    case EVENT_CLIENT:
        return workload_event(s, e);
    case EVENT_THAW:
        if (e->run == s->nodes[e->node].run)
            process_thaw(s, &s->nodes[e->node]);
        return false;
    case EVENT_BOOT:
        process_boot(s, &s->nodes[e->node], e->b);
        return false;
    case EVENT_ACT:
    case EVENT_STORM:
        acts_event(s, e);
        return false;
    case EVENT_READ:
        return keys_read(s, e);
    }
    return false;
}

/* Everything that the process itself would have to do waits while it is stopped. */
static bool must_wait(const struct sim_node *n, const struct event *e)
{
    if (!n->frozen)
        return false;
    return e->kind != EVENT_THAW && e->kind != EVENT_BOOT && e->kind != EVENT_ACT &&
           e->kind != EVENT_STORM && e->kind != EVENT_CONNECT;
}

static void step_event(struct sim *s, struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    const struct packet *packet = e->kind == EVENT_DATAGRAM ? e->p : NULL;
    const struct trace_line line = {.at = s->now,
                                    .event_n = s->counters.events,
                                    .kind = e->kind,
                                    .type = packet == NULL || s->cfg.sealed
                                                ? 0
                                                : checks_type(slice_of(packet->bytes, packet->len)),
                                    .node = e->node,
                                    .a = packet == NULL ? e->a : packet->from,
                                    .b = packet == NULL ? e->b : packet->len};
    trace_line(&s->trace, &line);
    if (must_wait(n, e)) {
        process_hold(s, n, e);
        return;
    }
    const bool touched = sim_happen(s, e);
    if (touched && n->up && !s->failed)
        sim_settle(s, n);
    event_free(&s->queue, e);
}

static uint32_t next_wake(const struct sim *s)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < s->all; i++)
        if (s->wake[i] < s->wake[first])
            first = i;
    return first;
}

static void step_tick(struct sim *s, uint32_t i)
{
    const struct trace_line line = {
        .at = s->now, .event_n = s->counters.events, .tick = true, .node = i};
    trace_line(&s->trace, &line);
    settle_tick(s, &s->nodes[i]);
}

/* What happens next: a deadline, or an event. */
struct next {
    uint32_t waking; /* the node with the first deadline */
    mono_us queued_at, at;
};

static struct next next_of(const struct sim *s)
{
    struct next next = {.waking = next_wake(s), .queued_at = queue_next_at(&s->queue)};
    next.at = time_min(next.queued_at, s->wake[next.waking]);
    return next;
}

static void step(struct sim *s, const struct next *next)
{
    s->now = time_max(s->now, next->at);
    s->counters.events++;
    sim_checked(s, CHECK_ASSERT); /* those of the core, whatever it does */
    /* Sockets before timers, as the real loop has it: an ACK that is there beats its timeout. */
    if (next->queued_at <= s->wake[next->waking])
        step_event(s, queue_take(&s->queue));
    else
        step_tick(s, next->waking);
}

bool sim_step(struct sim *s)
{
    const struct next next = next_of(s);
    if (s->failed || next.at == NEVER)
        return false;
    step(s, &next);
    return !s->failed;
}

void sim_run(struct sim *s, uint64_t us)
{
    const mono_us end = s->now + us;
    struct next next = next_of(s);
    for (; !s->failed && next.at <= end; next = next_of(s))
        step(s, &next);
    s->now = time_max(s->now, end);
}

bool sim_run_until(struct sim *s, sim_predicate *holds, void *ctx, uint64_t limit_us)
{
    const mono_us end = s->now + limit_us;
    while (!s->failed && !holds(s, ctx)) {
        const struct next next = next_of(s);
        if (next.at > end) {
            s->now = time_max(s->now, end);
            return !s->failed && holds(s, ctx);
        }
        step(s, &next);
    }
    return !s->failed;
}
