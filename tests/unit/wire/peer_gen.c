#include "peer_gen.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

#define GEN_MAX (UINT64_C(1) << 62)

void peer_gen_init(struct peer_gen *g)
{
    const char *seed = getenv("SEED");
    g->seed = seed == NULL ? 20240607 : strtoull(seed, NULL, 0);
    rng_init(&g->rng, g->seed);
    for (size_t i = 0; i < sizeof g->pool; i++)
        g->pool[i] = (uint8_t)rng_next(&g->rng);
}

static uint64_t edge(struct peer_gen *g)
{
    const uint64_t power = UINT64_C(1) << rng_below(&g->rng, 64);
    return power + rng_below(&g->rng, 3) - 1;
}

uint64_t peer_gen_u64(struct peer_gen *g, uint64_t max)
{
    const uint64_t choice = rng_below(&g->rng, 8);
    if (choice == 0)
        return max;
    if (choice == 1)
        return 0;
    const uint64_t value = choice < 5 ? edge(g) : rng_next(&g->rng);
    return max == UINT64_MAX ? value : value % (max + 1);
}

struct slice peer_gen_bytes(struct peer_gen *g, size_t min, size_t max)
{
    const size_t len = min + (size_t)peer_gen_u64(g, max - min);
    if (len == 0)
        return (struct slice){0};
    return slice_of(g->pool + rng_below(&g->rng, PEER_GEN_POOL - len + 1), len);
}

static struct addr any_addr(struct peer_gen *g)
{
    struct addr a = {.ip_len = rng_chance(&g->rng, 500) ? 4 : 16,
                     .port = (uint16_t)peer_gen_u64(g, UINT16_MAX)};
    memcpy(a.ip, peer_gen_bytes(g, 16, 16).at, a.ip_len);
    return a;
}

struct peer_record peer_gen_record(struct peer_gen *g)
{
    return (struct peer_record){.name = peer_gen_bytes(g, 1, PEER_NAME_MAX),
                                .gen = peer_gen_u64(g, GEN_MAX),
                                .ver = (uint32_t)peer_gen_u64(g, UINT32_MAX),
                                .state = (uint8_t)(PEER_ALIVE + rng_below(&g->rng, 4)),
                                .addr = any_addr(g),
                                .caps = (uint32_t)peer_gen_u64(g, UINT32_MAX),
                                .epoch = peer_gen_u64(g, UINT64_MAX),
                                .accuser = peer_gen_bytes(g, 0, PEER_NAME_MAX),
                                .meta_hash = (uint32_t)peer_gen_u64(g, UINT32_MAX),
                                .meta = peer_gen_bytes(g, 0, PEER_META_MAX)};
}

struct peer_record peer_gen_record_max(struct peer_gen *g)
{
    struct peer_record r = {.gen = GEN_MAX,
                            .ver = UINT32_MAX,
                            .state = PEER_LEFT,
                            .addr = {.ip_len = 16, .port = UINT16_MAX},
                            .caps = UINT32_MAX,
                            .epoch = UINT64_MAX,
                            .meta_hash = UINT32_MAX};
    r.name = peer_gen_bytes(g, PEER_NAME_MAX, PEER_NAME_MAX);
    r.accuser = peer_gen_bytes(g, PEER_NAME_MAX, PEER_NAME_MAX);
    r.meta = peer_gen_bytes(g, PEER_META_MAX, PEER_META_MAX);
    memset(r.addr.ip, 0xFF, sizeof r.addr.ip);
    return r;
}

struct dot_range peer_gen_range(struct peer_gen *g)
{
    struct dot_range r = {.epoch = peer_gen_u64(g, UINT64_MAX - 1) + 1,
                          .lo = peer_gen_u64(g, UINT64_MAX - 1) + 1};
    r.hi = r.lo + peer_gen_u64(g, UINT64_MAX - r.lo);
    return r;
}

static struct peer_ping any_ping(struct peer_gen *g)
{
    struct peer_ping p = {.challenge = peer_gen_u64(g, UINT64_MAX),
                          .to_name = peer_gen_bytes(g, 0, PEER_NAME_MAX),
                          .to_gen = peer_gen_u64(g, GEN_MAX),
                          .lhm = (uint8_t)peer_gen_u64(g, UINT8_MAX)};
    if (rng_chance(&g->rng, 500))
        p.you = (struct peer_you){.known = true,
                                  .state = (uint8_t)(PEER_ALIVE + rng_below(&g->rng, 4)),
                                  .gen = peer_gen_u64(g, GEN_MAX),
                                  .ver = (uint32_t)peer_gen_u64(g, UINT32_MAX)};
    return p;
}

