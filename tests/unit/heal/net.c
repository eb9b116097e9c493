#include "net.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MEM_LEN (16U << 20)

static const struct hkey hkey = {.bytes = {7}};

uint64_t test_seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 20240607 : strtoull(text, NULL, 10);
}

struct net_cfg net_cfg_small(void)
{
    return (struct net_cfg){.nodes = 2,
                            .log_max = 16384,
                            .origins_max = 1024,
                            .heal = {.seed = 5,
                                     .peers_max = 8,
                                     .pulls_max = 256,
                                     .t_gap_us = 2 * US_PER_SEC,
                                     .pull_grace_us = 5 * MS,
                                     .pull_min_us = 10 * MS,
                                     .exchange_us = US_PER_SEC,
                                     .answer_datagrams = 4}};
}

static void make_node(struct net *net, size_t i)
{
    struct net_node *n = &net->node[i];
    const struct ledger_cfg ledger_cfg = {.hkey = hkey,
                                          .epoch = EPOCH(i),
                                          .origins_max = net->cfg.origins_max,
                                          .windows_max = net->cfg.origins_max,
                                          .log_max = net->cfg.log_max};
    struct heal_cfg heal_cfg = net->cfg.heal;
    struct arena arena;
    heal_cfg.seed += i;
    n->mem = calloc(1, MEM_LEN);
    cr_assert_not_null(n->mem);
    arena_init(&arena, n->mem, MEM_LEN);
    n->ledger = ledger_new(&arena, &ledger_cfg);
    cr_assert_not_null(n->ledger);
    n->heal = heal_new(&arena, &heal_cfg, n->ledger);
    cr_assert_not_null(n->heal);
    for (size_t other = 0; other < net->cfg.nodes; other++) {
        if (other != i)
            cr_assert_eq(heal_peer_up(n->heal, other + 1, EPOCH(other)), OK);
    }
}

struct net net_make(const struct net_cfg *cfg)
{
    struct net net = {.cfg = *cfg, .packets = calloc(PACKETS_MAX, sizeof(struct packet))};
    cr_assert_not_null(net.packets);
    rng_init(&net.rng, test_seed());
    for (size_t i = 0; i < cfg->nodes; i++)
        make_node(&net, i);
    return net;
}

void net_drop(struct net *net)
{
    for (size_t i = 0; i < net->cfg.nodes; i++)
        free(net->node[i].mem);
    free(net->packets);
}

static struct dot dot_of(uint64_t epoch, uint64_t seq)
{
    return (struct dot){.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = epoch * 31 + seq};
}

void net_issue(struct net *net, size_t i, uint64_t n)
{
    for (uint64_t k = 0; k < n; k++) {
        struct dot d = dot_of(0, 0);
        ledger_issue(net->node[i].ledger, net->now, &d);
        d.hash = d.epoch * 31 + d.seq;
        ledger_cover(net->node[i].ledger, &d);
    }
}

/** Returns: was it fresh and is it covered now? */
static bool take(struct net_node *n, mono_us now, const struct dot *d)
{
    if (ledger_take(n->ledger, now, d).verdict != LEDGER_FRESH)
        return false;
    ledger_cover(n->ledger, d);
    return true;
}

void net_take(struct net *net, size_t i, uint64_t epoch, uint64_t seq)
{
    const struct dot d = dot_of(epoch, seq);
    cr_assert(take(&net->node[i], net->now, &d));
}

/* ---- sending ---- */

static void trace(struct net *net, uint64_t value)
{
    net->trace = hash_pair(&hkey, net->trace, value);
}

static struct slice keep(struct packet *p, size_t *used, struct slice bytes)
{
    cr_assert_leq(*used + bytes.len, sizeof(p->bytes));
    uint8_t *at = p->bytes + *used;
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    *used += bytes.len;
    return slice_of(at, bytes.len);
}

static void keep_slices(struct packet *p)
{
    size_t used = 0;
    p->msg.dots = keep(p, &used, p->msg.dots);
    if (p->msg.type != PEER_HEADS)
        return;
    p->msg.args.heads.groups = keep(p, &used, p->msg.args.heads.groups);
    p->msg.args.heads.covers = keep(p, &used, p->msg.args.heads.covers);
}

static void post(struct net *net, size_t from, size_t to, const struct peer_msg *m)
{
    struct net_node *n = &net->node[from];
    cr_assert_lt(to, net->cfg.nodes);
    n->sent[m->type]++;
    trace(net, net->now << 16 | from << 12 | to << 8 | m->type);
    if (rng_chance(&net->rng, net->cfg.loss))
        return;
    cr_assert_lt(net->packets_n, (size_t)PACKETS_MAX);
    struct packet *p = &net->packets[(net->packets_at + net->packets_n++) % PACKETS_MAX];
    p->at = net->now + DELAY_US;
    p->from = from;
    p->to = to;
    p->msg = *m;
    p->msg.head = ledger_head(n->ledger);
    p->msg.vector_hash = ledger_vector_hash(n->ledger);
    keep_slices(p);
}

