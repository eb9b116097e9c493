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
                            .retired_max = 64,
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
                                          .epoch = n->epoch,
                                          .origins_max = net->cfg.origins_max,
                                          .windows_max = net->cfg.origins_max,
                                          .log_max = net->cfg.log_max,
                                          .more_bytes = 4096,
                                          .retired_max = net->cfg.retired_max,
                                          .checkpoints_max = 64,
                                          .bucket_bits = 12};
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
}

/** Node i knows all others that are not cut off. */
static void meet_all(struct net *net, size_t i)
{
    for (size_t other = 0; other < net->cfg.nodes; other++) {
        if (other != i && !net->node[other].cut)
            cr_assert_eq(heal_peer_up(net->node[i].heal, other + 1, net->node[other].epoch), OK);
    }
}

struct net net_make(const struct net_cfg *cfg)
{
    struct net net = {.cfg = *cfg, .packets = calloc(PACKETS_MAX, sizeof(struct packet))};
    cr_assert_not_null(net.packets);
    rng_init(&net.rng, test_seed());
    for (size_t i = 0; i < cfg->nodes; i++) {
        net.node[i].epoch = EPOCH(i);
        make_node(&net, i);
    }
    for (size_t i = 0; i < cfg->nodes; i++)
        meet_all(&net, i);
    return net;
}

static void adopt_all(struct net_node *n, mono_us now, const struct net_node *from)
{
    const struct ledger *donor = from->ledger;
    struct retired r;
    uint32_t cursor = 0;
    uint64_t at = 0;
    bool counted = false;
    while (heal_legacy(from->heal, &cursor, &r))
        heal_inherit(n->heal, now, from->epoch, &r);
    heal_inherited(n->heal, from->epoch);
    while (ledger_retired_legacy(donor, &at, &counted, &r))
        cr_assert_eq(ledger_adopt_retired(n->ledger, &r), OK);
    for (size_t i = 0; i < ledger_origins(donor); i++) {
        const struct origin_view o = ledger_origin_at(donor, i);
        cr_assert_eq(ledger_adopt(n->ledger, o.epoch, o.applied), OK);
    }
}

void net_rejoin(struct net *net, size_t i, size_t donor)
{
    struct net_node *n = &net->node[i];
    const uint64_t epoch = n->epoch + 0x10000;
    cr_assert(n->cut);
    free(n->mem);
    *n = (struct net_node){.epoch = epoch};
    make_node(net, i);
    adopt_all(n, net->now, &net->node[donor]);
    net_cut(net, i, false);
}

void net_drop(struct net *net)
{
    for (size_t i = 0; i < net->cfg.nodes; i++)
        free(net->node[i].mem);
    free(net->packets);
}

/* ---- a cache of a few entries ---- */

uint64_t net_hash(uint64_t epoch, uint64_t seq)
{
    return hash_pair(&hkey, epoch, seq);
}

void net_fill(struct net *net, size_t i, uint64_t hash)
{
    struct net_node *n = &net->node[i];
    cr_assert_lt(n->entries_n, (size_t)ENTRIES_MAX);
    n->entries[n->entries_n++] = (struct entry){hash, ledger_l(n->ledger), true};
}

bool net_serves(const struct net *net, size_t i, uint64_t hash)
{
    const struct net_node *n = &net->node[i];
    for (size_t e = 0; e < n->entries_n; e++) {
        if (n->entries[e].hash == hash && n->entries[e].live)
            return true;
    }
    return false;
}

static void kill_key(struct net_node *n, uint64_t hash, uint64_t index)
{
    for (size_t e = 0; e < n->entries_n; e++) {
        if (n->entries[e].hash == hash && n->entries[e].stamp < index)
            n->entries[e].live = false;
    }
}

static void kill_all(struct net_node *n, uint64_t index)
{
    for (size_t e = 0; e < n->entries_n; e++) {
        if (n->entries[e].stamp < index)
            n->entries[e].live = false;
    }
}

static bool is_touched(const struct ledger_touched *t, uint64_t hash)
{
    const uint32_t bucket = dot_bucket(hash, t->bucket_bits);
    return t->everything || (t->bits[bucket / 8] >> bucket % 8 & 1) != 0;
}

static void kill_touched(struct net_node *n, const struct ledger_touched *t, uint64_t index)
{
    for (size_t e = 0; e < n->entries_n; e++) {
        if (is_touched(t, n->entries[e].hash))
            kill_key(n, n->entries[e].hash, index);
    }
}

/* ---- dots ---- */

static struct dot dot_of(uint64_t epoch, uint64_t seq)
{
    return (struct dot){.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = net_hash(epoch, seq)};
}

void net_issue(struct net *net, size_t i, uint64_t n)
{
    for (uint64_t k = 0; k < n; k++) {
        struct dot d = dot_of(0, 0);
        ledger_issue(net->node[i].ledger, net->now, &d);
        d.hash = net_hash(d.epoch, d.seq);
        ledger_cover(net->node[i].ledger, &d);
    }
}

/** Returns: was it fresh and is it covered now? */
static bool take(struct net_node *n, mono_us now, const struct dot *d)
{
    const struct ledger_effect effect = ledger_take(n->ledger, now, d);
    if (effect.verdict != LEDGER_FRESH)
        return false;
    kill_key(n, d->hash, effect.effect_i);
    ledger_cover(n->ledger, d);
    return true;
}

void net_kill(struct net *net, size_t i, const struct dot *d)
{
    cr_assert(take(&net->node[i], net->now, d));
}

void net_take(struct net *net, size_t i, uint64_t epoch, uint64_t seq)
{
    const struct dot d = dot_of(epoch, seq);
    net_kill(net, i, &d);
}

