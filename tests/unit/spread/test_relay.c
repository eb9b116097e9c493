/* The relay's side of two hops. */
#include <criterion/criterion.h>

#include "spread/group.h"

#include "rig.h"

#define MEMBERS 40
#define GROUPS  8
#define ORIGIN  777ULL /* an epoch */

static struct spread_cfg relay_cfg(void)
{
    struct spread_cfg cfg = small_cfg();
    cfg.links_max = 64;
    cfg.self_id = 99;
    return cfg;
}

static bool is_mine(uint64_t id)
{
    return spread_group_of(id, GROUPS) == spread_group_of(99, GROUPS);
}

/** Members of our group, rising. Returns: how many. */
static size_t group(uint64_t *ids)
{
    size_t n = 0;
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (is_mine(id))
            ids[n++] = id;
    }
    cr_assert_geq(n, (size_t)3);
    return n;
}

static struct rig start(const struct spread_cfg *cfg)
{
    struct rig r = make(cfg);
    link_up(&r, MEMBERS);
    return r;
}

static void relay(struct rig *r, mono_us now, uint64_t epoch, uint64_t seq)
{
    const struct dot d = {.epoch = epoch,
                          .seq = seq,
                          .kind = DOT_KEY,
                          .hash = epoch + seq,
                          .relay = true,
                          .name = {.known = true, .target = slice_text("key")}};
    spread_relay(r->s, now, 1000, &d);
}

static void ack_of(struct rig *r, mono_us now, uint64_t id, const struct cover *c)
{
    spread_cover_relayed(r->s, now, id, c);
}

struct got {
    uint32_t datagrams_n;
    uint32_t dots_n;
    uint32_t named_n;
    uint64_t to; /* of the last datagram */
    bool seen[2048];
};

static struct got take(struct rig *r, mono_us now)
{
    struct got got = {0};
    struct spread_out out;
    spread_tick(r->s, now);
    while (spread_poll(r->s, now, ROOM, &out)) {
        struct dots_reader reader = dots_reader_of(out.dots);
        struct dot d;
        got.datagrams_n++;
        got.to = out.to;
        cr_assert(is_mine(out.to));
        cr_assert_gt(out.dots.len, (size_t)0, "no bare heads");
        for (; dots_next(&reader, &d); got.dots_n++) {
            cr_assert_not(d.relay);
            cr_assert_eq(d.hash, d.epoch + d.seq);
            got.named_n += d.name.known;
            got.seen[d.seq] = true;
        }
        cr_assert_eq(dots_end(&reader), OK);
    }
    return got;
}

static void ack_group(struct rig *r, mono_us now, uint64_t but, const struct cover *c)
{
    uint64_t ids[MEMBERS];
    const size_t n = group(ids);
    for (size_t i = 0; i < n; i++) {
        if (ids[i] != but)
            ack_of(r, now, ids[i], c);
    }
}

Test(relay, passes_a_dot_on_to_its_group_with_its_name)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    uint64_t ids[MEMBERS];
    relay(&r, 0, ORIGIN, 7);
    cr_assert_eq(spread_deadline(r.s), 0);
    const struct got got = take(&r, 0);
    cr_assert_eq(got.datagrams_n, group(ids));
    cr_assert_eq(got.named_n, got.datagrams_n);
    cr_assert_eq(spread_counters(r.s).dots_relayed, 1);
    drop(&r);
}

Test(relay, passes_a_dot_on_once)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    relay(&r, 0, ORIGIN, 7);
    take(&r, 0);
    relay(&r, 5 * MS, ORIGIN, 7);
    cr_assert_eq(take(&r, 5 * MS).dots_n, 0);
    cr_assert_eq(spread_counters(r.s).dots_relayed, 1);
    drop(&r);
}

Test(relay, leaves_plain_dots_and_its_own_alone)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    struct dot d = {.epoch = ORIGIN, .seq = 1, .kind = DOT_ALL};
    spread_relay(r.s, 0, 1000, &d);
    d.relay = true;
    d.epoch = SELF;
    spread_relay(r.s, 0, 1000, &d);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(relay, sends_nothing_back_to_the_origin)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    uint64_t ids[MEMBERS];
    const size_t n = group(ids);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        const struct dot d = {
            .epoch = ORIGIN, .seq = seq, .kind = DOT_KEY, .hash = ORIGIN + seq, .relay = true};
        spread_relay(r.s, seq * 2 * MS, ids[0], &d);
        struct spread_out out;
        size_t told = 0;
        for (; spread_poll(r.s, seq * 2 * MS, ROOM, &out); told++)
            cr_assert_neq(out.to, ids[0]);
        cr_assert_eq(told, n - 1);
    }
    ack_group(&r, 20 * MS, ids[0], &(struct cover){.epoch = ORIGIN, .applied = 3});
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(relay, repeats_until_the_group_covers)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    uint64_t ids[MEMBERS];
    const struct cover c = {.epoch = ORIGIN, .applied = 5, .mask = 1}; /* 7, but not 6 */
    group(ids);
    relay(&r, 0, ORIGIN, 7);
    take(&r, 0);
    ack_group(&r, MS, ids[1], &c);
    struct got got = take(&r, 10 * MS);
    cr_assert_eq(got.datagrams_n, 1);
    cr_assert_eq(got.to, ids[1]);
    cr_assert_eq(got.named_n, 0);
    ack_of(&r, 10 * MS, ids[1], &(struct cover){.epoch = ORIGIN + 1, .applied = 9});
    cr_assert_eq(take(&r, 11 * MS).datagrams_n, 1, "the second copy");
    ack_of(&r, 11 * MS, ids[1], &c);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(relay, one_datagram_takes_dots_of_several_origins)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    uint64_t ids[MEMBERS];
    const size_t n = group(ids);
    relay(&r, 0, ORIGIN, 1);
    take(&r, 0);
    relay(&r, 100, ORIGIN + 5, 2);
    relay(&r, 200, ORIGIN + 6, 3);
    const struct got got = take(&r, MS);
    cr_assert_eq(got.datagrams_n, n);
    cr_assert_eq(got.dots_n, 3 * n, "and the one that nobody covered is repeated");
    cr_assert_eq(spread_counters(r.s).dots_trailing, n);
    drop(&r);
}

