/* What is lost with nodes that end, and what the others make up; heads that are not true; fences among clocks
 * that are far apart. */
#include <string.h>

#include "base/attr.h"
#include "seal/packet.h"

#include "member.h"
#include "reader.h"
#include "story.h"

#define FENCE_MS 400
#define ROUNDS   150

#define RAISED_KEYS 20

/* ---- two more have covered, and then two are gone ---- */

/* Everybody has a copy. A loader may give up, so all are asked until all have. */
static void warm_key(struct sim *s, uint32_t key)
{
    uint32_t have = 0;
    for (uint32_t t = 0; t < 100 && have < s->cfg.nodes && !s->failed; t++) {
        have = 0;
        for (uint32_t i = 0; i < s->cfg.nodes; i++)
            have += workload_read(s, &s->nodes[i], key);
        sim_run(s, 50 * US_PER_MS);
    }
    story_expect(s, have == s->cfg.nodes, "everybody has a copy");
}

/* n0 changes a key, n1 and n2 have covered it when it returns, n3 and n4 hear of nothing. */
static void change_for_two(struct sim *s, uint32_t key)
{
    const struct change change = {.kind = DOT_KEY,
                                  .key = key,
                                  .target = key,
                                  .ack = {.level = ACK_NODES, .k = 2},
                                  .timeout_ms = 1000};
    sim_split(s, 1ULL << 3 | 1ULL << 4, true);
    source_commit(&s->source, key);
    if (!s->failed)
        workload_issue(s, &s->nodes[0], &change);
    sim_run(s, 300 * US_PER_MS);
    const uint64_t reached = s->counters.level_nodes;
    story_expect(s, reached == 1, "two more have covered the dot");
    for (uint32_t i = 3; i < 5 && !s->failed; i++)
        story_expect(s, oracle_get(s, &s->nodes[i], key), "who was cut off still has its copy");
}

static bool all_but_lack(struct sim *s, void *ctx)
{
    const uint32_t key = *(const uint32_t *)ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (s->nodes[i].up && oracle_get(s, &s->nodes[i], key))
            return false;
    return true;
}

/* Of the three that have it any one is enough. */
static void k_then_crash(struct sim *s)
{
    uint32_t key = 7;
    const uint32_t left = (uint32_t)(s->cfg.seed % 3);
    s->work.cfg.think_us = 1000;
    story_begin(s);
    warm_key(s, key);
    change_for_two(s, key);
    for (uint32_t i = 0; i < 3 && !s->failed; i++)
        if (i != left)
            sim_crash(s, i, i == 1);
    sim_split(s, 1ULL << 3 | 1ULL << 4, false);
    story_within(s, 10 * US_PER_SEC, all_but_lack, &key, "nobody has an old copy");
    sim_run(s, 20 * US_PER_SEC);
    story_audit(s);
    if (!s->failed)
        oracle_everywhere(s);
}

/* All three that have it go. Of n3 and n4, that lack it, one has heard that it is there, and bars what it may
 * aim at when nobody gives it. */
static void k_then_all_gone(struct sim *s)
{
    uint32_t key = 7;
    const uint16_t dots = (uint16_t)(1U << PEER_DOTS | 1U << PEER_PULL | 1U << PEER_GONE);
    s->work.cfg.think_us = 1000;
    story_begin(s);
    warm_key(s, key);
    change_for_two(s, key);
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t to = 3; to < 5; to++)
            link_at(s, i, to)->types = link_at(s, to, i)->types = dots;
    sim_split(s, 1ULL << 3 | 1ULL << 4, false);
    sim_run(s, 600 * US_PER_MS); /* a probe of each by each, and no stream yet that would heal */
    for (uint32_t i = 0; i < 3 && !s->failed; i++)
        sim_crash(s, i, false);
    story_within(s, 10 * US_PER_SEC, all_but_lack, &key, "nobody has an old copy");
    uint64_t broad = 0;
    for (uint32_t i = 3; i < 5 && !s->failed; i++)
        broad += sim_view(s, i).node.broad;
    story_expect(s, broad > 0, "a barrier stands for what is lost");
    story_audit(s);
}

/* ---- heads that are not true ---- */

/* Half of all datagrams say that there are one to three dots more than there are. A node that believed it would
 * wait for them, take them for lost, and then pass over the true ones. Only the tag can tell. */
static void raise_head(struct sim *s, void *ctx, uint32_t node, struct event *e)
{
    static struct peer_msg m;
    uint8_t body[PEER_BODY_MAX];
    uint64_t *raised = ctx;
    size_t len = 0;
    struct packet *p = e == NULL || e->kind != EVENT_DATAGRAM ? NULL : e->p;
    if (p == NULL || s->nodes[node].slot != p->to_slot || !rng_chance(&s->rest_rng, 500))
        return;
    if (peer_decode(s->codec, slice_of(p->bytes + PACKET_HEAD, p->len - PACKET_OVERHEAD), &m) != OK)
        return;
    m.head += 1 + rng_below(&s->rest_rng, 3);
    if (peer_encode(&m, body, sizeof body, &len) != OK || len > p->len - PACKET_OVERHEAD)
        return;
    memcpy(p->bytes + PACKET_HEAD + 1, body + 1,
           len - 1); /* without its first byte, which tells of padding */
    *raised += 1;
}

