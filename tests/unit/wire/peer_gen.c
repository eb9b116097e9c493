#include "peer_gen.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"

#define GEN_MAX (UINT64_C(1) << 62)

void peer_gen_init(struct peer_gen *g)
{
    const char *seed = getenv("SEED");
    g->seed = seed == NULL ? 20240607 : strtoull(seed, NULL, 0);
    rng_init(&g->rng, g->seed);
    for (size_t i = 0; i < sizeof g->pool; i++)
        g->pool[i] = (uint8_t)rng_next(&g->rng);
    struct writer tags = writer_of(g->tags, sizeof g->tags);
    for (uint64_t i = 0; i < PEER_GEN_TAGS; i++)
        write_u64(&tags, i << 56 | rng_next(&g->rng) >> 8);
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

/** Whole entries of this length. */
static struct slice any_entries(struct peer_gen *g, size_t entry_len)
{
    const size_t len = entry_len * (size_t)peer_gen_u64(g, 20);
    return peer_gen_bytes(g, len, len);
}

static struct slice any_covers(struct peer_gen *g)
{
    return any_entries(g, 24);
}

static uint64_t any_u64(struct peer_gen *g)
{
    return peer_gen_u64(g, UINT64_MAX);
}

static uint32_t any_u32(struct peer_gen *g)
{
    return (uint32_t)peer_gen_u64(g, UINT32_MAX);
}

static struct peer_heads any_heads(struct peer_gen *g)
{
    struct peer_heads h = {.covers = any_covers(g)};
    if (rng_chance(&g->rng, 500))
        h.groups = peer_gen_bytes(g, 256, 256);
    if (rng_chance(&g->rng, 300))
        return h;
    h.ring_seen = any_u32(g);
    h.retired_from = any_u32(g);
    h.retired = any_entries(g, PEER_RETIRED_LEN);
    return h;
}

static struct peer_proof any_proof(struct peer_gen *g)
{
    const uint8_t last_part =
        rng_chance(&g->rng, 500) ? 0 : (uint8_t)rng_below(&g->rng, PEER_PARTS_MAX);
    return (struct peer_proof){.last_part = last_part,
                               .part = (uint8_t)rng_below(&g->rng, last_part + 1U),
                               .challenge = any_u64(g),
                               .vote = (uint8_t)rng_below(&g->rng, 3),
                               .window_ms = any_u32(g),
                               .partial = rng_chance(&g->rng, 500),
                               .rest_hash = any_u64(g),
                               .covers = any_covers(g)};
}

static void any_sums(struct peer_gen *g, struct peer_sums *out)
{
    out->n = (size_t)peer_gen_u64(g, PEER_SUMS_MAX);
    for (size_t i = 0; i < out->n; i++) {
        const struct dot_range r = peer_gen_range(g);
        out->at[i] = (struct peer_sum){r.epoch, r.lo - 1, r.hi, any_u64(g)};
    }
}

static void any_samples(struct peer_gen *g, struct peer_samples *out)
{
    out->n = (size_t)peer_gen_u64(g, PEER_SAMPLES_MAX);
    for (size_t i = 0; i < out->n; i++)
        out->at[i] = (struct peer_sample){any_u64(g), any_u64(g)};
}

static void any_surveyed(struct peer_gen *g, struct peer_surveyed *out)
{
    out->challenge = any_u64(g);
    out->after = peer_gen_u64(g, UINT64_MAX / 2);
    out->n = (size_t)peer_gen_u64(g, PEER_HEARD_MAX);
    out->left = out->n == 0 ? 0 : any_u32(g);
    uint64_t epoch = out->after;
    for (size_t i = 0; i < out->n; i++) {
        const uint64_t heard = any_u64(g);
        epoch += 1 + peer_gen_u64(g, UINT64_MAX / 4 / PEER_HEARD_MAX);
        out->at[i] = (struct peer_heard){epoch, heard, peer_gen_u64(g, heard)};
    }
}

static void any_check(struct peer_gen *g, struct peer_msg *m)
{
    if (m->type == PEER_POLL)
        m->args.poll = (struct peer_poll){any_u64(g), any_u32(g), rng_chance(&g->rng, 500)};
    if (m->type == PEER_PROOF)
        m->args.proof = any_proof(g);
    if (m->type == PEER_SUMS)
        any_sums(g, &m->args.sums);
    if (m->type == PEER_SAMPLE)
        any_samples(g, &m->args.samples);
    if (m->type == PEER_TRACE)
        m->args.trace = (struct peer_trace){any_u64(g), 1 + peer_gen_u64(g, UINT64_MAX - 1),
                                            1 + peer_gen_u64(g, UINT64_MAX - 1)};
    if (m->type == PEER_TRACED)
        m->args.traced = (struct peer_traced){any_u64(g), (uint8_t)rng_below(&g->rng, 5),
                                              any_u64(g), any_u64(g)};
    if (m->type == PEER_SURVEY)
        m->args.survey = (struct peer_survey){any_u64(g), any_u64(g),
                                              (uint8_t)(1 + rng_below(&g->rng, PEER_HEARD_MAX))};
    if (m->type == PEER_SURVEYED)
        any_surveyed(g, &m->args.surveyed);
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
        m->args.heads = any_heads(g);
        break;
    case PEER_GOSSIP:
    case PEER_LEAVE:
    case PEER_DOTS:
        break;
    default:
        any_check(g, m);
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
    if (rng_chance(&g->rng, 500)) {
        out->retired_n = any_u32(g);
        out->forgotten_n = (uint32_t)peer_gen_u64(g, out->retired_n);
    }
    any_args(g, out);
    for (size_t i = 0; i < records_n; i++)
        out->records[i] = peer_gen_record(g);
}

static void any_target(struct peer_gen *g, struct dot *d)
{
    const size_t tags = 2 + (size_t)rng_below(&g->rng, 15);
    const bool holds = d->kind == DOT_NOSTORE || d->kind == DOT_BEGIN;
    const bool ends = d->kind == DOT_COMMIT || d->kind == DOT_ABORT;
    if (d->kind == DOT_TAGS_ALL)
        d->more = slice_of(g->tags + 8 * rng_below(&g->rng, PEER_GEN_TAGS - tags + 1), 8 * tags);
    else if (d->kind == DOT_BUCKETS)
        d->more = peer_gen_bytes(g, DOT_BUCKETS_LEN, DOT_BUCKETS_LEN);
    else if (d->kind != DOT_ALL && d->kind != DOT_POISON)
        d->hash = any_u64(g);
    if (d->kind == DOT_PREFIX)
        d->prefix_len = (uint16_t)peer_gen_u64(g, UINT16_MAX);
    if (d->kind == DOT_PUT)
        memcpy(d->digest.bytes, peer_gen_bytes(g, 16, 16).at, 16);
    if (holds)
        d->ms = 1 + (uint32_t)peer_gen_u64(g, DOT_MS_MAX - 1);
    if (ends || d->kind == DOT_POISON)
        d->subject_epoch = 1 + peer_gen_u64(g, UINT64_MAX - 1);
    if (ends)
        d->subject_seq = 1 + peer_gen_u64(g, UINT64_MAX - 1);
}

static void any_flags(struct peer_gen *g, struct dot *d)
{
    static const bool may_be_soft[DOT_ABORT + 1] = {
        [DOT_KEY] = true, [DOT_TAG] = true, [DOT_NAMESPACE] = true, [DOT_ALL] = true};
    const bool may_have_version = d->kind == DOT_KEY || d->kind == DOT_PUT;
    d->relay = rng_chance(&g->rng, 300);
    d->soft = may_be_soft[d->kind] && rng_chance(&g->rng, 300);
    d->has_version = may_have_version && rng_chance(&g->rng, 300);
    if (d->has_version)
        d->version = any_u64(g);
}

struct dot peer_gen_dot(struct peer_gen *g, uint64_t epoch, uint64_t seq)
{
    struct dot d = {.epoch = epoch, .seq = seq};
    d.kind = (uint8_t)(DOT_KEY + rng_below(&g->rng, DOT_ABORT));
    any_flags(g, &d);
    any_target(g, &d);
    if (rng_chance(&g->rng, 400))
        d.name = (struct dot_name){
            .known = true, .ns = peer_gen_bytes(g, 0, 64), .target = peer_gen_bytes(g, 0, 1024)};
    return d;
}

bool dot_same(const struct dot *a, const struct dot *b)
{
    return a->epoch == b->epoch && a->seq == b->seq && a->kind == b->kind && a->soft == b->soft &&
           a->relay == b->relay && a->has_version == b->has_version && a->version == b->version &&
           a->prefix_len == b->prefix_len && a->hash == b->hash && a->ms == b->ms &&
           memcmp(a->digest.bytes, b->digest.bytes, sizeof a->digest.bytes) == 0 &&
           a->subject_epoch == b->subject_epoch && a->subject_seq == b->subject_seq &&
           slice_eq(a->more, b->more) && a->name.known == b->name.known &&
           slice_eq(a->name.ns, b->name.ns) && slice_eq(a->name.target, b->name.target);
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

static bool heads_same(const struct peer_heads *a, const struct peer_heads *b)
{
    return slice_eq(a->groups, b->groups) && slice_eq(a->covers, b->covers) &&
           a->ring_seen == b->ring_seen && a->retired_from == b->retired_from &&
           slice_eq(a->retired, b->retired);
}

static bool proof_same(const struct peer_proof *a, const struct peer_proof *b)
{
    return a->challenge == b->challenge && a->vote == b->vote && a->window_ms == b->window_ms &&
           a->partial == b->partial && a->rest_hash == b->rest_hash &&
           slice_eq(a->covers, b->covers) && a->part == b->part && a->last_part == b->last_part;
}

static bool sums_same(const struct peer_sums *a, const struct peer_sums *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof a->at[0]) == 0;
}

static bool samples_same(const struct peer_samples *a, const struct peer_samples *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n * sizeof a->at[0]) == 0;
}