static struct peer_ack any_ack(struct peer_gen *g)
{
    struct peer_ack a = {.challenge = peer_gen_u64(g, UINT64_MAX),
                         .has_own = rng_chance(&g->rng, 500),
                         .data_age_ms = (uint32_t)peer_gen_u64(g, UINT32_MAX)};
    if (a.has_own)
        a.own = peer_gen_u64(g, UINT64_MAX);
    return a;
}

static struct peer_reply any_reply(struct peer_gen *g, uint8_t type)
{
    struct peer_reply r = {.challenge = peer_gen_u64(g, UINT64_MAX)};
    if (type == PEER_NACK) {
        r.reason = (uint8_t)peer_gen_u64(g, UINT8_MAX);
        return r;
    }
    r.name = peer_gen_bytes(g, 1, PEER_NAME_MAX);
    r.gen = peer_gen_u64(g, GEN_MAX);
    return r;
}

static void any_ranges(struct peer_gen *g, struct peer_ranges *out)
{
    out->n = (size_t)peer_gen_u64(g, PEER_RANGES_MAX);
    for (size_t i = 0; i < out->n; i++)
        out->at[i] = peer_gen_range(g);
}

static struct slice any_covers(struct peer_gen *g)
{
    const size_t len = 24 * (size_t)peer_gen_u64(g, 20);
    return peer_gen_bytes(g, len, len);
}

static void any_args(struct peer_gen *g, struct peer_msg *m)
{
    switch ((enum peer_type)m->type) {
    case PEER_PING:
        m->args.ping = any_ping(g);
        break;
    case PEER_ACK:
        m->args.ack = any_ack(g);
        break;
    case PEER_PING_REQ:
        m->args.ping_req =
            (struct peer_ping_req){.challenge = peer_gen_u64(g, UINT64_MAX),
                                   .name = peer_gen_bytes(g, 1, PEER_NAME_MAX),
                                   .gen = peer_gen_u64(g, GEN_MAX),
                                   .addr = any_addr(g),
                                   .budget_ms = (uint32_t)peer_gen_u64(g, UINT32_MAX)};
        break;
    case PEER_NACK:
    case PEER_NOT_ME:
        m->args.reply = any_reply(g, m->type);
        break;
    case PEER_PULL:
    case PEER_GONE:
        any_ranges(g, &m->args.ranges);
        break;
    case PEER_HEADS:
        if (rng_chance(&g->rng, 500))
            m->args.heads.groups = peer_gen_bytes(g, 256, 256);
        m->args.heads.covers = any_covers(g);
        break;
    case PEER_GOSSIP:
    case PEER_LEAVE:
    case PEER_DOTS:
        break;
    }
}

void peer_gen_msg(struct peer_gen *g, uint8_t type, size_t records_n, struct peer_msg *out)
{
    *out = (struct peer_msg){.type = type,
                             .gen = peer_gen_u64(g, GEN_MAX),
                             .ver = (uint32_t)peer_gen_u64(g, UINT32_MAX),
                             .view_hash = peer_gen_u64(g, UINT64_MAX),
                             .head = peer_gen_u64(g, UINT64_MAX),
                             .vector_hash = peer_gen_u64(g, UINT64_MAX),
                             .has_echo = rng_chance(&g->rng, 500),
                             .records_n = records_n,
                             .dots = peer_gen_bytes(g, 0, 600)};
    if (out->has_echo)
        out->echo = peer_gen_u64(g, UINT64_MAX);
    out->covers = any_covers(g);
    any_args(g, out);
    for (size_t i = 0; i < records_n; i++)
        out->records[i] = peer_gen_record(g);
}

static void any_target(struct peer_gen *g, struct dot *d)
{
    if (d->kind == DOT_ALL)
        return;
    d->hash = peer_gen_u64(g, UINT64_MAX);
    if (d->kind == DOT_PREFIX)
        d->prefix_len = (uint16_t)peer_gen_u64(g, UINT16_MAX);
    if (d->kind == DOT_PUT)
        memcpy(d->digest.bytes, peer_gen_bytes(g, 16, 16).at, 16);
}