static bool nobody_has(struct sim *s, uint32_t keys)
{
    for (uint32_t key = 0; key < keys; key++)
        for (uint32_t i = 0; i < s->cfg.nodes; i++)
            if (oracle_get(s, &s->nodes[i], key))
                return false;
    return true;
}

static void heads_raised(struct sim *s)
{
    uint64_t raised = 0;
    uint64_t refused = 0;
    uint64_t broad = 0;
    const struct member_tap tap = {raise_head, &raised};
    s->work.cfg.think_us = 1000;
    story_begin(s);
    for (uint32_t key = 0; key < RAISED_KEYS; key++)
        warm_key(s, key);
    for (uint32_t key = 0; key < RAISED_KEYS && !s->failed; key++) {
        sim_invalidate(s, key % s->cfg.nodes, key);
        member_run(s, 300 * US_PER_MS, &tap);
    }
    sim_run(s, 3 * US_PER_SEC);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        const struct node_view v = sim_view(s, i);
        refused += v.node.dropped_unauthentic;
        broad += v.node.broad;
    }
    if (s->failed)
        return;
    story_expect(s, raised > 50 && refused == raised,
                 "each of these packets is refused, and counted");
    story_expect(s, nobody_has(s, RAISED_KEYS), "every true dot has taken effect everywhere");
    story_expect(s, broad == 0, "and no barrier was raised");
    story_audit(s);
}

/* ---- clocks ---- */

/* Half of the clocks run fast and half slow, by a twentieth or a fifth. A fence waits for D by the clock of
 * its issuer, and for what clocks of a thousandth differ: enough for reads within D there. Among these
 * clocks, readers within half of D are as safe: a fifth makes D a third shorter for them, at most. */
static void set_rates(struct sim *s)
{
    const int32_t rate = s->cfg.seed % 2 == 0 ? 200000 : 50000;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_clock_rate(s, i, (i + s->cfg.seed / 2) % 2 == 0 ? rate : -rate);
}

static void read_all(struct sim *s, uint32_t key)
{
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        const struct reading r = {
            .key = key, .caller = ++s->readers.callers, .within_ms = FENCE_MS / 2};
        (void)reader_ask(s, &s->nodes[i], &r);
    }
}

static void change_somewhere(struct sim *s, uint32_t key)
{
    const uint32_t i = (uint32_t)rng_below(&s->rest_rng, s->cfg.nodes);
    const struct change change = {.kind = DOT_KEY,
                                  .key = key,
                                  .target = key,
                                  .ack = {.level = ACK_FENCED},
                                  .timeout_ms = 2000};
    source_commit(&s->source, key);
    workload_issue(s, &s->nodes[i], &change);
}

static void rates_fenced(struct sim *s)
{
    s->policies.expect = s->cfg.expect = s->cfg.nodes;
    s->policies.fence_ms = s->cfg.fence_ms = FENCE_MS;
    s->work.cfg.think_us = 1000;
    story_begin(s);
    set_rates(s);
    story_within(s, 20 * US_PER_SEC, story_all_vote, NULL, "everybody votes");
    for (uint32_t t = 0; t < ROUNDS && !s->failed; t++) {
        const uint32_t key = t % 8;
        const uint64_t side = 1ULL << rng_below(&s->rest_rng, s->cfg.nodes);
        for (uint32_t j = 0; j < 5 && !s->failed; j++, sim_run(s, 20 * US_PER_MS))
            read_all(s, key);
        sim_split(s, side, true);
        if (!s->failed)
            change_somewhere(s, key);
        for (uint32_t j = 0; j < 60 && !s->failed; j++, sim_run(s, 10 * US_PER_MS))
            read_all(s, key);
        sim_split(s, side, false);
        sim_run(s, rng_below(&s->rest_rng, 400 * US_PER_MS));
        story_audit(s);
    }
    const struct sim_counters *c = &s->counters;
    story_expect(s, c->fenced_by_time > ROUNDS / 4, "fences end by their time");
    story_expect(s, c->certified > ROUNDS, "and reads are certified beside them");
}

struct stories stories_lost(void)
{
    static const struct story STORIES[] = {
        {"k_then_crash", 5, 9, k_then_crash,
         "two of the three that covered a dot are gone: the third gives it to all others"},
        {"k_then_all_gone", 5, 5, k_then_all_gone,
         "all that covered a dot are gone: who has heard that it was there raises a barrier"},
        {"heads_raised", 3, 10, heads_raised,
         "packets that say one to three dots too many are refused, and no true dot is passed over"},
        {"rates_fenced", 4, 6, rates_fenced,
         "clocks 5 or 20 % fast and slow: reads within half of D are never older than a fence"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
