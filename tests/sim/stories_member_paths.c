/* One transport alone, and paths that are too short. */
#include "base/attr.h"

#include "member.h"

#define UDP_HEAD4 28 /* of IPv4 and UDP */
#define UDP_HEAD6 48

/* ---- one transport ---- */

struct blocked {
    uint32_t node;
    bool datagrams, streams;
    uint32_t down; /* a node that never runs */
};

static void block(struct sim *s, void *ctx, uint32_t node, struct event *e)
{
    const struct blocked *b = ctx;
    const struct packet *p = e == NULL || e->kind != EVENT_DATAGRAM ? NULL : e->p;
    if (b->streams)
        member_refuse_streams(s, b->node, b->down);
    if (b->datagrams && p != NULL && (p->from == b->node || node == b->node))
        member_lose(e);
}

static uint64_t probes_tcp(struct sim *s, uint32_t but)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (i != but && s->nodes[i].up)
            n += sim_view(s, i).swim.probes_tcp;
    return n;
}

/* Datagrams to and from n0 are lost, as behind a filter; streams are not. */
static void tcp_alone(struct sim *s)
{
    struct blocked b = {.node = 0, .datagrams = true};
    const struct member_tap tap = {block, &b};
    struct story_about about = {.member = 0, .state = SWIM_ALIVE};
    story_begin(s);
    const uint64_t before = s->failed ? 0 : probes_tcp(s, 0);
    member_run(s, 300 * US_PER_SEC, &tap);
    if (s->failed)
        return;
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    story_expect(s, probes_tcp(s, 0) > before, "it was reached by streams");
    story_expect(s, story_all_hold(s, &about), "n0 is ALIVE");
}

/* What is invalidated meanwhile still arrives, through streams. */
static void tcp_alone_heals(struct sim *s)
{
    struct blocked b = {.node = 0, .datagrams = true};
    const struct member_tap tap = {block, &b};
    story_begin(s);
    member_run(s, 60 * US_PER_SEC, &tap);
    for (uint32_t i = 0; i < 20 && !s->failed; i++) {
        sim_invalidate(s, 1, i);
        member_run(s, 100 * US_PER_MS, &tap);
    }
    member_run(s, 35 * US_PER_SEC, &tap);
    if (!s->failed)
        story_expect(s, sim_view(s, 0).vector_hash == sim_view(s, 1).vector_hash,
                     "n0 covers all within one period of full syncs");
}

static bool settled_but_down(struct sim *s, void *ctx)
{
    (void)ctx;
    return sim_settled(s, NULL);
}

/* Connections to and from n0 do not come about; datagrams arrive. A node that starts meanwhile still
 * becomes known to n0, through the others. */
static void udp_alone(struct sim *s)
{
    const uint32_t down = s->cfg.nodes - 1;
    const uint32_t late = down - 1;
    struct blocked b = {.node = 0, .streams = true, .down = down};
    const struct member_tap tap = {block, &b};
    struct swim_member m;
    for (uint32_t i = 0; i < late; i++)
        sim_boot(s, i);
    sim_run(s, 15 * US_PER_SEC);
    member_run(s, 120 * US_PER_SEC, &tap);
    if (s->failed)
        return;
    const uint64_t failed = sim_view(s, 0).node.streams_failed;
    story_expect(s, failed > 0, "failed syncs can be seen");
    sim_boot(s, late);
    member_run(s, 10 * US_PER_SEC, &tap);
    if (s->failed)
        return;
    story_expect(s, settled_but_down(s, NULL), "one view");
    story_expect(s, sim_member(s, 0, late, &m) && m.state == SWIM_ALIVE, "n0 knows the new one");
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
}

/* Who starts behind such a filter becomes ready all the same, and a member. */
static void udp_alone_joins(struct sim *s)
{
    const uint32_t down = s->cfg.nodes - 1;
    struct blocked b = {.node = 0, .streams = true, .down = down};
    const struct member_tap tap = {block, &b};
    for (uint32_t i = 1; i < down; i++)
        sim_boot(s, i);
    sim_run(s, 15 * US_PER_SEC);
    sim_boot(s, 0);
    member_run(s, 15 * US_PER_SEC, &tap);
    if (!s->failed)
        story_expect(s, sim_settled(s, NULL), "one view, all ready");
}

/* ---- short paths ---- */

struct short_path {
    uint32_t mtu_payload; /* longest that gets through, of and to n0 */
    bool told;
    uint64_t lost;
};

static void shorten(struct sim *s, void *ctx, uint32_t node, struct event *e)
{
    struct short_path *path = ctx;
    const struct packet *p = e == NULL || e->kind != EVENT_DATAGRAM ? NULL : e->p;
    if (p == NULL || p->len <= path->mtu_payload || (p->from != 0 && node != 0))
        return;
    path->lost++;
    if (path->told && s->nodes[p->from].up)
        node_recv(
            s->nodes[p->from].node, s->now,
            &(struct node_in){.kind = NODE_IN_TOO_BIG, .from = link_addr(s->nodes[node].slot)});
    member_lose(e);
}

static void fill_packets(struct sim *s, const struct member_tap *tap, uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds * 20 && !s->failed; i++) {
        for (uint32_t k = 0; k < 50 && !s->failed; k++)
            sim_invalidate(s, i % 2, (i * 50 + k) % s->source.keys_n);
        member_run(s, 50 * US_PER_MS, tap);
    }
}

static void short_of(struct sim *s, struct short_path *path)
{
    const struct member_tap tap = {shorten, path};
    story_begin(s);
    fill_packets(s, &tap, 10);
    member_run(s, 3 * US_PER_SEC, &tap);
    if (s->failed)
        return;
    story_expect(s, sim_settled(s, NULL), "one view, one vector within 3 s");
    story_expect(s, sim_events_all(s, UINT32_MAX, SWIM_FAIL) == 0, "no FAIL");
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        story_expect(s, sim_view(s, i).node.broad == 0, "no broad barrier");
}

static void path_1280(struct sim *s)
{
    struct short_path path = {.mtu_payload = 1280 - UDP_HEAD6, .told = true};
    short_of(s, &path);
    story_expect(s, path.lost == 0, "nothing is lost");
}

static void path_1000(struct sim *s)
{
    struct short_path path = {.mtu_payload = 1000 - UDP_HEAD4, .told = true};
    short_of(s, &path);
    story_expect(s, path.lost > 0 && path.lost <= 20, "some are refused, then no more");
}

static void path_1000_silent(struct sim *s)
{
    struct short_path path = {.mtu_payload = 1000 - UDP_HEAD4};
    short_of(s, &path);
    story_expect(s, path.lost > 0, "some are lost");
}

struct stories stories_member_paths(void)
{
    static const struct story STORIES[] = {
        {"tcp_alone", 5, 5, tcp_alone, "no datagrams of or to one node for 5 min: it stays ALIVE"},
        {"tcp_alone_heals", 5, 5, tcp_alone_heals,
         "no datagrams of or to one node: it hears invalidations through streams"},
        {"udp_alone", 6, 5, udp_alone,
         "no streams of or to one node: it stays, and hears of a new one"},
        {"udp_alone_joins", 5, 5, udp_alone_joins,
         "no streams of or to a node that starts: it joins"},
        {"path_1280", 4, 5, path_1280, "an MTU of 1,280 (IPv6) loses nothing"},
        {"path_1000", 4, 5, path_1000, "an MTU of 1,000 that is told: one vector in 3 s"},
        {"path_1000_silent", 4, 5, path_1000_silent, "an MTU of 1,000 that is not: the same"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