void net_cut(struct net *net, size_t i, bool cut)
{
    net->node[i].cut = cut;
    for (size_t other = 0; other < net->cfg.nodes; other++) {
        if (other == i)
            continue;
        if (cut) {
            heal_peer_down(net->node[i].heal, other + 1);
            heal_peer_down(net->node[other].heal, i + 1);
        } else if (!net->node[other].cut) {
            cr_assert_eq(heal_peer_up(net->node[i].heal, other + 1, net->node[other].epoch), OK);
            cr_assert_eq(heal_peer_up(net->node[other].heal, i + 1, net->node[i].epoch), OK);
        }
    }
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
    p->msg.args.heads.retired = keep(p, &used, p->msg.args.heads.retired);
}

static void post(struct net *net, size_t from, size_t to, const struct peer_msg *m)
{
    struct net_node *n = &net->node[from];
    cr_assert_lt(to, net->cfg.nodes);
    n->sent[m->type]++;
    trace(net, net->now << 16 | from << 12 | to << 8 | m->type);
    if (rng_chance(&net->rng, net->cfg.loss) || n->cut || net->node[to].cut)
        return;
    cr_assert_lt(net->packets_n, (size_t)PACKETS_MAX);
    struct packet *p = &net->packets[(net->packets_at + net->packets_n++) % PACKETS_MAX];
    p->at = net->now + DELAY_US;
    p->from = from;
    p->to = to;
    p->msg = *m;
    p->msg.head = ledger_head(n->ledger);
    heal_header_out(n->heal, &p->msg);
    keep_slices(p);
}

void net_greet(struct net *net, size_t from, size_t to)
{
    static struct peer_msg greeting;
    greeting.type = PEER_GOSSIP;
    post(net, from, to, &greeting);
}

static void take_all(struct net *net, struct net_node *n, struct slice dots)
{
    struct dots_reader r = dots_reader_of(dots);
    struct dot d;
    while (dots_next(&r, &d)) {
        if (take(n, net->now, &d))
            heal_pulled(n->heal, net->now, &d, true);
    }
}

static void close_touched(struct net_node *n, const struct peer_ranges *ranges,
                          const struct ledger_touched *touched)
{
    for (size_t i = 0; i < ranges->n; i++) {
        uint64_t closed = 0;
        const uint64_t g = ledger_close_touched(n->ledger, &ranges->at[i], touched, &closed);
        kill_touched(n, touched, g);
        heal_closed_touched(n->heal, closed);
        n->touched += closed;
    }
}

/** What the server does not hold: buckets first, and GONE for the rest. */
static void answer_gone(struct net *net, size_t asker, size_t server, struct peer_ranges *gone)
{
    static struct ledger_touched touched;
    struct net_node *n = &net->node[asker];
    struct peer_ranges ranges;
    if (heal_touched(net->node[server].heal, gone, &ranges, &touched))
        close_touched(n, &ranges, &touched);
    heal_gone(n->heal, net->now, server + 1, gone);
    gone->n = 0;
}

/** Serve a whole range by a stream that takes no time. */
static void stream(struct net *net, size_t asker, size_t server, struct dot_range range)
{
    static uint8_t buf[60000];
    struct peer_ranges gone = {0};
    size_t left = 1;
    if (net->node[asker].cut || net->node[server].cut)
        return;
    while (left > 0) {
        struct dots_writer w = dots_writer_of(buf, sizeof(buf));
        left = heal_answer(net->node[server].ledger, &range, left, &w, &gone);
        take_all(net, &net->node[asker], dots_slice(&w));
        answer_gone(net, asker, server, &gone);
    }
}

static void close_gap(struct net_node *n, const struct dot_range *range)
{
    uint64_t closed = 0;
    kill_all(n, ledger_close(n->ledger, range->epoch, range->lo, range->hi, &closed));
    n->closings++;
    n->closed += closed;
}

static void raise_bar(struct net_node *n, uint64_t index)
{
    kill_all(n, index == 0 ? ledger_advance(n->ledger) : index);
    ledger_touch_all(n->ledger);
}

static void carry_out(struct net *net, size_t i, const struct heal_out *out)
{
    struct net_node *n = &net->node[i];
    switch (out->kind) {
    case HEAL_SEND:
        post(net, i, out->to - 1, out->msg);
        break;
    case HEAL_STREAM:
        n->streams++;
        trace(net, net->now);
        if (net->cfg.streams)
            stream(net, i, out->to - 1, out->range);
        break;
    case HEAL_CLOSE:
        close_gap(n, &out->range);
        break;
    case HEAL_BAR:
        raise_bar(n, out->index);
        n->bars++;
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
            heal_pulled(n->heal, net->now, &d, false);
    }
    cr_assert_eq(dots_end(&r), OK);
}

static void receive(struct net *net, const struct packet *p)
{
    struct net_node *n = &net->node[p->to];
    const uint64_t from = p->from + 1;
    enum err err = heal_header(n->heal, net->now, from, net->node[p->from].epoch, &p->msg);
    if (p->msg.type == PEER_HEADS && err == OK)
        err = heal_heads(n->heal, net->now, from, &p->msg.args.heads);
    if (p->msg.type == PEER_SUMS)
        heal_sums(n->heal, net->now, from, &p->msg.args.sums);
    if (p->msg.type == PEER_PULL)
        heal_pull(n->heal, net->now, from, &p->msg.args.ranges);
    if (p->msg.type == PEER_GONE)
        heal_gone(n->heal, net->now, from, &p->msg.args.ranges);
    take_dots(net, n, p);
    if (err == ERR_FULL) {
        raise_bar(n, 0);
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
        const struct net_node *n = &net->node[i];
        if (!n->cut && (ledger_gaps(n->ledger) > 0 ||
                        ledger_vector_hash(n->ledger) != ledger_vector_hash(net->node[0].ledger)))
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