Test(relay, remembers_acknowledgements_far_out_of_order)
{
    struct spread_cfg cfg = relay_cfg();
    cfg.relay_max = 512;
    struct rig r = start(&cfg);
    relay(&r, 0, ORIGIN, 1);
    for (uint64_t seq = 1; seq <= 400; seq++)
        relay(&r, 0, ORIGIN + 1 + seq % 2, seq);
    take(&r, 0);
    ack_group(&r, MS, 0, &(struct cover){.epoch = ORIGIN + 1, .applied = 400});
    ack_group(&r, MS, 0, &(struct cover){.epoch = ORIGIN + 2, .applied = 400});
    const struct got got = take(&r, 10 * MS);
    cr_assert_eq(got.dots_n, got.datagrams_n, "the first dot alone is missing");
    cr_assert(got.seen[1]);
    ack_group(&r, 10 * MS, 0, &(struct cover){.epoch = ORIGIN, .applied = 1});
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(relay, drops_the_oldest_at_its_limit_and_counts_it)
{
    const struct spread_cfg cfg = relay_cfg(); /* 64 dots */
    struct rig r = start(&cfg);
    for (uint64_t seq = 1; seq <= 100; seq++)
        relay(&r, 0, ORIGIN, seq);
    cr_assert_eq(spread_counters(r.s).relay_dropped, 36);
    const struct got got = take(&r, 0);
    for (uint64_t seq = 1; seq <= 100; seq++)
        cr_assert_eq(got.seen[seq], seq > 36, "dot %lu", (unsigned long)seq);
    ack_group(&r, MS, 0, &(struct cover){.epoch = ORIGIN, .applied = 100});
    cr_assert_eq(spread_deadline(r.s), NEVER, "nothing waits for what was dropped");
    for (uint64_t seq = 101; seq <= 200; seq++) {
        relay(&r, seq * MS, ORIGIN, seq);
        take(&r, seq * MS);
        ack_group(&r, seq * MS, 0, &(struct cover){.epoch = ORIGIN, .applied = seq});
    }
    cr_assert_eq(spread_counters(r.s).relay_dropped, 36, "a ring of covered dots drops nothing");
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(relay, forgets_a_member_that_never_answers_and_serves_it_again_later)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    uint64_t ids[MEMBERS];
    group(ids);
    relay(&r, 0, ORIGIN, 1);
    mono_us now = 0;
    for (; now != NEVER; now = spread_deadline(r.s)) {
        take(&r, now);
        ack_group(&r, now, ids[0], &(struct cover){.epoch = ORIGIN, .applied = 1});
        cr_assert_lt(now, 200 * MS);
    }
    cr_assert_eq(spread_counters(r.s).relay_given_up, 1);
    cr_assert_eq(spread_counters(r.s).behinds, 0);
    relay(&r, 500 * MS, ORIGIN, 2);
    const struct got got = take(&r, 500 * MS);
    cr_assert_eq(got.dots_n, group(ids));
    cr_assert(got.seen[2] && !got.seen[1]);
    drop(&r);
}

Test(relay, follows_members_that_come_and_go)
{
    const struct spread_cfg cfg = relay_cfg();
    struct rig r = start(&cfg);
    uint64_t ids[MEMBERS];
    const size_t n = group(ids);
    relay(&r, 0, ORIGIN, 1);
    take(&r, 0);
    spread_link_down(r.s, ids[0]);
    ack_group(&r, MS, 0, &(struct cover){.epoch = ORIGIN, .applied = 1});
    cr_assert_eq(spread_deadline(r.s), NEVER);
    relay(&r, 20 * MS, ORIGIN, 2);
    cr_assert_eq(take(&r, 20 * MS).dots_n, n - 1);
    ack_group(&r, 21 * MS, 0, &(struct cover){.epoch = ORIGIN, .applied = 2});
    cr_assert_eq(spread_link_up(r.s, 30 * MS, ids[0], 0), OK);
    relay(&r, 40 * MS, ORIGIN, 3);
    const struct got got = take(&r, 40 * MS);
    cr_assert_eq(got.dots_n, n);
    cr_assert(!got.seen[1] && !got.seen[2]);
    drop(&r);
}

Test(relay, a_cluster_that_grows_is_grouped_anew)
{
    struct spread_cfg cfg = relay_cfg();
    cfg.links_max = 256;
    struct rig r = make(&cfg);
    struct spread_out out;
    link_up(&r, 160);
    relay(&r, 0, ORIGIN, 1);
    cr_assert_eq(spread_link_up(r.s, 0, 161, 0), OK);
    relay(&r, 0, ORIGIN, 2);
    size_t told = 0;
    size_t expected = 0;
    for (uint64_t id = 1; id <= 161; id++)
        expected += spread_group_of(id, 16) == spread_group_of(99, 16);
    for (; spread_poll(r.s, 0, ROOM, &out); told++)
        cr_assert_eq(spread_group_of(out.to, 16), spread_group_of(99, 16));
    cr_assert_eq(told, expected);
    drop(&r);
}
