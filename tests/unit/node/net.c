#include "net.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/client.h"

#define FLIGHTS_MAX  8192
#define TICKETS_MAX  65536
#define CODEC_MEMORY ((size_t)8 << 20)
#define CONN_BITS    20 /* of a conn id: what the opener calls it; above that who the opener is */

/** A datagram on its way. */
struct flight {
    size_t from, to;
    mono_us at;
    size_t len;
    uint8_t bytes[NODE_DATAGRAM_MAX];
};

static const char *const NAMES[NET_MAX] = {"a", "b", "c", "d", "e"};

/* ---- making ---- */

static void make_node(struct net *t, size_t i, uint8_t run)
{
    const struct net_cfg *cfg = &t->cfg;
    t->run[i] = run;
    rig_init(&t->at[i],
             &(struct rig_cfg){
                 .name = NAMES[i],
                 .key = 1,
                 .run = run,
                 .host = (uint8_t)(i + 1),
                 .seeded = cfg->n > 1,
                 .warm_up = cfg->warm_up,
                 .log_max = cfg->log_max,
                 .thin_max = cfg->thin_max,
                 .retired_max = cfg->retired_max,
                 .now = t->now,
                 .policies = {.at = cfg->policies,
                              .n = cfg->policies_n,
                              .expect = cfg->expect,
                              .fence_ms = cfg->fence_ms == 0 ? POLICY_FENCE_MS : cfg->fence_ms}});
    t->up[i] = true;
    t->left[i] = false;
}

struct net *net_new(const struct net_cfg *cfg)
{
    struct net *t = calloc(1, sizeof *t);
    struct arena arena;
    t->cfg = *cfg;
    t->n = cfg->n;
    t->now = US_PER_SEC;
    rng_init(&t->rng, 1);
    t->flights = calloc(FLIGHTS_MAX, sizeof *t->flights);
    t->replies = calloc(TICKETS_MAX, sizeof *t->replies);
    t->codec_memory = calloc(1, CODEC_MEMORY);
    arena_init(&arena, t->codec_memory, CODEC_MEMORY);
    t->codec = client_codec_new(&arena, 65536);
    cr_assert_not_null(t->codec);
    for (size_t i = 0; i < t->n; i++)
        make_node(t, i, cfg->clones ? 1 : (uint8_t)(i + 1));
    return t;
}

void net_free(struct net *t)
{
    for (size_t i = 0; i < t->n; i++)
        rig_fini(&t->at[i]);
    client_codec_free(t->codec);
    free(t->codec_memory);
    free(t->replies);
    free(t->flights);
    free(t);
}

void net_introduce(struct net *t, size_t i)
{
    struct addr names[NET_MAX];
    size_t n = 0;
    for (size_t k = 0; k < t->n; k++)
        if (k != i)
            names[n++] = t->at[k].addr;
    node_recv(
        t->at[i].node, t->now,
        &(struct node_in){.kind = NODE_IN_NAMES, .names = names, .names_n = n, .names_ttl_s = 30});
}

struct net *net_joined(const struct net_cfg *cfg)
{
    struct net *t = net_new(cfg);
    for (size_t i = 0; i < t->n; i++)
        net_introduce(t, i);
    net_run(t, 12 * US_PER_SEC);
    for (size_t i = 0; i < t->n; i++) {
        cr_assert_eq(node_state(t->at[i].node), NODE_READY);
        cr_assert_eq(rig_view(&t->at[i]).alive, cfg->clones ? 1 : t->n);
    }
    return t;
}

/* ---- the network ---- */

static bool reaches(const struct net *t, size_t from, size_t to)
{
    return t->up[from] && t->up[to] && !t->cut[from][to];
}

static size_t node_at(const struct net *t, const struct addr *addr)
{
    size_t i = 0;
    while (i < t->n && !addr_eq(&t->at[i].addr, addr))
        i++;
    return i;
}

static bool vanishes(const struct rig *from, const struct node_out *out)
{
    return from->swallows != 0 && out->bytes.len > from->swallows;
}

static void send_off(struct net *t, size_t from, const struct node_out *out)
{
    const size_t to = node_at(t, &out->to);
    if (to == t->n || !reaches(t, from, to) || vanishes(&t->at[from], out) ||
        rng_chance(&t->rng, t->loss))
        return;
    cr_assert(t->flights_n < FLIGHTS_MAX);
    struct flight *f = &t->flights[t->flights_n++];
    *f = (struct flight){.from = from, .to = to, .len = out->bytes.len};
    f->at = t->now + (t->delay_us == 0 ? 0 : rng_below(&t->rng, t->delay_us));
    memcpy(f->bytes, out->bytes.at, out->bytes.len);
}