void net_greet(struct net *net, size_t from, size_t to)
{
    static struct peer_msg greeting;
    greeting.type = PEER_GOSSIP;
    post(net, from, to, &greeting);
}

/** Serve a whole range by a stream that takes no time. */
static void stream(struct net *net, size_t to, struct dot_range range)
{
    struct net_node *asker = &net->node[to];
    const struct net_node *server = &net->node[to == 0 ? 1 : 0];
    static uint8_t buf[60000];
    struct peer_ranges gone = {0};
    cr_assert_gt(net->cfg.nodes, 1);
    size_t left = 1;
    while (left > 0) {
        struct dots_writer w = dots_writer_of(buf, sizeof(buf));
        struct dot d;
        left = heal_answer(server->ledger, &range, left, &w, &gone);
        struct dots_reader r = dots_reader_of(dots_slice(&w));
        while (dots_next(&r, &d)) {
            if (take(asker, net->now, &d))
                heal_pulled(asker->heal, &d);
        }
    }
}

static void carry_out(struct net *net, size_t i, const struct heal_out *out)
{
    struct net_node *n = &net->node[i];
    uint64_t closed = 0;
    switch (out->kind) {
    case HEAL_SEND:
        post(net, i, out->to - 1, out->msg);
        break;
    case HEAL_STREAM:
        n->streams++;
        trace(net, net->now);
        if (net->cfg.streams)
            stream(net, i, out->range);
        break;
    case HEAL_CLOSE:
        ledger_close(n->ledger, out->range.epoch, out->range.lo, out->range.hi, &closed);
        n->closings++;
        n->closed += closed;
        break;
    }
}

static void turn(struct net *net, size_t i)
{
    struct heal *h = net->node[i].heal;
    struct heal_out out;
    if (net->cfg.always || heal_deadline(h) <= net->now)
        heal_tick(h, net->now);
    while (heal_poll(h, net->now, &out))
        carry_out(net, i, &out);
}

/* ---- receiving ---- */

static void take_dots(struct net *net, struct net_node *n, const struct packet *p)
{
    struct dots_reader r = dots_reader_of(p->msg.dots);
    struct dot d;
    while (dots_next(&r, &d)) {
        if (take(n, net->now, &d) && p->msg.type == PEER_DOTS)
            heal_pulled(n->heal, &d);
    }
    cr_assert_eq(dots_end(&r), OK);
}

static void receive(struct net *net, const struct packet *p)
{
    struct net_node *n = &net->node[p->to];
    const uint64_t from = p->from + 1;
    enum err err = heal_header(n->heal, net->now, from, EPOCH(p->from), &p->msg);
    if (p->msg.type == PEER_HEADS && err == OK)
        err = heal_heads(n->heal, net->now, from, &p->msg.args.heads);
    if (p->msg.type == PEER_PULL)
        heal_pull(n->heal, net->now, from, &p->msg.args.ranges);
    if (p->msg.type == PEER_GONE)
        heal_gone(n->heal, net->now, from, &p->msg.args.ranges);
    take_dots(net, n, p);
    if (err == ERR_FULL) {
        ledger_advance(n->ledger);
        n->whole_bar++;
    } else {
        cr_assert_eq(err, OK);
    }
    turn(net, p->to);
}

static void step(struct net *net, uint64_t greet_us)
{
    while (net->packets_n > 0 && net->packets[net->packets_at].at <= net->now) {
        const size_t at = net->packets_at;
        net->packets_at = (at + 1) % PACKETS_MAX;
        net->packets_n--;
        receive(net, &net->packets[at]);
    }
    for (size_t i = 0; i < net->cfg.nodes; i++) {
        for (size_t to = 0; to < net->cfg.nodes; to++) {
            if (i != to && greet_us != 0 && net->now % greet_us == 0)
                net_greet(net, i, to);
        }
        turn(net, i);
    }
    net->now += STEP_US;
}

void net_run(struct net *net, uint64_t us, uint64_t greet_us)
{
    for (uint64_t i = 0; i < us / STEP_US; i++)
        step(net, greet_us);
}

bool net_equal(const struct net *net)
{
    for (size_t i = 0; i < net->cfg.nodes; i++) {
        if (ledger_gaps(net->node[i].ledger) > 0 ||
            ledger_vector_hash(net->node[i].ledger) != ledger_vector_hash(net->node[0].ledger))
            return false;
    }
    return true;
}

uint64_t net_settle(struct net *net, uint64_t limit_us)
{
    const mono_us start = net->now;
    while (!net_equal(net) && net->now - start < limit_us)
        step(net, 10 * MS);
    cr_assert(net_equal(net), "not equal after %lu us, seed %lu", (unsigned long)limit_us,
              (unsigned long)test_seed());
    return net->now - start;
}

struct heal_counters net_counters(const struct net *net, size_t i)
{
    return heal_counters(net->node[i].heal);
}