static bool trace_same(const struct peer_trace *a, const struct peer_trace *b)
{
    return a->challenge == b->challenge && a->epoch == b->epoch && a->seq == b->seq;
}

static bool traced_same(const struct peer_traced *a, const struct peer_traced *b)
{
    return a->challenge == b->challenge && a->state == b->state && a->wait_us == b->wait_us &&
           a->age_us == b->age_us;
}

static bool survey_same(const struct peer_survey *a, const struct peer_survey *b)
{
    return a->challenge == b->challenge && a->after == b->after && a->most == b->most;
}

static bool surveyed_same(const struct peer_surveyed *a, const struct peer_surveyed *b)
{
    return a->challenge == b->challenge && a->after == b->after && a->left == b->left &&
           a->n == b->n && memcmp(a->at, b->at, a->n * sizeof a->at[0]) == 0;
}

static bool check_same(const struct peer_msg *a, const struct peer_msg *b)
{
    switch ((enum peer_type)a->type) {
    case PEER_POLL:
        return a->args.poll.challenge == b->args.poll.challenge &&
               a->args.poll.window_ms == b->args.poll.window_ms &&
               a->args.poll.narrow == b->args.poll.narrow;
    case PEER_PROOF:
        return proof_same(&a->args.proof, &b->args.proof);
    case PEER_SUMS:
        return sums_same(&a->args.sums, &b->args.sums);
    case PEER_SAMPLE:
        return samples_same(&a->args.samples, &b->args.samples);
    case PEER_TRACE:
        return trace_same(&a->args.trace, &b->args.trace);
    case PEER_TRACED:
        return traced_same(&a->args.traced, &b->args.traced);
    case PEER_SURVEY:
        return survey_same(&a->args.survey, &b->args.survey);
    case PEER_SURVEYED:
        return surveyed_same(&a->args.surveyed, &b->args.surveyed);
    default:
        return false;
    }
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
        return heads_same(&a->args.heads, &b->args.heads);
    case PEER_GOSSIP:
    case PEER_LEAVE:
    case PEER_DOTS:
        return true;
    default:
        return check_same(a, b);
    }
}

bool msg_same(const struct peer_msg *a, const struct peer_msg *b)
{
    bool same = a->type == b->type && a->gen == b->gen && a->ver == b->ver &&
                a->view_hash == b->view_hash && a->head == b->head &&
                a->vector_hash == b->vector_hash && a->has_echo == b->has_echo &&
                a->echo == b->echo && a->records_n == b->records_n && slice_eq(a->dots, b->dots) &&
                slice_eq(a->covers, b->covers) && a->retired_n == b->retired_n &&
                a->forgotten_n == b->forgotten_n && args_same(a, b);
    for (size_t i = 0; same && i < a->records_n; i++)
        same = record_same(&a->records[i], &b->records[i]);
    return same;
}