static void down(struct net *t, size_t i, uint32_t conn)
{
    node_recv(t->at[i].node, t->now, &(struct node_in){.kind = NODE_IN_STREAM_DOWN, .conn = conn});
}

static void connect_to(struct net *t, size_t from, const struct node_out *out)
{
    const size_t to = node_at(t, &out->to);
    cr_assert(out->conn < 1U << CONN_BITS);
    if (to == t->n || !reaches(t, from, to) || !reaches(t, to, from)) {
        down(t, from, out->conn);
        return;
    }
    const uint32_t theirs = NODE_INBOUND | (uint32_t)from << CONN_BITS | out->conn;
    node_recv(
        t->at[to].node, t->now,
        &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = theirs, .from = t->at[from].addr});
    node_recv(
        t->at[from].node, t->now,
        &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = out->conn, .from = t->at[to].addr});
    t->at[from].stream_to[out->conn % RIG_STREAMS] = (uint8_t)to;
}

/** Who is at the other end of i's conn, and what it calls it. */
static size_t other_end(const struct net *t, size_t i, uint32_t conn, uint32_t *theirs)
{
    const uint32_t own = conn & ((1U << CONN_BITS) - 1);
    if ((conn & NODE_INBOUND) == 0) {
        *theirs = NODE_INBOUND | (uint32_t)i << CONN_BITS | own;
        return t->at[i].stream_to[own % RIG_STREAMS];
    }
    *theirs = own;
    return (conn & ~NODE_INBOUND) >> CONN_BITS;
}

static void carry_frame(struct net *t, size_t from, const struct node_out *out)
{
    uint32_t theirs = 0;
    const size_t to = other_end(t, from, out->conn, &theirs);
    if (!reaches(t, from, to) || !reaches(t, to, from)) {
        down(t, from, out->conn);
        return;
    }
    if (out->kind == NODE_OUT_HANGUP)
        down(t, to, theirs);
    else
        node_recv(t->at[to].node, t->now,
                  &(struct node_in){.kind = NODE_IN_STREAM, .conn = theirs, .bytes = out->bytes});
}

/* ---- replies ---- */

static void append(char *text, const char *sep, struct slice word, const char *more)
{
    const size_t len = strlen(text);
    cr_assert(len + word.len + strlen(more) + 2 < NET_LETTER);
    (void)snprintf(text + len, NET_LETTER - len, "%s%.*s%s", len == 0 ? "" : sep, (int)word.len,
                   (const char *)word.at, more);
}

static const char *word_of(const struct node_traced *row)
{
    static const char *const WORDS[] = {[TRACE_UNKNOWN] = ":unknown",
                                        [TRACE_MISSING] = ":missing",
                                        [TRACE_COVERED] = ":covered",
                                        [TRACE_APPLIED] = ":applied",
                                        [TRACE_BARRED] = ":barred"};
    return row->silent ? ":silent" : WORDS[row->state];
}

static void keep_surveyed(struct net_reply *r, const struct node_surveyed *row)
{
    char text[64] = ":silent";
    uint64_t heard = 0, covered = 0;
    for (size_t i = 0; i < row->heard_n; i++) {
        heard += row->heard[i].heard;
        covered += row->heard[i].covered;
    }
    if (!row->silent)
        (void)snprintf(text, sizeof text, ":%llu/%llu", (unsigned long long)covered,
                       (unsigned long long)heard);
    append(r->traced, ",", row->name, text);
}

static void keep_reply(struct net *t, const struct node_reply *reply)
{
    struct net_reply *r = &t->replies[reply->ticket];
    cr_assert(reply->ticket < TICKETS_MAX && !r->came, "each command is answered once");
    *r = (struct net_reply){
        .came = true,
        .err = reply->err,
        .stamp = {.epoch = reply->epoch, .seq = reply->seq, .count = reply->count},
        .index = reply->index,
        .ended = reply->ended,
        .reached = reply->reached,
        .at = t->now};
    for (size_t i = 0; i < reply->applied_n; i++)
        append(r->applied, ",", reply->applied[i], "");
    for (size_t i = 0; i < reply->missing_n; i++)
        append(r->missing, ",", reply->missing[i], "");
    for (size_t i = 0; i < reply->surveyed_n; i++)
        keep_surveyed(r, &reply->surveyed[i]);
    for (size_t i = 0; i < reply->traced_n; i++) {
        append(r->traced, ",", reply->traced[i].name, word_of(&reply->traced[i]));
        append(r->traced, "", slice_text(reply->traced[i].acked ? "+" : ""), "");
        const struct node_traced *row = &reply->traced[i];
        r->waited_us = row->wait_us > r->waited_us ? row->wait_us : r->waited_us;
        const uint64_t late = row->timed ? row->late.late_us - row->late.error_us : 0;
        r->late_us = late > r->late_us ? late : r->late_us;
    }
}