struct dot peer_gen_dot(struct peer_gen *g, uint64_t epoch, uint64_t seq)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_PUT, DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL};
    struct dot d = {.epoch = epoch, .seq = seq};
    d.kind = kinds[rng_below(&g->rng, ARRAY_LEN(kinds))];
    d.has_version = rng_chance(&g->rng, 300);
    if (d.has_version)
        d.version = peer_gen_u64(g, UINT64_MAX);
    any_target(g, &d);
    if (rng_chance(&g->rng, 400))
        d.name = (struct dot_name){
            .known = true, .ns = peer_gen_bytes(g, 0, 64), .target = peer_gen_bytes(g, 0, 1024)};
    return d;
}

bool dot_same(const struct dot *a, const struct dot *b)
{
    return a->epoch == b->epoch && a->seq == b->seq && a->kind == b->kind &&
           a->has_version == b->has_version && a->version == b->version &&
           a->prefix_len == b->prefix_len && a->hash == b->hash &&
           memcmp(a->digest.bytes, b->digest.bytes, sizeof a->digest.bytes) == 0 &&
           a->name.known == b->name.known && slice_eq(a->name.ns, b->name.ns) &&
           slice_eq(a->name.target, b->name.target);
}

bool record_same(const struct peer_record *a, const struct peer_record *b)
{
    return slice_eq(a->name, b->name) && a->gen == b->gen && a->ver == b->ver &&
           a->state == b->state && addr_eq(&a->addr, &b->addr) && a->caps == b->caps &&
           a->epoch == b->epoch && slice_eq(a->accuser, b->accuser) &&
           a->meta_hash == b->meta_hash && slice_eq(a->meta, b->meta);
}

bool range_same(const struct dot_range *a, const struct dot_range *b)
{
    return a->epoch == b->epoch && a->lo == b->lo && a->hi == b->hi;
}

static bool ping_same(const struct peer_ping *a, const struct peer_ping *b)
{
    return a->challenge == b->challenge && slice_eq(a->to_name, b->to_name) &&
           a->to_gen == b->to_gen && a->lhm == b->lhm && a->you.known == b->you.known &&
           a->you.state == b->you.state && a->you.gen == b->you.gen && a->you.ver == b->you.ver;
}

static bool ranges_same(const struct peer_ranges *a, const struct peer_ranges *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = range_same(&a->at[i], &b->at[i]);
    return same;
}

static bool request_same(const struct peer_ping_req *a, const struct peer_ping_req *b)
{
    return a->challenge == b->challenge && slice_eq(a->name, b->name) && a->gen == b->gen &&
           addr_eq(&a->addr, &b->addr) && a->budget_ms == b->budget_ms;
}

static bool args_same(const struct peer_msg *a, const struct peer_msg *b)
{
    switch ((enum peer_type)a->type) {
    case PEER_PING:
        return ping_same(&a->args.ping, &b->args.ping);
    case PEER_ACK:
        return a->args.ack.challenge == b->args.ack.challenge &&
               a->args.ack.has_own == b->args.ack.has_own && a->args.ack.own == b->args.ack.own &&
               a->args.ack.data_age_ms == b->args.ack.data_age_ms;
    case PEER_PING_REQ:
        return request_same(&a->args.ping_req, &b->args.ping_req);
    case PEER_NACK:
    case PEER_NOT_ME:
        return a->args.reply.challenge == b->args.reply.challenge &&
               a->args.reply.reason == b->args.reply.reason &&
               slice_eq(a->args.reply.name, b->args.reply.name) &&
               a->args.reply.gen == b->args.reply.gen;
    case PEER_PULL:
    case PEER_GONE:
        return ranges_same(&a->args.ranges, &b->args.ranges);
    case PEER_HEADS:
        return slice_eq(a->args.heads.groups, b->args.heads.groups) &&
               slice_eq(a->args.heads.covers, b->args.heads.covers);
    case PEER_GOSSIP:
    case PEER_LEAVE:
    case PEER_DOTS:
        return true;
    }
    return false;
}

bool msg_same(const struct peer_msg *a, const struct peer_msg *b)
{
    bool same = a->type == b->type && a->gen == b->gen && a->ver == b->ver &&
                a->view_hash == b->view_hash && a->head == b->head &&
                a->vector_hash == b->vector_hash && a->has_echo == b->has_echo &&
                a->echo == b->echo && a->records_n == b->records_n && slice_eq(a->dots, b->dots) &&
                slice_eq(a->covers, b->covers) && args_same(a, b);
    for (size_t i = 0; same && i < a->records_n; i++)
        same = record_same(&a->records[i], &b->records[i]);
    return same;
}