static void take(struct net *t, size_t i, const struct node_out *out)
{
    switch (out->kind) {
    case NODE_OUT_DATAGRAM:
        send_off(t, i, out);
        break;
    case NODE_OUT_CONNECT:
        connect_to(t, i, out);
        break;
    case NODE_OUT_STREAM:
    case NODE_OUT_HANGUP:
        carry_frame(t, i, out);
        break;
    case NODE_OUT_REPLY:
        keep_reply(t, &out->reply);
        break;
    case NODE_OUT_APPLIED:
        t->applied_n[i]++;
        t->everything_n[i] += out->applied.everything;
        break;
    case NODE_OUT_RESOLVE:
        net_introduce(t, i);
        break;
    case NODE_OUT_DRIFTED:
    case NODE_OUT_WINDOWS:
    case NODE_OUT_ROTATED:
        break;
    case NODE_OUT_WARMED:
        t->warmed_n[i]++;
        t->warmed = out->warmed;
        break;
    case NODE_OUT_LEFT:
        t->left[i] = true;
        break;
    default:
        break;
    }
}

/* ---- time ---- */

static bool drain(struct net *t)
{
    struct node_out out;
    bool any = false;
    for (size_t i = 0; i < t->n; i++)
        while (t->up[i] && node_poll(t->at[i].node, t->now, &out)) {
            take(t, i, &out);
            any = true;
        }
    return any;
}

/** Deliver what has arrived by now. A swap changes the order: so does the network. */
static bool deliver(struct net *t)
{
    bool any = false;
    for (size_t k = 0; k < t->flights_n;) {
        struct flight f = t->flights[k];
        if (f.at > t->now) {
            k++;
            continue;
        }
        t->flights[k] = t->flights[--t->flights_n];
        any = true;
        if (reaches(t, f.from, f.to))
            rig_datagram(&t->at[f.to], &t->at[f.from].addr, slice_of(f.bytes, f.len));
    }
    return any;
}

static void settle(struct net *t)
{
    for (size_t i = 0; i < t->n; i++) {
        t->at[i].now = t->now;
        if (t->up[i])
            node_tick(t->at[i].node, t->now);
    }
    while (drain(t) || deliver(t)) {
    }
}

static mono_us next_time(const struct net *t)
{
    mono_us at = NEVER;
    for (size_t i = 0; i < t->n; i++)
        if (t->up[i])
            at = time_min(at, node_deadline(t->at[i].node));
    for (size_t k = 0; k < t->flights_n; k++)
        at = time_min(at, t->flights[k].at);
    return time_max(at, t->now + 1);
}

static bool step(struct net *t, mono_us until)
{
    t->now = time_min(until, next_time(t));
    settle(t);
    return t->now < until;
}

void net_run(struct net *t, uint64_t us)
{
    const mono_us until = t->now + us;
    settle(t);
    while (step(t, until)) {
    }
}

bool net_await(struct net *t, uint64_t ticket, uint64_t us)
{
    const mono_us until = t->now + us;
    settle(t);
    while (!t->replies[ticket].came && step(t, until)) {
    }
    return t->replies[ticket].came;
}

void net_isolate(struct net *t, size_t i, bool cut)
{
    for (size_t k = 0; k < t->n; k++)
        t->cut[i][k] = t->cut[k][i] = cut && k != i;
}

void net_kill(struct net *t, size_t i)
{
    t->up[i] = false;
}

void net_restart(struct net *t, size_t i)
{
    const uint8_t run = (uint8_t)(t->run[i] + 16);
    rig_fini(&t->at[i]);
    make_node(t, i, run);
    net_introduce(t, i);
}

/* ---- commands ---- */

struct node_target net_target(struct net *t, enum dot_kind kind, const char *name)
{
    const struct hkey *hkey = &cache_config(t->at[0].cache)->hkey;
    const enum target_class class = kind == DOT_TAG ? TARGET_TAG : TARGET_KEY;
    return (struct node_target){
        .kind = kind,
        .hash = kind == DOT_ALL ? 0 : hash_target(hkey, class, slice_text(""), slice_text(name)),
        .ns = slice_text(""),
        .target = slice_text(name)};
}

uint64_t net_command(struct net *t, size_t i, struct node_command c)
{
    c.ticket = ++t->tickets;
    t->at[i].now = t->now;
    node_recv(t->at[i].node, t->now, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &c});
    drain(t);
    return c.ticket;
}

uint64_t net_invalidate(struct net *t, size_t i, const char *key, struct client_ack ack,
                        uint64_t timeout_us)
{
    const struct node_target target = net_target(t, DOT_KEY, key);
    return net_command(
        t, i,
        (struct node_command){
            .targets = &target, .targets_n = 1, .ack = ack, .timeout_us = timeout_us});
}

uint64_t net_about(struct net *t, size_t i, enum node_ask ask, const struct stamp *stamp)
{
    return net_command(t, i, (struct node_command){.ask = ask, .stamps = {*stamp}, .stamps_n = 1});
}

/* ---- clients ---- */

static mono_us clock_of(void *ctx)
{
    const struct net *t = ctx;
    return t->now;
}

static struct command_ctx ctx_of(struct net *t, size_t i)
{
    static struct policies policies; /* of the last node asked */
    policies =
        (struct policies){.at = t->cfg.policies,
                          .n = t->cfg.policies_n,
                          .expect = t->cfg.expect,
                          .fence_ms = t->cfg.fence_ms == 0 ? POLICY_FENCE_MS : t->cfg.fence_ms};
    return (struct command_ctx){.cache = t->at[i].cache,
                                .node_name = slice_text(NAMES[i]),
                                .cluster = slice_text("test"),
                                .policies = &policies,
                                .clock = clock_of,
                                .clock_ctx = t};
}

static struct client_reply read_reply(struct net *t, const struct writer *w)
{
    struct client_reply reply;
    struct client_fault fault;
    struct slice frame;
    size_t need;
    cr_assert_eq(w->err, OK);
    cr_assert_eq(client_frame(t->codec, writer_slice(w), &frame, &need, &fault), OK);
    cr_assert_eq(client_reply_decode(t->codec, frame, &reply), OK);
    return reply;
}

static struct net_got read_got(struct net *t, const struct writer *w)
{
    struct client_got got;
    struct net_got copy = {.waits = false};
    const struct client_reply reply = read_reply(t, w);
    cr_assert_eq(client_got_decode(t->codec, reply.result, &got), OK);
    copy.status = got.status;
    copy.has_proof = got.has_proof;
    copy.proof_ms = got.proof_ms;
    copy.token_len = got.token.len;
    cr_assert(got.value.len < sizeof copy.value && got.token.len <= sizeof copy.token);
    if (got.value.len > 0)
        memcpy(copy.value, got.value.at, got.value.len);
    if (got.token.len > 0)
        memcpy(copy.token, got.token.at, got.token.len);
    return copy;
}

struct net_got net_get(struct net *t, size_t i, struct net_get ask)
{
    static uint64_t callers = 1000;
    struct command_issue issue;
    const struct command_ctx ctx = ctx_of(t, i);
    const struct command_call call = {.now = t->now,
                                      .caller = ask.caller == 0 ? ++callers : ask.caller,
                                      .waited = ask.waited,
                                      .has_after = ask.has_after,
                                      .after = ask.after};
    const struct client_request request = {
        .op = OP_GET,
        .fill = {.key = slice_text(ask.key)},
        .read = {.stale = ask.stale, .wait_ms = ask.wait_ms, .within_ms = ask.within_ms}};
    struct writer w = writer_of(t->out, sizeof t->out);
    const enum command_step step = command_run(&ctx, &call, &request, &w, &issue);
    if (step == COMMAND_WAIT) {
        cr_assert_eq(w.len, 0);
        return (struct net_got){.waits = true};
    }
    cr_assert_eq(step, COMMAND_DONE);
    return read_got(t, &w);
}

const char *net_fill(struct net *t, size_t i, const char *key, const char *value,
                     const struct net_got *miss)
{
    const struct slice token = slice_of(miss->token, miss->token_len);
    const struct cache_item item = {.value = slice_text(value)};
    struct cache_key k;
    cr_assert_eq(cache_key(t->at[i].cache, slice_text(""), slice_text(key), &k), OK);
    const enum cache_reason reason = cache_fill(t->at[i].cache, t->now, &k, &item, token);
    return reason == CACHE_STORED ? NULL : cache_reason_text(reason);
}

void net_store(struct net *t, size_t i, const char *key, const char *value)
{
    static uint64_t callers = 1ULL << 32;
    const struct net_got miss = net_get(t, i, (struct net_get){.key = key, .caller = ++callers});
    cr_assert_eq(miss.status, STATUS_MISS);
    cr_assert_gt(miss.token_len, 0);
    const char *reason = net_fill(t, i, key, value, &miss);
    cr_assert_null(reason, "%s", reason);
}

bool net_holds(struct net *t, size_t i, const char *key, const char *value)
{
    const struct net_got got = net_get(t, i, (struct net_get){.key = key});
    return got.status == STATUS_HIT && strcmp(got.value, value) == 0;
}
